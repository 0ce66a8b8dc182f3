#ifndef PENSTOCK_PLUGIN_OSS_CLIENT_OPTIONS_H_
#define PENSTOCK_PLUGIN_OSS_CLIENT_OPTIONS_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/http/http_loop.h"
#include "plugin/oss/endpoint.h"
#include "plugin/oss/signer.h"
#include "plugin/registry.h"

namespace penstock::oss {

// How the requests of a remote are made: where they go, on which way, and how many.
struct ClientOptions {
  Endpoint endpoint;
  SignatureVersion signature = SignatureVersion::kV4;
  std::shared_ptr<const HttpRoute> route;            // never null
  absl::Duration stall_timeout = absl::Seconds(30);  // of a request that moves no byte
  int max_requests = 128;                            // under way at a time

  // Those of the endpoint, signature, ca_file, proxy, proxy_credentials_file, stall_timeout,
  // max_requests.
  static std::vector<OptionInfo> Options();

  // Reads the files that `values` name. INVALID_ARGUMENT / BAD_REMOTE_OPTION says what to write
  // instead.
  static absl::StatusOr<ClientOptions> Create(const OptionValues& values);
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CLIENT_OPTIONS_H_
