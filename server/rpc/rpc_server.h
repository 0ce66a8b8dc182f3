#ifndef PENSTOCK_SERVER_RPC_RPC_SERVER_H_
#define PENSTOCK_SERVER_RPC_RPC_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "plugin/remote.h"
#include "server/objects/objects.h"
#include "server/session/maintenance.h"
#include "server/session/session_service.h"

namespace penstock {

struct RpcServerOptions {
  // "127.0.0.1:7070" (port 0: any), "[::1]:7070" or "unix:/path/of/socket".
  std::vector<std::string> listen;
  // Serve plaintext on addresses that other machines can reach. Without it they are refused.
  bool insecure = false;
  // gRPC's BDP probe. Off, a stream carries a message for each round trip, and what gRPC holds of
  // it is bounded; on, it carries what the line does, and nothing bounds that.
  bool bdp_probe = false;
};

// The gRPC side of the server: one grpc::Server per listener over one session layer, with the
// objects that are there, maintenance, health and reflection.
class RpcServer {
 public:
  // Listens on every address, or on none. INVALID_ARGUMENT for an address that is malformed or not
  // allowed; FAILED_PRECONDITION / ADDRESS_IN_USE when another server has it. Everything
  // given must outlive the server.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const RpcServerOptions& options,
                                                          SessionService& sessions,
                                                          Objects& objects,
                                                          Maintenance& maintenance,
                                                          const Remotes& remotes);

  virtual ~RpcServer() = default;

  // The addresses as clients can use them, ports filled in.
  virtual const std::vector<std::string>& addresses() const = 0;

  // Health answers NOT_SERVING from now on. Calls go on.
  virtual void SetNotServing() = 0;

  // Ends what is still under way after `grace`, and returns when nothing is.
  virtual void Shutdown(absl::Duration grace) = 0;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_RPC_SERVER_H_
