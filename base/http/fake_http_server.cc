#include "base/http/fake_http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/clock.h"

namespace penstock {
namespace {

constexpr size_t kReadSize = 64 * 1024;

// Empty: the connection has ended.
std::string Receive(int socket, size_t most) {
  std::string bytes(most, '\0');
  const ssize_t count = recv(socket, bytes.data(), bytes.size(), 0);
  bytes.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return bytes;
}

}  // namespace

FakeExchange::FakeExchange(int socket, int connection, const std::string& head, std::string rest)
    : socket_(socket), connection_(connection), rest_(std::move(rest)) {
  bool first = true;
  for (const absl::string_view line : absl::StrSplit(head, "\r\n", absl::SkipEmpty())) {
    if (std::exchange(first, false)) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      method_ = words.at(0);
      target_ = words.at(1);
      continue;
    }
    const size_t colon = line.find(':');
    headers_.emplace(absl::AsciiStrToLower(line.substr(0, colon)),
                     std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
  }
  if (uint64_t length = 0; absl::SimpleAtoi(Header("content-length"), &length)) {
    body_left_ = length;
  }
}

std::string FakeExchange::Header(const std::string& name) const {
  const auto it = headers_.find(name);
  return it == headers_.end() ? std::string() : it->second;
}

std::string FakeExchange::ReadSome(size_t most) {
  const size_t wanted = std::min(most, body_left_);
  std::string bytes = rest_.substr(0, wanted);
  rest_.erase(0, bytes.size());
  while (bytes.size() < wanted) {
    const std::string more = Receive(socket_, std::min(kReadSize, wanted - bytes.size()));
    if (more.empty()) {
      open_ = false;
      break;
    }
    bytes += more;
  }
  body_left_ -= bytes.size();
  return bytes;
}

std::string FakeExchange::ReadBody() { return ReadSome(body_left_); }

bool FakeExchange::Write(const std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) {
      open_ = false;
      return false;
    }
    sent += static_cast<size_t>(count);
  }
  return true;
}

bool FakeExchange::Reply(int status, const std::vector<std::string>& headers,
                         const std::string& body) {
  std::string head = absl::StrCat("HTTP/1.1 ", status, " Status\r\n");
  for (const std::string& header : headers) absl::StrAppend(&head, header, "\r\n");
  if (status != 204) absl::StrAppend(&head, "Content-Length: ", body.size(), "\r\n");
  return Write(absl::StrCat(head, "\r\n", method_ == "HEAD" ? "" : body));
}

absl::Duration FakeExchange::Drip(const std::string& bytes, absl::Duration pause,
                                  absl::Duration since) {
  absl::Duration longest;
  absl::Duration before = since;
  for (size_t i = 0; i < bytes.size() && open_; ++i) {
    Write(bytes.substr(i, 1));
    const absl::Duration now = SteadyNow();
    longest = std::max(longest, now - std::exchange(before, now));
    absl::SleepFor(pause);  // the drip itself is what is tested
  }
  return longest;
}

void FakeExchange::Reset() {
  const linger now = {1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  open_ = false;
}

void FakeExchange::WaitForClientToClose() {
  while (!Receive(socket_, kReadSize).empty()) {
  }
  open_ = false;
}

FakeHttpServer::FakeHttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || bind(listener_, generic, length) != 0 || listen(listener_, 128) != 0 ||
      getsockname(listener_, generic, &length) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

FakeHttpServer::~FakeHttpServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  std::vector<std::thread> threads;
  {
    MutexLock lock(&mutex_);
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

void FakeHttpServer::Accept() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int connection = ++connection_count_;
    MutexLock lock(&mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, connection] { Serve(socket, connection); });
  }
}

void FakeHttpServer::Serve(int socket, int connection) {
  constexpr char kEndOfHead[] = "\r\n\r\n";
  std::string bytes;
  bool open = true;
  while (open) {
    size_t end;
    while ((end = bytes.find(kEndOfHead)) == std::string::npos) {
      const std::string more = Receive(socket, kReadSize);
      if (more.empty()) break;
      bytes += more;
    }
    if (end == std::string::npos) break;
    FakeExchange exchange(socket, connection, bytes.substr(0, end), bytes.substr(end + 4));
    handler_(exchange);
    open = exchange.open();
    bytes = exchange.TakeRest();
  }
  MutexLock lock(&mutex_);
  sockets_.erase(std::find(sockets_.begin(), sockets_.end(), socket));
  close(socket);
}

}  // namespace penstock
