#include "plugin/oss/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "plugin/object_rules.h"
#include "plugin/oss/options.h"

namespace penstock::oss {
namespace {

bool HasOnly(const std::string& text, const char* more) {
  return std::all_of(text.begin(), text.end(), [more](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
           std::string(more).find(c) != std::string::npos;
  });
}

absl::Status CheckRegion(const std::string& region) {
  if (absl::StartsWith(region, "oss-")) {
    return OptionError("region", absl::StrCat("is the region's id without \"oss-\": write \"",
                                              region.substr(4), "\", not \"", region, "\""));
  }
  if (region.empty() || !HasOnly(region, "-")) {
    return OptionError("region", "must be a region's id such as cn-hangzhou");
  }
  return absl::OkStatus();
}

// Divides "host:port" or "[::1]:port"; false when it is neither.
bool SplitHost(const std::string& authority, std::string& host, std::string& port) {
  const bool bracketed = absl::StartsWith(authority, "[");
  const size_t end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && end == std::string::npos) return false;
  host = bracketed ? authority.substr(1, end - 1) : authority.substr(0, end);
  std::string rest = end == std::string::npos ? "" : authority.substr(end + (bracketed ? 1 : 0));
  if (rest.empty()) return true;
  port = rest.substr(1);
  int number = 0;
  return rest[0] == ':' && HasOnly(port, "") && absl::SimpleAtoi(port, &number) && number > 0 &&
         number < 65536;
}

bool IsAddress(const std::string& host) {
  in6_addr ignored;
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

std::string HostOf(const std::string& authority) {
  std::string host;
  std::string port;
  SplitHost(authority, host, port);
  return host;
}

}  // namespace

std::vector<OptionInfo> Endpoint::Options() {
  OptionInfo region;
  region.name = "region";
  region.help =
      "Id of the region that the buckets are in, without \"oss-\"; or of a cloud box, whose "
      "endpoint is required then.";
  region.examples = {"cn-hangzhou", "ap-southeast-1"};
  region.required = true;
  OptionInfo endpoint;
  endpoint.name = "endpoint";
  endpoint.help =
      "Where to send requests: a host, with https:// or http:// before it (https when neither "
      "stands there). Without it the region's public endpoint, oss-<region>.aliyuncs.com.";
  endpoint.examples = {"oss-cn-hangzhou-internal.aliyuncs.com", "https://objects.example.com"};
  OptionInfo addressing;
  addressing.name = "addressing";
  addressing.help =
      "How a bucket is named in a URL: virtual (before the host, all that OSS itself takes), path "
      "(after it), cname (the endpoint is a domain of the one bucket that `buckets` names), or "
      "auto: path when the endpoint is an IP address or localhost, else virtual.";
  addressing.default_value = "auto";
  addressing.examples = {"auto", "virtual", "path", "cname"};
  return {region, endpoint, addressing};
}

absl::StatusOr<Endpoint> Endpoint::Create(const OptionValues& values) {
  Endpoint result;
  result.scope_.region = ValueOf(values, "region");
  PENSTOCK_RETURN_IF_ERROR(CheckRegion(result.scope_.region));
  std::string endpoint = ValueOf(values, "endpoint");
  if (absl::StartsWith(result.scope_.region, "cb-")) {
    result.scope_.product = "oss-cloudbox";
    if (endpoint.empty()) return OptionError("endpoint", "is required for a cloud box");
  }
  if (endpoint.empty()) endpoint = absl::StrCat("oss-", result.scope_.region, ".aliyuncs.com");
  PENSTOCK_RETURN_IF_ERROR(result.ParseEndpoint(endpoint));
  PENSTOCK_RETURN_IF_ERROR(
      result.ParseAddressing(ValueOf(values, "addressing"), ValueOf(values, "buckets")));
  return result;
}

absl::Status Endpoint::ParseEndpoint(const std::string& endpoint) {
  std::string rest = absl::AsciiStrToLower(endpoint);
  if (const size_t end = rest.find("://"); end != std::string::npos) {
    scheme_ = rest.substr(0, end);
    rest = rest.substr(end + 3);
  }
  rest = std::string(absl::StripSuffix(rest, "/"));
  std::string host;
  std::string port;
  const bool good = (scheme_ == "https" || scheme_ == "http") && SplitHost(rest, host, port) &&
                    !host.empty() && HasOnly(host, ".-:") &&
                    (IsAddress(host) || host.find(':') == std::string::npos);
  if (!good) {
    return OptionError("endpoint",
                       "must be a host, with https:// or http:// before it and :port after it if "
                       "need be, and nothing else");
  }
  host_ = rest;
  return absl::OkStatus();
}

absl::Status Endpoint::ParseAddressing(const std::string& addressing, const std::string& buckets) {
  const std::string host = HostOf(host_);
  if (addressing.empty() || addressing == "auto") {
    const bool path = IsAddress(host) || host == "localhost";
    addressing_ = path ? Addressing::kPath : Addressing::kVirtualHost;
  } else if (addressing == "virtual") {
    addressing_ = Addressing::kVirtualHost;
    if (IsAddress(host)) return OptionError("addressing", "cannot be virtual with an IP address");
  } else if (addressing == "path") {
    addressing_ = Addressing::kPath;
  } else if (addressing == "cname") {
    addressing_ = Addressing::kCname;
    // Nothing in the URL tells the bucket: any other name would go to the same one, badly signed.
    if (!CheckBucketName(buckets).ok()) {
      return OptionError("buckets", "must name the one bucket of the endpoint with cname");
    }
  } else {
    return OptionError("addressing", "must be auto, virtual, path or cname");
  }
  return absl::OkStatus();
}

std::string Endpoint::Url(const std::string& bucket, const std::string& key,
                          const Query& query) const {
  std::string url = absl::StrCat(scheme_, "://");
  switch (addressing_) {
    case Addressing::kVirtualHost:
      absl::StrAppend(&url, bucket, ".", host_, "/");
      break;
    case Addressing::kPath:
      absl::StrAppend(&url, host_, "/", bucket, "/");
      break;
    case Addressing::kCname:
      absl::StrAppend(&url, host_, "/");
      break;
  }
  absl::StrAppend(&url, UriEncode(key, true));
  if (!query.empty()) absl::StrAppend(&url, "?", CanonicalQuery(query));
  return url;
}

}  // namespace penstock::oss
