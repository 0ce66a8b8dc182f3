#include "plugin/oss/host_url.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace penstock::oss {
namespace {

bool IsHostCharacter(char c) {
  return absl::ascii_islower(static_cast<unsigned char>(c)) ||
         absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == ':';
}

bool IsPort(const std::string& text) {
  int number = 0;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }) &&
         absl::SimpleAtoi(text, &number) && number > 0 && number < 65536;
}

// Divides "host:port" or "[::1]:port"; false when it is neither.
bool TakeHost(HostUrl& url) {
  const std::string& authority = url.authority;
  const bool bracketed = absl::StartsWith(authority, "[");
  const size_t end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && end == std::string::npos) return false;
  url.host = bracketed ? authority.substr(1, end - 1) : authority.substr(0, end);
  const std::string rest =
      end == std::string::npos ? "" : authority.substr(end + (bracketed ? 1 : 0));
  return rest.empty() || (rest[0] == ':' && IsPort(rest.substr(1)));
}

}  // namespace

bool IsIpAddress(const std::string& host) {
  in6_addr ignored;
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

std::optional<HostUrl> ParseHostUrl(const std::string& text, const std::string& default_scheme) {
  HostUrl url;
  url.scheme = default_scheme;
  std::string rest = absl::AsciiStrToLower(text);
  if (const size_t end = rest.find("://"); end != std::string::npos) {
    url.scheme = rest.substr(0, end);
    rest = rest.substr(end + 3);
  }
  url.authority = std::string(absl::StripSuffix(rest, "/"));
  const bool good = (url.scheme == "https" || url.scheme == "http") && TakeHost(url) &&
                    !url.host.empty() &&
                    std::all_of(url.host.begin(), url.host.end(), IsHostCharacter) &&
                    (IsIpAddress(url.host) || url.host.find(':') == std::string::npos);
  if (!good) return std::nullopt;
  return url;
}

}  // namespace penstock::oss
