#ifndef PENSTOCK_BASE_PAYLOAD_H_
#define PENSTOCK_BASE_PAYLOAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

// Bytes of a message where they arrived: views of memory that belongs to somebody else, who is kept
// alive until the bytes were taken. Copies share them; a payload that was moved from is empty.
class Payload {
 public:
  Payload() = default;
  // Bytes of its own.
  Payload(std::string bytes);  // NOLINT(google-explicit-constructor): any bytes are a payload
  Payload(const char* text) : Payload(std::string(text)) {}  // NOLINT(google-explicit-constructor)

  // `pieces` one after the other. They stay where they are as long as `owner` is held.
  Payload(std::vector<std::string_view> pieces, std::shared_ptr<const void> owner);

  Payload(const Payload&) = default;
  Payload& operator=(const Payload&) = default;
  Payload(Payload&& other) noexcept { *this = std::move(other); }
  Payload& operator=(Payload&& other) noexcept;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The first bytes, as many as lie contiguous; empty only when there are none.
  std::string_view Front() const;

  // Takes the first `count` (at most size()) bytes away. The owner is let go with the last.
  void RemovePrefix(size_t count);

  // CRC-32C of all bytes.
  uint32_t Crc32c() const;

  // A copy of all bytes. For tests and small payloads.
  std::string ToString() const;

 private:
  std::shared_ptr<const void> owner_;
  std::vector<std::string_view> pieces_;
  size_t next_ = 0;  // of pieces_: those before it were taken
  size_t size_ = 0;  // of the pieces from next_ on
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_PAYLOAD_H_
