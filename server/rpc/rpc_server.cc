#include "server/rpc/rpc_server.h"

#include <arpa/inet.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "grpc/health/v1/health.pb.h"
#include "server/rpc/maintenance_service.h"
#include "server/rpc/object_service.h"
#include "server/rpc/put_service.h"

namespace penstock {
namespace {

constexpr char kUnixPrefix[] = "unix:";
constexpr int kMaxMessageBytes = 4 * 1024 * 1024;
constexpr int kKeepaliveMs = 30'000;
constexpr int kMinClientPingMs = 5'000;

absl::Status AddressError(const std::string& reason, const std::string& address,
                          const std::string& problem) {
  const auto code = reason == "ADDRESS_IN_USE" ? absl::StatusCode::kFailedPrecondition
                                               : absl::StatusCode::kInvalidArgument;
  return MakeError(code, reason, absl::StrCat("listen address \"", address, "\": ", problem),
                   {{"address", address}});
}

struct HostPort {
  std::string host;
  int port = 0;
};

absl::StatusOr<HostPort> SplitHostPort(const std::string& address) {
  const size_t colon = address.rfind(':');
  HostPort result;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &result.port) ||
      result.port < 0 || result.port > 65535) {
    return AddressError("BAD_ADDRESS", address,
                        "expected HOST:PORT with a port from 0 to 65535, or unix:PATH");
  }
  result.host = address.substr(0, colon);
  return result;
}

bool IsLoopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr v4{};
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

// gRPC unlinks whatever socket it finds at the path, so a second server would silently take over
// from the first.
bool AnswersOnSocket(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return false;
  std::memcpy(name.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool answers = connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
  close(fd);
  return answers;
}

absl::Status CheckAddress(const std::string& address, bool insecure) {
  if (absl::StartsWith(address, kUnixPrefix)) {
    const std::string path = address.substr(std::strlen(kUnixPrefix));
    if (path.empty()) return AddressError("BAD_ADDRESS", address, "expected unix:PATH");
    if (AnswersOnSocket(path)) {
      return AddressError("ADDRESS_IN_USE", address, "another server answers there");
    }
    return absl::OkStatus();
  }
  absl::StatusOr<HostPort> parsed = SplitHostPort(address);
  if (!parsed.ok()) return parsed.status();
  if (!insecure && !IsLoopback(parsed->host)) {
    return AddressError("INSECURE_ADDRESS", address,
                        "other machines could reach it in plaintext; use a loopback address or a "
                        "unix socket, or set server.insecure = true");
  }
  return absl::OkStatus();
}

class RpcServerImpl final : public RpcServer {
 public:
  ~RpcServerImpl() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Listen(const std::string& address, const RpcServerOptions& options,
                      SessionService& sessions, Objects& objects, Maintenance& maintenance,
                      const Remotes& remotes) {
    PENSTOCK_RETURN_IF_ERROR(CheckAddress(address, options.insecure));
    grpc::ServerBuilder builder;
    int port = 0;
    // With SO_REUSEPORT two servers would share a port, and each would see some of the clients.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, options.bdp_probe ? 1 : 0);
    // A client that vanished without a word is noticed, and clients may do the same with us.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               kMinClientPingMs);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    Register(std::make_unique<PutService>(sessions, remotes), builder);
    Register(std::make_unique<ObjectService>(objects), builder);
    Register(std::make_unique<MaintenanceService>(maintenance), builder);
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    if (server == nullptr || port == 0) {
      return AddressError("ADDRESS_IN_USE", address, "cannot listen there; is another server up?");
    }
    addresses_.push_back(Bound(address, port));
    servers_.push_back(std::move(server));
    return absl::OkStatus();
  }

  const std::vector<std::string>& addresses() const override { return addresses_; }

  void SetNotServing() override {
    for (const auto& server : servers_) {
      server->GetHealthCheckService()->SetServingStatus(false);
    }
  }

  void Shutdown(absl::Duration grace) override {
    const auto deadline = absl::ToChronoTime(absl::Now() + grace);
    for (const auto& server : servers_) server->Shutdown(deadline);
    servers_.clear();
  }

 private:
  void Register(std::unique_ptr<grpc::Service> service, grpc::ServerBuilder& builder) {
    builder.RegisterService(service.get());
    services_.push_back(std::move(service));
  }

  static std::string Bound(const std::string& address, int port) {
    if (absl::StartsWith(address, kUnixPrefix)) {
      chmod(address.c_str() + std::strlen(kUnixPrefix), S_IRUSR | S_IWUSR);
      return address;
    }
    return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
  }

  std::vector<std::unique_ptr<grpc::Service>> services_;  // outlive the servers
  std::vector<std::unique_ptr<grpc::Server>> servers_;
  std::vector<std::string> addresses_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const RpcServerOptions& options,
                                                            SessionService& sessions,
                                                            Objects& objects,
                                                            Maintenance& maintenance,
                                                            const Remotes& remotes) {
  // Reflection can describe grpc.health.v1 only when its descriptor is linked: this use links it.
  grpc::health::v1::HealthCheckRequest::descriptor();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  auto server = std::make_unique<RpcServerImpl>();
  for (const std::string& address : options.listen) {
    PENSTOCK_RETURN_IF_ERROR(
        server->Listen(address, options, sessions, objects, maintenance, remotes));
  }
  return server;
}

}  // namespace penstock
