#include "emulator/test_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdlib>

#include "absl/time/clock.h"
#include "emulator/encoding.h"
#include "emulator/request.h"
#include "emulator/signature.h"
#include "emulator/socket_stream.h"

namespace penstock::emulator {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

TestReply ReadReply(int fd, bool head_method) {
  SocketStream stream(fd);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(uint64_t{1} << 32);
  parser.skip(head_method);
  beast::error_code error;
  http::read(stream, buffer, parser, error);
  TestReply reply;
  if (!parser.is_header_done()) return reply;
  const auto& message = parser.get();
  reply.status = message.result_int();
  for (const auto& field : message) {
    reply.headers[AsciiLower({field.name_string().data(), field.name_string().size()})] =
        std::string(field.value().data(), field.value().size());
  }
  reply.body = message.body();
  return reply;
}

std::string Target(const TestRequest& request) {
  std::string target = request.host.empty() ? "/" + request.bucket + "/" : "/";
  target += PercentEncode(request.key, true);
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    target += separator + PercentEncode(name, false);
    if (!value.empty()) target += "=" + PercentEncode(value, false);
    separator = '&';
  }
  return target;
}

// The Authorization header, and the headers that it signs.
std::map<std::string, std::string> SignedHeaders(const TestRequest& request) {
  Request canonical;
  canonical.method = request.method;
  canonical.bucket = request.bucket;
  canonical.key = request.key;
  canonical.query = request.query;
  canonical.headers = request.headers;
  const std::string date = BasicDate(absl::Now() + request.clock_offset);
  canonical.headers.emplace("x-oss-date", date);
  canonical.headers.emplace("x-oss-content-sha256", kUnsignedPayload);
  const Scope scope{date.substr(0, 8), request.region, "oss"};
  const std::string signature = Sign(SigningKey(request.secret, scope),
                                     StringToSign(date, scope, CanonicalRequest(canonical, {})));
  canonical.headers.emplace("authorization", std::string(kV4Algorithm) + " Credential=id/" +
                                                 scope.Text() + ",Signature=" + signature);
  return canonical.headers;
}

std::string Chunked(const std::string& body) {
  std::string text;
  constexpr size_t kChunk = 70000;
  for (size_t at = 0; at < body.size(); at += kChunk) {
    const std::string chunk = body.substr(at, kChunk);
    char size[20];
    std::snprintf(size, sizeof(size), "%zx\r\n", chunk.size());
    text += size + chunk + "\r\n";
  }
  return text + "0\r\n\r\n";
}

}  // namespace

std::string TestReply::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

std::string TestReply::Element(const std::string& name) const {
  const std::string open = "<" + name + ">";
  const size_t begin = body.find(open);
  if (begin == std::string::npos) return std::string();
  return body.substr(begin + open.size(),
                     body.find("</" + name + ">", begin) - begin - open.size());
}

TestClient::TestClient(const std::string& address)
    : host_(address.substr(address.rfind('/') + 1)) {}

int TestClient::Connect() const {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(host_.substr(host_.find(':') + 1))));
  inet_pton(AF_INET, host_.substr(0, host_.find(':')).c_str(), &address.sin_addr);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    std::abort();
  return fd;
}

std::string TestClient::Format(const TestRequest& request) const {
  std::string text = request.method + " " + Target(request) + " HTTP/1.1\r\n";
  text += "Host: " + (request.host.empty() ? host_ : request.host) + "\r\n";
  for (const auto& [name, value] : SignedHeaders(request)) text += name + ": " + value + "\r\n";
  if (request.chunked) {
    text += "Transfer-Encoding: chunked\r\n";
  } else if (request.send_length && (request.method == "PUT" || request.method == "POST")) {
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  text += "Connection: close\r\n\r\n";
  return text + (request.chunked
                     ? Chunked(request.body)
                     : request.body.substr(0, request.send_only.value_or(request.body.size())));
}

TestReply TestClient::Send(const TestRequest& request) const {
  return SendRaw(Format(request), request.method == "HEAD");
}

TestReply TestClient::SendRaw(const std::string& head_and_body, bool head_method) const {
  const int fd = Connect();
  SocketStream(fd).Write(head_and_body);
  ::shutdown(fd, SHUT_WR);
  TestReply reply = ReadReply(fd, head_method);
  ::close(fd);
  return reply;
}

nlohmann::json TestClient::Control(const std::string& method, const std::string& path,
                                   const nlohmann::json& body) const {
  const std::string content = body.is_null() ? "" : body.dump();
  const TestReply reply =
      SendRaw(method + " /-/emulator/" + path + " HTTP/1.1\r\nHost: " + host_ +
              "\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content);
  if (reply.status != 200) return {{"status", reply.status}, {"body", reply.body}};
  return nlohmann::json::parse(reply.body);
}

}  // namespace penstock::emulator
