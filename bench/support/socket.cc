#include "bench/support/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace penstock::bench {
namespace {

absl::StatusOr<sockaddr_in> Parse(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in name{};
  name.sin_family = AF_INET;
  int port = -1;
  const bool good = colon != std::string::npos &&
                    absl::SimpleAtoi(address.substr(colon + 1), &port) && port >= 0 &&
                    port <= 65535 &&
                    inet_pton(AF_INET, address.substr(0, colon).c_str(), &name.sin_addr) == 1;
  if (!good) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected an IPv4 address and a port, as 127.0.0.1:0, got \"", address, "\""));
  }
  name.sin_port = htons(static_cast<uint16_t>(port));
  return name;
}

absl::Status SystemError(const std::string& what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", strerror(errno)));
}

void SendAtOnce(const Descriptor& socket) {
  const int on = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<Descriptor> Listen(const std::string& address) {
  PENSTOCK_ASSIGN_OR_RETURN(const sockaddr_in name, Parse(address));
  Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
      listen(listener.get(), SOMAXCONN) != 0) {
    return SystemError(absl::StrCat("cannot listen on ", address));
  }
  return listener;
}

std::string AddressOf(const Descriptor& listener) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&name), &size);
  char host[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &name.sin_addr, host, sizeof host);
  return absl::StrCat(host, ":", ntohs(name.sin_port));
}

Descriptor Accept(const Descriptor& listener) {
  Descriptor socket(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.valid()) SendAtOnce(socket);
  return socket;
}

absl::StatusOr<Descriptor> Connect(const std::string& address) {
  PENSTOCK_ASSIGN_OR_RETURN(const sockaddr_in name, Parse(address));
  Descriptor connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return SystemError(absl::StrCat("cannot connect to ", address));
  }
  fcntl(connection.get(), F_SETFL, O_NONBLOCK);
  SendAtOnce(connection);
  return connection;
}

}  // namespace penstock::bench
