#ifndef PENSTOCK_BENCH_SUPPORT_CONTENT_H_
#define PENSTOCK_BENCH_SUPPORT_CONTENT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::bench {

// What the clients of bench/ send, at no cost: every piece of an object is a window of one block of
// pseudo-random bytes, and the CRC-64 of an object follows from those of its pieces. Neighbouring
// pieces differ, so that a piece in the wrong place shows. Thread-safe.
class Content {
 public:
  // Pieces have `piece_size` bytes, the last one of an object aside. REQUIRES: above 0.
  explicit Content(int64_t piece_size);

  int64_t piece_size() const { return piece_size_; }

  // The piece at `offset`, a multiple of the piece size, of an object of `size` bytes. Lives as
  // long as the content.
  std::string_view Piece(int64_t offset, int64_t size) const;

  // Up to `most` bytes from any offset on, as much as lies together. `offset` is below `size`.
  std::string_view At(int64_t offset, int64_t size, int64_t most) const;

  // The CRC-64 of an object of `size` bytes.
  uint64_t Crc64(int64_t size) const;

 private:
  const int64_t piece_size_;
  std::string block_;
  std::vector<uint64_t> crcs_;  // of the whole pieces, by the window they are
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SUPPORT_CONTENT_H_
