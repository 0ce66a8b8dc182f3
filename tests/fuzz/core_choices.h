#ifndef PENSTOCK_TESTS_FUZZ_CORE_CHOICES_H_
#define PENSTOCK_TESTS_FUZZ_CORE_CHOICES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace penstock::fuzz {

// The bytes of an input as decisions, from the first on; all of them 0 once it is used up.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : next_(data), end_(data + size) {}

  bool empty() const { return next_ == end_; }
  int Byte() { return empty() ? 0 : *next_++; }
  int Below(size_t limit) { return limit == 0 ? 0 : Byte() % static_cast<int>(limit); }

 private:
  const uint8_t* next_;
  const uint8_t* const end_;
};

// The bytes that an object has at `offset`, whoever sends them. Another `salt` is a client that
// sends something else than it did before.
inline std::string Content(int64_t offset, int64_t size, int salt = 0) {
  std::string bytes;
  for (int64_t i = offset; i < offset + size; ++i) {
    bytes += static_cast<char>('a' + (i + i / 23 + salt) % 23);
  }
  return bytes;
}

}  // namespace penstock::fuzz

#endif  // PENSTOCK_TESTS_FUZZ_CORE_CHOICES_H_
