#ifndef PENSTOCK_PLUGIN_OSS_ENDPOINT_H_
#define PENSTOCK_PLUGIN_OSS_ENDPOINT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plugin/oss/host_url.h"
#include "plugin/oss/signature.h"
#include "plugin/registry.h"

namespace penstock::oss {

// Where the requests of a remote go. Constant after construction.
class Endpoint {
 public:
  // region, endpoint, endpoint_type, addressing.
  static std::vector<OptionInfo> Options();

  // INVALID_ARGUMENT / BAD_REMOTE_OPTION says what to write instead.
  static absl::StatusOr<Endpoint> Create(const OptionValues& values);

  // The URL of a key, or with an empty one of the bucket.
  std::string Url(const std::string& bucket, const std::string& key, const Query& query) const;

  // The URL of the service, which no bucket's name is in. REQUIRES: reaches_service().
  std::string ServiceUrl(const Query& query) const;

  // False for a domain of one bucket: whatever is asked there is asked of that.
  bool reaches_service() const { return addressing_ != Addressing::kCname; }

  const SigningScope& scope() const { return scope_; }

  // Its host, with its port if any: for messages.
  const std::string& host() const { return server_.authority; }

 private:
  enum class Addressing { kVirtualHost, kPath, kCname };

  absl::Status ParseEndpoint(const std::string& endpoint);
  absl::Status ParseAddressing(const std::string& addressing, const std::string& buckets);

  SigningScope scope_;
  HostUrl server_;
  Addressing addressing_ = Addressing::kVirtualHost;
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_ENDPOINT_H_
