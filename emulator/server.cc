#include "emulator/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

constexpr int kBacklog = 1024;

absl::StatusOr<sockaddr_in> ParseAddress(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  const std::string host = listen.substr(0, colon);
  const auto port =
      colon == std::string::npos ? std::nullopt : ParseNumber(listen.substr(colon + 1), 65535);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const bool parsed = port && inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(),
                                        &address.sin_addr) == 1;
  // It answers without TLS, and its control endpoint without any signature.
  if (!parsed || ntohl(address.sin_addr.s_addr) >> 24 != 127) {
    return absl::InvalidArgumentError("expected a loopback address like 127.0.0.1:0, got '" +
                                      listen + "'");
  }
  address.sin_port = htons(static_cast<uint16_t>(*port));
  return address;
}

absl::Status SystemError(const std::string& what) {
  return absl::UnavailableError("cannot " + what + ": " + std::strerror(errno));
}

std::string AddressOf(int listener) {
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  char host[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &address.sin_addr, host, sizeof(host));
  return std::string("http://") + host + ":" + std::to_string(ntohs(address.sin_port));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const std::string& listen, Service& service,
                                                      ConnectionTimeouts timeouts) {
  const absl::StatusOr<sockaddr_in> address = ParseAddress(listen);
  if (!address.ok()) return address.status();
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return SystemError("make a socket");
  const int one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0 ||
      ::listen(listener, kBacklog) != 0) {
    const absl::Status status = SystemError("listen on " + listen);
    ::close(listener);
    return status;
  }
  return std::unique_ptr<Server>(new Server(listener, AddressOf(listener), service, timeouts));
}

Server::Server(int listener, std::string address, Service& service, ConnectionTimeouts timeouts)
    : listener_(listener),
      address_(std::move(address)),
      service_(service),
      timeouts_(timeouts),
      acceptor_([this] { Accept(); }) {}

Server::~Server() {
  if (acceptor_.joinable()) Stop();
}

void Server::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);  // wakes the acceptor
  service_.Stop();
  acceptor_.join();
  ::close(listener_);
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [&] { return connections_.empty(); });
}

void Server::Accept() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    if (fd < 0) continue;
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    connections_.insert(fd);
    std::thread([this, fd] { Serve(fd); }).detach();
  }
}

void Server::Serve(int fd) {
  ServeConnection(fd, service_, timeouts_);
  const std::lock_guard lock(mutex_);
  // Closed under the lock: Stop must not shut down a number that already means another socket.
  ::close(fd);
  connections_.erase(fd);
  // The last use of this object: Stop may destroy it once the lock is free.
  ended_.notify_all();
}

}  // namespace penstock::emulator
