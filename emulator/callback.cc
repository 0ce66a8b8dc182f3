#include "emulator/callback.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_split.h"
#include "emulator/encoding.h"
#include "emulator/socket_stream.h"

namespace penstock::emulator {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using nlohmann::json;

constexpr size_t kMaxParameterBytes = 5 << 10;
constexpr size_t kMaxUrls = 5;
constexpr uint64_t kMaxAnswerBytes = 3 << 20;
constexpr char kJsonType[] = "application/json";

struct Place {
  const char* header;
  const char* parameter;
};
constexpr Place kCallback = {"x-oss-callback", "callback"};
constexpr Place kVariables = {"x-oss-callback-var", "callback-var"};

OssError Invalid(const std::string& message, const Place& place) {
  return InvalidArgument("The callback is not valid: " + message, place.header, "");
}

// The JSON object of one parameter; null when it is absent.
Result<json> ReadParameter(const Request& request, const Place& place) {
  const std::string* header = request.Header(place.header);
  const std::string* parameter = request.Query(place.parameter);
  if (header != nullptr && parameter != nullptr) {
    return Invalid("it stands in the header and in the query.", place);
  }
  const std::string* text = header != nullptr ? header : parameter;
  if (text == nullptr) return json();
  if (text->size() > kMaxParameterBytes) return Invalid("it exceeds 5 KB.", place);
  const std::optional<std::string> decoded = Base64Decode(*text);
  if (!decoded) return Invalid("it is not base64.", place);
  json value = json::parse(*decoded, nullptr, false);
  if (!value.is_object()) return Invalid("it is not the base64 of a JSON object.", place);
  for (const auto& [name, member] : value.items()) {
    if (!member.is_string() && !member.is_boolean()) return Invalid(name + " is no text.", place);
  }
  return value;
}

Result<CallbackUrl> ParseUrl(const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  CallbackUrl url;
  const std::string rest = text.starts_with(kScheme) ? text.substr(kScheme.size()) : text;
  const size_t slash = rest.find('/');
  url.authority = rest.substr(0, slash);
  url.target = slash == std::string::npos ? "/" : rest.substr(slash);
  const size_t colon = url.authority.find(':');
  url.host = url.authority.substr(0, colon);
  if (url.host == "localhost") url.host = "127.0.0.1";
  in_addr address{};
  if (inet_pton(AF_INET, url.host.c_str(), &address) != 1 || ntohl(address.s_addr) >> 24 != 127) {
    return NotImplemented("a callback to another machine than this: " + text);
  }
  if (colon == std::string::npos) return url;
  const auto port = ParseNumber(url.authority.substr(colon + 1), 65535);
  if (!port) return Invalid("the port of callbackUrl is no number.", kCallback);
  url.port = static_cast<uint16_t>(*port);
  return url;
}

// Replaces each ${name} of `text` by what `value_of` says.
std::string Substitute(const std::string& text,
                       const std::function<std::string(const std::string&)>& value_of) {
  std::string out;
  size_t at = 0;
  while (true) {
    const size_t begin = text.find("${", at);
    const size_t end = begin == std::string::npos ? begin : text.find('}', begin);
    if (end == std::string::npos) return out + text.substr(at);
    out += text.substr(at, begin - at) + value_of(text.substr(begin + 2, end - begin - 2));
    at = end + 1;
  }
}

Failure CheckVariables(const std::string& body) {
  static const std::set<std::string> known = {"bucket", "object",   "etag",      "size",
                                              "crc64",  "mimeType", "contentMd5"};
  Failure failure;
  Substitute(body, [&](const std::string& name) {
    if (!name.starts_with("x:") && !known.contains(name)) {
      failure = NotImplemented("the callback variable " + name);
    }
    return std::string();
  });
  return failure;
}

std::string ValueOf(const std::string& name, const Callback& callback, const std::string& bucket,
                    const Object& object) {
  if (name.starts_with("x:")) {
    const auto found = callback.variables.find(name);
    return found == callback.variables.end() ? "" : found->second;
  }
  if (name == "bucket") return bucket;
  if (name == "object") return object.key;
  if (name == "etag") return object.etag;
  if (name == "size") return std::to_string(object.size);
  if (name == "crc64") return object.crc64 ? std::to_string(*object.crc64) : "";
  if (name == "contentMd5") return object.content_md5;
  const auto type = object.attributes.headers.find("content-type");  // mimeType
  return type == object.attributes.headers.end() ? "application/octet-stream" : type->second;
}

int Connect(const CallbackUrl& url) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(url.port);
  inet_pton(AF_INET, url.host.c_str(), &address.sin_addr);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

// The JSON that the application answers; otherwise why it is none.
struct Answer {
  std::string json;
  std::string error;
};

Answer ReadAnswer(SocketStream& stream) {
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxAnswerBytes);
  beast::error_code error;
  http::read(stream, buffer, parser, error);
  if (error) return {"", "The answer is broken: " + error.message()};
  if (parser.get().result_int() != 200) {
    return {"", "Error status : " + std::to_string(parser.get().result_int()) + "."};
  }
  if (json::parse(parser.get().body(), nullptr, false).is_discarded()) {
    return {"", "Response body is not valid json format."};
  }
  return {parser.get().body(), ""};
}

Answer Post(const Callback& callback, const CallbackUrl& url, const std::string& body) {
  const int fd = Connect(url);
  if (fd < 0) return {"", "Connect failed."};
  SocketStream stream(fd);
  stream.set_timeout(std::chrono::seconds(5));
  const std::string host = callback.host.empty() ? url.authority : callback.host;
  Answer answer{"", "Write failed."};
  if (stream.Write("POST " + url.target + " HTTP/1.1\r\nHost: " + host +
                   "\r\nUser-Agent: http-client/0.0.1\r\nContent-Type: " + callback.body_type +
                   "\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\nConnection: close\r\n\r\n" + body)) {
    answer = ReadAnswer(stream);
  }
  ::close(fd);
  return answer;
}

}  // namespace

Result<std::optional<Callback>> ReadCallback(const Request& request) {
  EMULATOR_ASSIGN_OR_RETURN(const json parameters, ReadParameter(request, kCallback));
  EMULATOR_ASSIGN_OR_RETURN(const json variables, ReadParameter(request, kVariables));
  if (parameters.is_null()) return std::optional<Callback>();
  const auto text = [&](const char* name) {
    const auto found = parameters.find(name);
    return found == parameters.end() || !found->is_string() ? "" : found->get<std::string>();
  };
  Callback callback;
  for (const auto url : absl::StrSplit(text("callbackUrl"), ';', absl::SkipEmpty())) {
    EMULATOR_ASSIGN_OR_RETURN(CallbackUrl parsed, ParseUrl(std::string(url)));
    callback.urls.push_back(std::move(parsed));
  }
  if (callback.urls.empty() || callback.urls.size() > kMaxUrls) {
    return Invalid("callbackUrl names 1 to 5 URLs.", kCallback);
  }
  callback.host = text("callbackHost");
  callback.body = text("callbackBody");
  if (callback.body.empty()) return Invalid("it has no callbackBody.", kCallback);
  if (!text("callbackBodyType").empty()) callback.body_type = text("callbackBodyType");
  if (callback.body_type != kJsonType && callback.body_type != Callback().body_type) {
    return Invalid("callbackBodyType is neither of a form nor of JSON.", kCallback);
  }
  EMULATOR_RETURN_IF_ERROR(CheckVariables(callback.body));
  for (const auto& [name, value] : variables.items()) {
    if (!name.starts_with("x:") || !value.is_string()) {
      return Invalid("names of variables begin with x:, and their values are texts.", kVariables);
    }
    callback.variables[name] = value;
  }
  return std::optional(std::move(callback));
}

std::string RenderCallback(const Callback& callback, const std::string& bucket,
                           const Object& object) {
  return Substitute(callback.body, [&](const std::string& name) -> std::string {
    const std::string value = ValueOf(name, callback, bucket, object);
    if (callback.body_type != kJsonType) return PercentEncode(value, false);
    if (name == "size") return value;
    return json(value).dump(-1, ' ', false, json::error_handler_t::replace);
  });
}

Result<Reply> AnswerCallback(const std::optional<Callback>& callback, const Call& call,
                             const Object& object, Reply reply) {
  if (!callback) return reply;
  const std::string body = RenderCallback(*callback, call.bucket.name(), object);
  std::string error;
  for (const CallbackUrl& url : callback->urls) {
    const Answer answer = Post(*callback, url, body);
    error = answer.error;
    if (!error.empty()) continue;
    std::erase_if(reply.headers, [](const auto& header) { return header.first == "Content-Type"; });
    reply.headers.emplace_back("Content-Type", kJsonType);
    reply.body = answer.json;
    return reply;
  }
  OssError failed{203, "CallbackFailed", error, kUnknownEc};
  failed.effect = reply.effect;
  return failed;
}

}  // namespace penstock::emulator
