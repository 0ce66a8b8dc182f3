#include "emulator/request.h"

#include <arpa/inet.h>

#include <algorithm>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

constexpr size_t kMaxKeyBytes = 1023;
constexpr std::string_view kDomain = ".aliyuncs.com";

// The host without its port and brackets, in lower case.
std::string HostName(const Request& request) {
  std::string host = AsciiLower(request.HeaderOr("host", ""));
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool IsIpLiteral(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address) == 1;
}

// The region that a service endpoint names; empty for one without (acceleration); nullopt when
// `host` is no endpoint of OSS.
std::optional<std::string> EndpointRegion(std::string_view host) {
  if (!host.ends_with(kDomain)) return std::nullopt;
  host.remove_suffix(kDomain.size());
  if (host == "oss-accelerate" || host == "oss-accelerate-overseas") return std::string();
  if (host.ends_with(".oss") && host.find('.') == host.size() - 4) {
    return std::string(host.substr(0, host.size() - 4));
  }
  if (!host.starts_with("oss-") || host.find('.') != std::string_view::npos) return std::nullopt;
  host.remove_prefix(4);
  constexpr std::string_view kInternal = "-internal";
  if (host.ends_with(kInternal)) host.remove_suffix(kInternal.size());
  return std::string(host);
}

OssError SecondLevelDomainForbidden() {
  return {403, "SecondLevelDomainForbidden",
          "The bucket you are attempting to access must be addressed using OSS third level domain.",
          kUnknownEc};
}

Failure CheckRegion(const RoutingTable& table, const std::string& named) {
  if (named.empty() || named == table.region) return std::nullopt;
  OssError error = AccessDenied(
      "The bucket you are attempting to access must be addressed using the specified endpoint. "
      "Please send all future requests to this endpoint.");
  error.elements = {{"Endpoint", "oss-" + table.region + std::string(kDomain)}};
  return error;
}

// /bucket/key, /bucket/ or /bucket.
void RouteByPath(const std::string& path, Request& request) {
  const size_t slash = path.find('/', 1);
  request.bucket = path.substr(1, slash == std::string::npos ? slash : slash - 1);
  request.key = slash == std::string::npos ? "" : path.substr(slash + 1);
}

Failure RouteByHost(const RoutingTable& table, const std::string& host, const std::string& path,
                    Request& request) {
  if (const auto cname = table.cnames.find(host); cname != table.cnames.end()) {
    request.bucket = cname->second;
    request.key = path.substr(1);
    return std::nullopt;
  }
  const size_t dot = host.find('.');
  if (dot == std::string::npos || EndpointRegion(host)) {
    if (path != "/") return SecondLevelDomainForbidden();
    return std::nullopt;  // an operation of the service
  }
  EMULATOR_RETURN_IF_ERROR(
      CheckRegion(table, EndpointRegion(host.substr(dot + 1)).value_or(table.region)));
  request.bucket = host.substr(0, dot);
  request.key = path.substr(1);
  return std::nullopt;
}

}  // namespace

const std::string* Request::Header(const std::string& lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? nullptr : &found->second;
}

const std::string* Request::Query(std::string_view name) const {
  const auto found = std::find_if(query.begin(), query.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  return found == query.end() ? nullptr : &found->second;
}

std::string Request::QueryOr(std::string_view name, const std::string& fallback) const {
  const std::string* value = Query(name);
  return value == nullptr ? fallback : *value;
}

std::string Request::HeaderOr(const std::string& lower_name, const std::string& fallback) const {
  const std::string* value = Header(lower_name);
  return value == nullptr ? fallback : *value;
}

Failure ParseTarget(Request& request) {
  std::string_view target = request.target;
  // The absolute form that a proxy's client sends.
  if (const size_t scheme = target.find("://");
      scheme != std::string_view::npos && target.substr(0, scheme) == "http") {
    const size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  const size_t mark = target.find('?');
  request.path = std::string(target.substr(0, mark));
  if (!request.path.starts_with('/')) {
    return InvalidArgument("The request target does not begin with /.", "target", request.target);
  }
  request.query.clear();
  std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    if (item.empty()) continue;
    const size_t equals = item.find('=');
    const auto name = PercentDecode(item.substr(0, equals), true);
    const auto value =
        PercentDecode(equals == std::string_view::npos ? "" : item.substr(equals + 1), true);
    if (!name || !value) {
      return InvalidArgument("The query holds a broken percent escape.", "query",
                             std::string(item));
    }
    request.query.emplace_back(*name, *value);
  }
  return std::nullopt;
}

Failure Route(const RoutingTable& table, Request& request) {
  const std::optional<std::string> path = PercentDecode(request.path, false);
  if (!path) {
    return InvalidArgument("The path holds a broken percent escape.", "path", request.path);
  }
  const std::string host = HostName(request);
  if (IsIpLiteral(host) || host == "localhost") {
    RouteByPath(*path, request);
  } else {
    EMULATOR_RETURN_IF_ERROR(RouteByHost(table, host, *path, request));
  }
  if (request.bucket.empty() && request.key.empty()) return std::nullopt;
  if (!IsValidBucketName(request.bucket)) return InvalidBucketName(request.bucket);
  return CheckKey(request.key);
}

Failure CheckKey(const std::string& key) {
  if (key.empty()) return std::nullopt;
  // XML cannot carry it, and what OSS does is not known.
  if (key.find('\0') != std::string::npos) return NotImplemented("a key with a NUL byte");
  if (key.size() > kMaxKeyBytes || key.front() == '/' || key.front() == '\\' || !IsValidUtf8(key)) {
    return InvalidObjectName(key);
  }
  return std::nullopt;
}

bool IsValidBucketName(std::string_view name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return name.size() >= 3 && name.size() <= 63 && alphanumeric(name.front()) &&
         alphanumeric(name.back()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return alphanumeric(c) || c == '-'; });
}

}  // namespace penstock::emulator
