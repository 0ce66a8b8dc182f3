#ifndef PENSTOCK_BASE_RANDOM_H_
#define PENSTOCK_BASE_RANDOM_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock {

// The source of unguessable bytes, so that tests and the simulation can seed it. Thread-safe.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual std::string Bytes(size_t count) = 0;
};

// OpenSSL's generator. Lives for ever.
RandomSource& SecureRandom();

// Lower-case hexadecimal digits of `bytes`.
std::string ToHex(std::string_view bytes);

}  // namespace penstock

#endif  // PENSTOCK_BASE_RANDOM_H_
