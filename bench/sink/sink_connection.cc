#include "bench/sink/sink_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/checksum.h"

namespace penstock::bench {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr size_t kMaxHeadBytes = 64 * 1024;
constexpr size_t kMaxTextBytes = 8 * 1024 * 1024;

// A head is copied out of what came: as much as a small object with its head, and no more.
constexpr size_t kHeadReadBytes = 32 * 1024;

// Of one connection before the others have their turn.
constexpr int kReadsInTurn = 4;

}  // namespace

bool SinkConnection::IsPut() const { return request_.method == "PUT" && request_.bucket != "-"; }

bool SinkConnection::OnInput(char* buffer, size_t size) {
  for (int i = 0; i < kReadsInTurn && wait_ == Wait::kInput; ++i) {
    const size_t room = in_body_ ? size : std::min(size, kHeadReadBytes);
    const ssize_t got = recv(fd(), buffer, room, 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0 || !Consume({buffer, static_cast<size_t>(got)})) return false;
    if (static_cast<size_t>(got) < room) break;
  }
  if (in_body_ && IsPut() && settings_.stall && wait_ == Wait::kInput) wait_ = Wait::kUnstall;
  return true;
}

bool SinkConnection::Consume(std::string_view data) {
  while (!data.empty() && !broken_) {
    if (wait_ != Wait::kInput) {
      early_.append(data);
      break;
    }
    data = in_body_ ? ConsumeBody(data) : ConsumeHead(data);
  }
  return !broken_;
}

std::string_view SinkConnection::ConsumeHead(std::string_view data) {
  const size_t before = head_.size();
  head_.append(data);
  const size_t end = head_.find(kHeadEnd, before < kHeadEnd.size() ? 0 : before - kHeadEnd.size());
  if (end == std::string::npos) {
    broken_ = head_.size() > kMaxHeadBytes;
    return {};
  }
  const size_t head_size = end + kHeadEnd.size();
  BeginRequest(std::string_view(head_).substr(0, head_size));
  head_.clear();
  return data.substr(head_size - before);
}

void SinkConnection::BeginRequest(std::string_view head) {
  std::optional<HttpHead> request = ParseHttpHead(head);
  if (!request.has_value()) {
    broken_ = true;
    return;
  }
  request_ = *std::move(request);
  body_ = SinkBody();
  in_body_ = true;
  if (request_.content_length == 0) {
    EndRequest();
  } else if (request_.expects_continue) {
    broken_ = send(fd(), kContinue.data(), kContinue.size(), 0) < 0;
  }
}

std::string_view SinkConnection::ConsumeBody(std::string_view data) {
  const std::string_view piece =
      data.substr(0, static_cast<size_t>(request_.content_length - body_.size));
  if (IsPut()) {
    body_.crc64 = ExtendCrc64(body_.crc64, piece);
  } else {
    body_.text.append(piece);
    broken_ = body_.text.size() > kMaxTextBytes;
  }
  body_.size += static_cast<int64_t>(piece.size());
  if (body_.size == request_.content_length) EndRequest();
  return data.substr(piece.size());
}

void SinkConnection::EndRequest() {
  in_body_ = false;
  reply_ = Serialize(store_.Handle(request_, body_), request_.method == "HEAD");
  const int64_t latency_ms = IsPut() ? settings_.latency_ms.load() : 0;
  if (latency_ms > 0) {
    wait_ = Wait::kTime;
    due_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(latency_ms);
  } else {
    broken_ = !SendReply();
  }
}

bool SinkConnection::SendReply() {
  const ssize_t sent = send(fd(), reply_.data(), reply_.size(), 0);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
  reply_.erase(0, static_cast<size_t>(std::max<ssize_t>(sent, 0)));
  wait_ = reply_.empty() ? Wait::kInput : Wait::kOutput;
  if (!reply_.empty()) return true;
  return request_.keep_alive;
}

bool SinkConnection::OnOutput() {
  if (!SendReply()) return false;
  return wait_ != Wait::kInput || Consume(std::exchange(early_, ""));
}

}  // namespace penstock::bench
