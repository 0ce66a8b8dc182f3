#include "plugin/oss/endpoint.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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

// The hosts that OSS has for a region, by the value of `endpoint_type`.
struct EndpointType {
  std::string_view name;
  const char* before;
  const char* after;
  bool of_region;
};
constexpr std::array kEndpointTypes = {
    EndpointType{"public", "oss-", ".aliyuncs.com", true},
    EndpointType{"internal", "oss-", "-internal.aliyuncs.com", true},
    EndpointType{"dual-stack", "", ".oss.aliyuncs.com", true},
    EndpointType{"accelerate", "oss-accelerate.aliyuncs.com", "", false},
    EndpointType{"accelerate-overseas", "oss-accelerate-overseas.aliyuncs.com", "", false},
};

// The host that OSS has for `region`. Its finance clouds and cloud boxes follow no rule.
absl::StatusOr<std::string> HostOfRegion(const std::string& region, const std::string& type) {
  if (absl::StartsWith(region, "cb-")) {
    return OptionError("endpoint", "is required for a cloud box: its data endpoint");
  }
  if (absl::StrContains(region, "-finance")) {
    return OptionError("endpoint",
                       "is required for a finance cloud: write the host that OSS's console shows");
  }
  for (const EndpointType& row : kEndpointTypes) {
    if (row.name != (type.empty() ? "public" : type)) continue;
    return absl::StrCat(row.before, row.of_region ? region : "", row.after);
  }
  return OptionError("endpoint_type",
                     "must be public, internal, dual-stack, accelerate or accelerate-overseas");
}

// What people write instead of an endpoint of OSS.
absl::Status CheckOssHost(const std::string& host) {
  const std::vector<std::string> labels = absl::StrSplit(host, '.');
  if (!absl::EndsWith(host, ".aliyuncs.com") || labels.size() != 4) return absl::OkStatus();
  if (!absl::StartsWith(labels[1], "oss-") || labels[1] == "oss-cloudbox") return absl::OkStatus();
  const std::string rest = host.substr(labels[0].size() + 1);
  if (labels[0] == "s3") {
    return OptionError("endpoint",
                       absl::StrCat("is OSS's for clients of S3: write \"", rest, "\""));
  }
  return OptionError("endpoint",
                     absl::StrCat("must not begin with the bucket's name: write \"", rest, "\""));
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
      "stands there). Without it what `endpoint_type` says of the region. Required for finance "
      "clouds and cloud boxes.";
  endpoint.examples = {"oss-cn-hangzhou-internal.aliyuncs.com", "https://objects.example.com"};
  OptionInfo type;
  type.name = "endpoint_type";
  type.help =
      "Which of the region's endpoints to use, without `endpoint`: public "
      "(oss-<region>.aliyuncs.com), internal (from within the region, free of traffic fees), "
      "dual-stack (IPv6 too, some regions), accelerate or accelerate-overseas (the bucket's "
      "transfer acceleration must be on). Default: public.";
  type.examples = {"public", "internal", "dual-stack", "accelerate", "accelerate-overseas"};
  OptionInfo addressing;
  addressing.name = "addressing";
  addressing.help =
      "How a bucket is named in a URL: virtual (before the host, all that OSS itself takes), path "
      "(after it), cname (the endpoint is a domain of the one bucket that `buckets` names), or "
      "auto: path when the endpoint is an IP address or localhost, else virtual.";
  addressing.default_value = "auto";
  addressing.examples = {"auto", "virtual", "path", "cname"};
  return {region, endpoint, type, addressing};
}

absl::StatusOr<Endpoint> Endpoint::Create(const OptionValues& values) {
  Endpoint result;
  result.scope_.region = ValueOf(values, "region");
  PENSTOCK_RETURN_IF_ERROR(CheckRegion(result.scope_.region));
  std::string endpoint = ValueOf(values, "endpoint");
  const std::string type = ValueOf(values, "endpoint_type");
  if (absl::StartsWith(result.scope_.region, "cb-")) result.scope_.product = "oss-cloudbox";
  if (endpoint.empty()) {
    PENSTOCK_ASSIGN_OR_RETURN(endpoint, HostOfRegion(result.scope_.region, type));
  } else if (!type.empty()) {
    return OptionError("endpoint_type", "has no meaning where `endpoint` is given: give one");
  }
  PENSTOCK_RETURN_IF_ERROR(result.ParseEndpoint(endpoint));
  PENSTOCK_RETURN_IF_ERROR(
      result.ParseAddressing(ValueOf(values, "addressing"), ValueOf(values, "buckets")));
  return result;
}

absl::Status Endpoint::ParseEndpoint(const std::string& endpoint) {
  std::optional<HostUrl> server = ParseHostUrl(endpoint, "https");
  if (!server.has_value()) {
    return OptionError("endpoint",
                       "must be a host, with https:// or http:// before it and :port after it if "
                       "need be, and nothing else");
  }
  server_ = *std::move(server);
  return absl::OkStatus();
}

absl::Status Endpoint::ParseAddressing(const std::string& addressing, const std::string& buckets) {
  const bool is_address = IsIpAddress(server_.host);
  if (addressing.empty() || addressing == "auto") {
    const bool path = is_address || server_.host == "localhost";
    addressing_ = path ? Addressing::kPath : Addressing::kVirtualHost;
  } else if (addressing == "virtual") {
    addressing_ = Addressing::kVirtualHost;
    if (is_address) return OptionError("addressing", "cannot be virtual with an IP address");
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
  return addressing_ == Addressing::kCname ? absl::OkStatus() : CheckOssHost(server_.host);
}

std::string Endpoint::Url(const std::string& bucket, const std::string& key,
                          const Query& query) const {
  std::string url = absl::StrCat(server_.scheme, "://");
  switch (addressing_) {
    case Addressing::kVirtualHost:
      absl::StrAppend(&url, bucket, ".", server_.authority, "/");
      break;
    case Addressing::kPath:
      absl::StrAppend(&url, server_.authority, "/", bucket, "/");
      break;
    case Addressing::kCname:
      absl::StrAppend(&url, server_.authority, "/");
      break;
  }
  absl::StrAppend(&url, UriEncode(key, true));
  if (!query.empty()) absl::StrAppend(&url, "?", CanonicalQuery(query));
  return url;
}

std::string Endpoint::ServiceUrl(const Query& query) const {
  const std::string url = absl::StrCat(server_.scheme, "://", server_.authority, "/");
  return query.empty() ? url : absl::StrCat(url, "?", CanonicalQuery(query));
}

}  // namespace penstock::oss
