#include "emulator/connection.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "emulator/control.h"
#include "emulator/encoding.h"
#include "emulator/socket_stream.h"
#include "emulator/stored_body.h"

namespace penstock::emulator {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Parser = http::request_parser<http::buffer_body>;

constexpr uint32_t kMaxHeaderBytes = 64 << 10;
// A body of which no more than this is left is read away to keep the connection.
constexpr int64_t kMaxDrainBytes = 1 << 20;
// A reply that goes out drop by drop is held in memory.
constexpr size_t kMaxDripBytes = 64 << 20;

// The body of the request whose header `parser` has just read.
class WireBody : public Body {
 public:
  WireBody(SocketStream& stream, beast::flat_buffer& buffer, Parser& parser)
      : stream_(stream), buffer_(buffer), parser_(parser), chunked_(parser.chunked()) {
    if (const auto length = parser.content_length()) length_ = static_cast<int64_t>(*length);
    left_ = length_.value_or(0);
    const auto expect = parser.get().find(http::field::expect);
    expects_continue_ =
        expect != parser.get().end() &&
        AsciiLower({expect->value().data(), expect->value().size()}) == "100-continue";
  }

  std::optional<int64_t> length() const override { return length_; }
  bool chunked() const override { return chunked_; }

  Result<size_t> Read(char* data, size_t size) override {
    if (done()) return size_t{0};
    if (expects_continue_) {
      expects_continue_ = false;
      if (!stream_.Write("HTTP/1.1 100 Continue\r\n\r\n")) return Broken(IncompleteBody());
    }
    return chunked_ ? ReadChunked(data, size) : ReadPlain(data, size);
  }

  bool done() const { return chunked_ ? parser_.is_done() : left_ == 0; }
  bool broken() const { return broken_; }

  // Whether the rest can be read away, so that another request may follow.
  bool CanDrain() const {
    if (done()) return true;
    return !broken_ && !expects_continue_ && !chunked_ && left_ <= kMaxDrainBytes;
  }
  void Drain() {
    std::string piece(64 << 10, '\0');
    while (!done()) {
      if (!Read(piece.data(), piece.size()).ok()) return;
    }
  }

 private:
  // Of a body with a length the bytes come straight from the socket, in large pieces.
  Result<size_t> ReadPlain(char* data, size_t size) {
    size = std::min(size, static_cast<size_t>(left_));
    if (buffer_.size() > 0) {
      size = std::min(size, buffer_.size());
      std::memcpy(data, buffer_.data().data(), size);
      buffer_.consume(size);
    } else {
      beast::error_code error;
      size = stream_.Read(data, size, error);
      if (error) return Broken(ErrorOf(error));
    }
    left_ -= static_cast<int64_t>(size);
    return size;
  }

  Result<size_t> ReadChunked(char* data, size_t size) {
    parser_.get().body().data = data;
    parser_.get().body().size = size;
    beast::error_code error;
    http::read(stream_, buffer_, parser_, error);
    if (error && error != http::error::need_buffer) return Broken(ErrorOf(error));
    return size - parser_.get().body().size;
  }

  static OssError ErrorOf(const beast::error_code& error) {
    return error == beast::error::timeout ? RequestTimeout() : IncompleteBody();
  }

  OssError Broken(OssError error) {
    broken_ = true;
    return error;
  }

  SocketStream& stream_;
  beast::flat_buffer& buffer_;
  Parser& parser_;
  const bool chunked_;
  std::optional<int64_t> length_;
  int64_t left_ = 0;  // of a body with a length
  bool expects_continue_ = false;
  bool broken_ = false;
};

Request MakeRequest(const Parser& parser) {
  const auto& message = parser.get();
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    const std::string name = AsciiLower({field.name_string().data(), field.name_string().size()});
    const std::string value(field.value().data(), field.value().size());
    auto [entry, added] = request.headers.emplace(name, value);
    if (!added) entry->second += "," + value;
  }
  return request;
}

std::string Head(const Reply& reply, bool keep_alive) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(reply.status));
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " " +
                     std::string(reason.data(), reason.size()) + "\r\n";
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  if (reply.status != 204 && reply.status != 304) {
    head += "Content-Length: " + std::to_string(reply.content_length()) + "\r\n";
  }
  return head + (keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

bool SendContent(SocketStream& stream, const Reply& reply) {
  int64_t skip = reply.offset;
  int64_t left = reply.size;
  for (const Piece& piece : reply.object->object.pieces) {
    if (left == 0) break;
    const int64_t size = std::min(left, piece.size - skip);
    if (size <= 0) {
      skip -= piece.size;
      continue;
    }
    const int file =
        ::open(reply.object->content->blobs->Path(piece.blob).c_str(), O_RDONLY | O_CLOEXEC);
    const bool sent = file >= 0 && stream.SendFile(file, skip, size);
    if (file >= 0) ::close(file);
    if (!sent) return false;
    skip = 0;
    left -= size;
  }
  return left == 0;
}

bool SendReply(SocketStream& stream, const Request& request, const Reply& reply, bool keep_alive) {
  const bool content = request.method != "HEAD";
  std::string head = Head(reply, keep_alive);
  if (content && reply.object == nullptr) head += reply.body;
  if (!stream.Write(head)) return false;
  return !content || reply.object == nullptr || SendContent(stream, reply);
}

// Sends it piece by piece, with pauses.
bool DripReply(SocketStream& stream, const Request& request, const Reply& reply, bool keep_alive,
               const FaultTable& faults, const Fault& fault) {
  std::string all = Head(reply, keep_alive);
  if (request.method != "HEAD" && reply.object == nullptr) all += reply.body;
  if (request.method != "HEAD" && reply.object != nullptr) {
    StoredBody content(*reply.object, reply.offset, reply.size);
    const Result<std::string> read = ReadAll(content, kMaxDripBytes);
    if (!read.ok()) return false;
    all += read.value();
  }
  const auto piece = static_cast<size_t>(fault.piece_bytes);
  for (size_t at = 0; at < all.size(); at += piece) {
    faults.Pause(fault);
    if (!stream.Write(std::string_view(all).substr(at, piece))) return false;
  }
  return true;
}

// Makes closing the socket send a reset instead of an orderly end.
void ArmReset(int fd) {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

// Ends our direction and reads on for a moment: closing with bytes unread would reset the
// connection and might destroy the reply on its way.
void LingeringClose(SocketStream& stream) {
  ::shutdown(stream.fd(), SHUT_WR);
  stream.set_timeout(std::chrono::seconds(1));
  std::string piece(64 << 10, '\0');
  beast::error_code error;
  for (int64_t read = 0; read < (64 << 20) && !error;) {
    read += static_cast<int64_t>(stream.Read(piece.data(), piece.size(), error));
  }
}

// Whether bytes came that are no HTTP request: not so when the connection just ended.
bool IsMalformed(const beast::error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

// Serves one request; false when the connection is to be closed.
bool ServeOne(SocketStream& stream, beast::flat_buffer& buffer, Service& service,
              ConnectionTimeouts timeouts) {
  Parser parser;
  parser.header_limit(kMaxHeaderBytes);
  // Not boost::none: Boost 1.74 takes that for a limit of nothing.
  parser.body_limit(std::numeric_limits<uint64_t>::max());
  beast::error_code error;
  stream.set_timeout(timeouts.idle);
  http::read_header(stream, buffer, parser, error);
  if (error) {
    if (IsMalformed(error)) {
      stream.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      LingeringClose(stream);
    }
    return false;
  }
  stream.set_timeout(timeouts.body);
  WireBody body(stream, buffer, parser);
  Request request = MakeRequest(parser);
  const Outcome outcome = IsControlRequest(request)
                              ? Outcome{Fate::kSend, HandleControl(service, request, body)}
                              : service.Serve(request, body);
  if (outcome.fate == Fate::kReset) ArmReset(stream.fd());
  if (outcome.fate != Fate::kSend) return false;
  const bool keep_alive = parser.keep_alive() && body.CanDrain();
  const bool sent = outcome.drip ? DripReply(stream, request, outcome.reply, keep_alive,
                                             service.faults(), *outcome.drip)
                                 : SendReply(stream, request, outcome.reply, keep_alive);
  if (!sent) return false;
  if (keep_alive) {
    body.Drain();
    return !body.broken();
  }
  if (!body.done()) LingeringClose(stream);
  return false;
}

}  // namespace

void ServeConnection(int fd, Service& service, ConnectionTimeouts timeouts) {
  SocketStream stream(fd);
  beast::flat_buffer buffer;
  while (ServeOne(stream, buffer, service, timeouts)) {
  }
}

}  // namespace penstock::emulator
