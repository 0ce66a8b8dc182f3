#include "plugin/oss/client_options.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "plugin/oss/host_url.h"
#include "plugin/oss/options.h"

namespace penstock::oss {
namespace {

constexpr char kSignature[] = "signature";
constexpr char kCaFile[] = "ca_file";
constexpr char kProxy[] = "proxy";
constexpr char kProxyCredentialsFile[] = "proxy_credentials_file";
constexpr char kStallTimeout[] = "stall_timeout";
constexpr char kMaxRequests[] = "max_requests";

constexpr int kMostRequests = 1000;
constexpr absl::Duration kShortestStall = absl::Milliseconds(100);
constexpr absl::Duration kLongestStall = absl::Hours(1);

absl::StatusOr<SignatureVersion> ParseSignature(const std::string& value) {
  if (value.empty() || value == "v4") return SignatureVersion::kV4;
  if (value == "v1") return SignatureVersion::kV1;
  return OptionError(kSignature, "must be v4 or v1");
}

absl::Status CheckCaFile(const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  PENSTOCK_ASSIGN_OR_RETURN(const std::string text, ReadFile(kCaFile, path));
  if (absl::StrContains(text, "-----BEGIN ")) return absl::OkStatus();
  return OptionError(kCaFile, absl::StrCat("names a file that holds no PEM certificate: ", path));
}

absl::Status ParseProxy(const std::string& value, HttpRoute& route) {
  if (value.empty()) return absl::OkStatus();
  const std::optional<HostUrl> proxy = ParseHostUrl(value, "http");
  if (!proxy.has_value()) {
    // Not shown: it may have the password in it that should stand in the file.
    return OptionError(kProxy,
                       "must be a host and port, with http:// or https:// before it if need be, "
                       "and nothing else: user and password go into proxy_credentials_file");
  }
  route.proxy = absl::StrCat(proxy->scheme, "://", proxy->authority);
  return absl::OkStatus();
}

absl::Status ReadProxyCredentials(const std::string& path, HttpRoute& route) {
  if (path.empty()) return absl::OkStatus();
  if (route.proxy.empty()) return OptionError(kProxyCredentialsFile, "is given without a proxy");
  PENSTOCK_ASSIGN_OR_RETURN(const std::string text, ReadFile(kProxyCredentialsFile, path));
  // What the file holds is a secret even when it is wrong.
  route.proxy_credentials = std::string(absl::StripAsciiWhitespace(text));
  const std::string& word = route.proxy_credentials;
  const bool good = std::all_of(word.begin(), word.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (good && word.find(':') != std::string::npos) return absl::OkStatus();
  return OptionError(
      kProxyCredentialsFile,
      absl::StrCat("names a file that must hold user:password and does not: ", path));
}

absl::StatusOr<std::shared_ptr<const HttpRoute>> ReadRoute(const OptionValues& values) {
  HttpRoute route;
  route.ca_file = ValueOf(values, kCaFile);
  PENSTOCK_RETURN_IF_ERROR(CheckCaFile(route.ca_file));
  PENSTOCK_RETURN_IF_ERROR(ParseProxy(ValueOf(values, kProxy), route));
  PENSTOCK_RETURN_IF_ERROR(ReadProxyCredentials(ValueOf(values, kProxyCredentialsFile), route));
  return std::make_shared<const HttpRoute>(std::move(route));
}

absl::Status ParseLimits(const OptionValues& values, ClientOptions& options) {
  const std::string stall = ValueOf(values, kStallTimeout);
  if (!stall.empty() &&
      (!absl::ParseDuration(stall, &options.stall_timeout) ||
       options.stall_timeout < kShortestStall || options.stall_timeout > kLongestStall)) {
    return OptionError(kStallTimeout, "must be a time from 100ms to 1h, such as 30s");
  }
  const std::string requests = ValueOf(values, kMaxRequests);
  if (!requests.empty() && (!absl::SimpleAtoi(requests, &options.max_requests) ||
                            options.max_requests < 1 || options.max_requests > kMostRequests)) {
    return OptionError(kMaxRequests, absl::StrCat("must be a number from 1 to ", kMostRequests));
  }
  return absl::OkStatus();
}

std::vector<OptionInfo> RouteOptions() {
  OptionInfo ca_file;
  ca_file.name = kCaFile;
  ca_file.help =
      "File of PEM certificates to trust for this remote (and its proxy) instead of the system's.";
  ca_file.examples = {"/etc/penstock/ca.pem"};
  OptionInfo proxy;
  proxy.name = kProxy;
  proxy.help =
      "HTTP proxy for this remote, http:// or https:// (http when neither stands there). No proxy "
      "is ever taken from the environment.";
  proxy.examples = {"http://proxy.example.com:3128"};
  OptionInfo credentials;
  credentials.name = kProxyCredentialsFile;
  credentials.help = "File that holds user:password for the proxy. Read at the start.";
  credentials.examples = {"/run/secrets/proxy"};
  credentials.secret = true;
  return {ca_file, proxy, credentials};
}

}  // namespace

std::vector<OptionInfo> ClientOptions::Options() {
  std::vector<OptionInfo> options = Endpoint::Options();
  OptionInfo signature;
  signature.name = kSignature;
  signature.help =
      "How requests are signed: v4, or v1 for an endpoint that knows no V4 (what `region` says "
      "matters only to the endpoint's name then).";
  signature.default_value = "v4";
  signature.examples = {"v4", "v1"};
  OptionInfo stall;
  stall.name = kStallTimeout;
  stall.help =
      "A request that moves no byte for so long is dropped and, where that does no harm, sent "
      "again. There is no limit to a request that moves.";
  stall.default_value = "30s";
  OptionInfo requests;
  requests.name = kMaxRequests;
  requests.help =
      "How many requests of this remote may be under way at a time. Fewer are while OSS throttles.";
  requests.default_value = "128";
  options.push_back(signature);
  for (OptionInfo& option : RouteOptions()) options.push_back(std::move(option));
  options.insert(options.end(), {stall, requests});
  return options;
}

absl::StatusOr<ClientOptions> ClientOptions::Create(const OptionValues& values) {
  ClientOptions options;
  PENSTOCK_ASSIGN_OR_RETURN(options.endpoint, Endpoint::Create(values));
  PENSTOCK_ASSIGN_OR_RETURN(options.signature, ParseSignature(ValueOf(values, kSignature)));
  PENSTOCK_ASSIGN_OR_RETURN(options.route, ReadRoute(values));
  PENSTOCK_RETURN_IF_ERROR(ParseLimits(values, options));
  return options;
}

}  // namespace penstock::oss
