#include "base/random.h"

#include <openssl/rand.h>

#include <cstdlib>

#include "absl/strings/escaping.h"

namespace penstock {
namespace {

class OpenSslRandom final : public RandomSource {
 public:
  std::string Bytes(size_t count) override {
    std::string bytes(count, '\0');
    // Without entropy neither tokens nor marks are unique: there is no way on.
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
      std::abort();
    }
    return bytes;
  }
};

}  // namespace

RandomSource& SecureRandom() {
  static OpenSslRandom* const random = new OpenSslRandom;
  return *random;
}

std::string ToHex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

}  // namespace penstock
