#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_H_

#include <memory>
#include <string>

namespace penstock::oss {

// What signs a request. Secret, but for the id. Where they come from: credentials/.
struct Credentials {
  std::string access_key_id;
  std::string access_key_secret;
  std::string security_token;  // empty: not temporary

  bool operator==(const Credentials&) const = default;
};

// Shared by the requests that were signed with them. Never null where it is said to be valid.
using CredentialsPtr = std::shared_ptr<const Credentials>;

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_H_
