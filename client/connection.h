#ifndef PENSTOCK_CLIENT_CONNECTION_H_
#define PENSTOCK_CLIENT_CONNECTION_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "penstock/v1/put.grpc.pb.h"

namespace penstock {

// A channel to a server at "127.0.0.1:7070", "[::1]:7070" or "unix:/path/of/socket", in plaintext:
// without a proxy, with keepalive (a server that vanished is noticed after 30 s), and reconnecting
// within seconds once the server is back.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address);

// The outcome of a call with the server's reason, metadata and retry delay (base/error.h).
absl::Status ToStatus(const grpc::Status& status, const grpc::ClientContext& context);

// Whether an error came from the way to the server and not from a Penstock server itself, which
// names a reason with every error.
bool IsTransportError(const absl::Status& status);

// One or more servers of one cluster, tried in turn. Not thread-safe but for the stubs.
class Connection {
 public:
  // REQUIRES: not empty.
  explicit Connection(const std::vector<std::string>& addresses);
  explicit Connection(const std::shared_ptr<grpc::ChannelInterface>& channel);

  v1::PutService::Stub& stub() { return *stubs_[current_]; }
  const std::string& address() const { return addresses_[current_]; }
  void UseNext() { current_ = (current_ + 1) % stubs_.size(); }

  // Calls one method of the service within `timeout`, on the next server when one cannot be
  // reached.
  absl::Status Call(
      const std::function<grpc::Status(v1::PutService::Stub&, grpc::ClientContext&)>& call,
      absl::Duration timeout = absl::Seconds(30));

 private:
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<v1::PutService::Stub>> stubs_;
  size_t current_ = 0;
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_CONNECTION_H_
