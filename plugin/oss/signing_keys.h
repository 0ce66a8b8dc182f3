#ifndef PENSTOCK_PLUGIN_OSS_SIGNING_KEYS_H_
#define PENSTOCK_PLUGIN_OSS_SIGNING_KEYS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "plugin/oss/signature.h"

namespace penstock::oss {

// Signing keys of V4 (see SigningKey), each computed once for its secret, day, region and product
// and kept while it is in use. Thread-safe.
class SigningKeys {
 public:
  // `date` as "20231216".
  std::string Get(const std::string& secret, const std::string& date, const SigningScope& scope);

  // How many keys were computed.
  int64_t computed_count() const;

 private:
  struct Entry {
    std::string secret;
    std::string date;
    std::string region;
    std::string product;
    std::string key;
  };

  mutable Mutex mutex_;                                 // guards what follows
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // the last used one first
  int64_t computed_count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_SIGNING_KEYS_H_
