#ifndef PENSTOCK_PLUGIN_OSS_HOST_URL_H_
#define PENSTOCK_PLUGIN_OSS_HOST_URL_H_

#include <optional>
#include <string>

namespace penstock::oss {

// "https://host:8080", divided.
struct HostUrl {
  std::string scheme;     // http or https
  std::string authority;  // "host:8080"
  std::string host;       // "host"; an IPv6 address without its brackets
};

// Reads a host with http:// or https:// before it (else `default_scheme`), perhaps a port after it
// and a slash at the end. In lower case. nullopt when it is anything else or has more, such as a
// user or a path.
std::optional<HostUrl> ParseHostUrl(const std::string& text, const std::string& default_scheme);

// True for an IPv4 or IPv6 address.
bool IsIpAddress(const std::string& host);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_HOST_URL_H_
