#ifndef PENSTOCK_CLIENT_CONNECTION_H_
#define PENSTOCK_CLIENT_CONNECTION_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/notification.h"
#include "penstock/v1/maintenance.grpc.pb.h"
#include "penstock/v1/object.grpc.pb.h"
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

// Whether the same can succeed later: the server says so, or the way to it failed.
bool CanTryAgain(const absl::Status& status);

// One or more servers of one cluster, tried in turn. Not thread-safe but for the stubs.
//
// The calls made here may all be repeated (put.proto, object.proto, maintenance.proto), and are:
// while the server asks for it, or the way to one that has answered before fails, for half a minute
// of pauses. A server that never answered may not exist, and is not waited for.
class Connection {
 public:
  // REQUIRES: not empty.
  explicit Connection(const std::vector<std::string>& addresses);
  explicit Connection(const std::shared_ptr<grpc::ChannelInterface>& channel);

  v1::PutService::Stub& stub() { return *servers_[current_].put; }
  v1::ObjectService::Stub& objects() { return *servers_[current_].objects; }
  const std::string& address() const { return servers_[current_].address; }

  // Once `stop` is notified no call is repeated: CANCELLED / CANCELLED instead. It must outlive
  // this.
  void StopOn(const Notification& stop) { stop_ = &stop; }

  void UseNext() { current_ = (current_ + 1) % servers_.size(); }

  // Calls one method of the service within `timeout`, on the next server when one cannot be
  // reached.
  absl::Status Call(
      const std::function<grpc::Status(v1::PutService::Stub&, grpc::ClientContext&)>& call,
      absl::Duration timeout = absl::Seconds(30));

  // Likewise, a method of the object service.
  absl::Status CallObjects(
      const std::function<grpc::Status(v1::ObjectService::Stub&, grpc::ClientContext&)>& call,
      absl::Duration timeout = absl::Seconds(30));

  // Likewise, a method of the maintenance service that streams its answers to `take`. Not on
  // another server once an answer came: UNAVAILABLE / CONNECTION_LOST then.
  template <typename Request, typename Response>
  absl::Status ReadAll(std::unique_ptr<grpc::ClientReader<Response>> (
                           v1::MaintenanceService::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&),
                       const Request& request, const std::function<void(const Response&)>& take,
                       absl::Duration timeout);

 private:
  struct Server {
    std::string address;
    std::unique_ptr<v1::PutService::Stub> put;
    std::unique_ptr<v1::MaintenanceService::Stub> maintenance;
    std::unique_ptr<v1::ObjectService::Stub> objects;
  };

  void Add(const std::string& address, const std::shared_ptr<grpc::ChannelInterface>& channel);
  absl::Status Try(const std::function<grpc::Status(Server&, grpc::ClientContext&)>& call,
                   absl::Duration timeout);
  bool Pause(absl::Duration pause) const;
  absl::Status TryEachServer(const std::function<grpc::Status(Server&, grpc::ClientContext&)>& call,
                             absl::Duration timeout);

  std::vector<Server> servers_;
  size_t current_ = 0;
  bool answered_ = false;  // one of them, to any call
  const Notification* stop_ = nullptr;
};

// What becomes of an error after a part of the answers came: nobody should take it for one that
// changed nothing.
absl::Status AfterAnswers(const absl::Status& status);

template <typename Request, typename Response>
absl::Status Connection::ReadAll(std::unique_ptr<grpc::ClientReader<Response>> (
                                     v1::MaintenanceService::Stub::*method)(grpc::ClientContext*,
                                                                            const Request&),
                                 const Request& request,
                                 const std::function<void(const Response&)>& take,
                                 absl::Duration timeout) {
  bool taken = false;
  absl::Status status;
  const absl::Status last = Try(
      [&](Server& server, grpc::ClientContext& context) {
        const auto reader = (server.maintenance.get()->*method)(&context, request);
        Response response;
        while (reader->Read(&response)) {
          taken = true;
          take(response);
        }
        const grpc::Status end = reader->Finish();
        if (!taken || end.ok()) return end;
        status = AfterAnswers(ToStatus(end, context));
        return grpc::Status::OK;  // there is nothing to try again
      },
      timeout);
  return status.ok() ? last : status;
}

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_CONNECTION_H_
