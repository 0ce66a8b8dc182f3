#include "plugin/oss/remedy.h"

#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/error.h"

namespace penstock::oss {
namespace {

struct RemedyRow {
  std::string_view what;
  std::string_view remedy;
};

// By OSS's EC, where a code alone is too coarse.
constexpr RemedyRow kOfEc[] = {
    {kScopeOfQueryEc,
     "set the remote's region to the id of the bucket's region, such as cn-hangzhou"},
    {kScopeOfHeaderEc,
     "set the remote's region to the id of the bucket's region, such as cn-hangzhou"},
};

constexpr RemedyRow kOfCode[] = {
    {"SignatureDoesNotMatch",
     "check the access key's secret and the remote's region; an endpoint that knows no V4 needs "
     "signature = v1"},
    {"InvalidAccessKeyId", "check the access key's id"},
    {"SecurityTokenExpired", "renew the remote's security token"},
    {"InvalidSecurityToken", "renew the remote's security token"},
    {"AccessKeyIdAndSecurityTokenNotMatch",
     "renew the remote's access key and security token together"},
    {"RequestTimeTooSkewed",
     "set this machine's clock, for instance by NTP: OSS refuses what was signed more than 15 "
     "minutes off"},
    {"SecondLevelDomainForbidden",
     "OSS takes a bucket before the endpoint's host only: set the remote's addressing = virtual, "
     "or "
     "cname with a domain of the bucket"},
    {"NonStandardHostForbidden",
     "no bucket has this domain: bind it to the bucket in OSS's console, or set the remote's "
     "endpoint to a host of OSS and addressing = virtual"},
    {"TransferAccelerationDisabled",
     "switch transfer acceleration on for the bucket, or set the remote's endpoint_type = public"},
    {"PermanentRedirect", "set the remote's region and endpoint to those of the bucket"},
    {"NoSuchBucket",
     "check the bucket's name, and that the remote's endpoint is the one it can be reached at"},
    {"UserDisable", "OSS is disabled for the account: look for unpaid bills in the console"},
    {"InvalidObjectState",
     "the object is archived: restore it first, in OSS's console or by ossutil"},
    {"KmsServiceNotEnabled", "switch KMS on for the account, or use another encryption"},
};

// By the reason of HttpLoop.
constexpr RemedyRow kOfReason[] = {
    {"HTTP_CERTIFICATE",
     "set the remote's ca_file to the certificate of who signed the server's, and its endpoint to "
     "a host that the certificate names"},
    {"HTTP_TLS", "where the server speaks no TLS, write http:// before the remote's endpoint"},
    {"HTTP_UNRESOLVED",
     "check the remote's region, endpoint and endpoint_type: there may be no such host, or this "
     "machine may have no name service"},
    {"HTTP_PROXY", "check the remote's proxy and proxy_credentials_file"},
};

template <size_t kSize>
std::string_view Find(const RemedyRow (&rows)[kSize], const std::string& what) {
  for (const RemedyRow& row : rows) {
    if (row.what == what) return row.remedy;
  }
  return "";
}

// "cn-beijing" of "oss-cn-beijing.aliyuncs.com"; empty when the host is no region's.
std::string RegionOf(const std::string& host) {
  constexpr std::string_view kBefore = "oss-";
  constexpr std::string_view kAfter = ".aliyuncs.com";
  if (!absl::StartsWith(host, "oss-") || !absl::EndsWith(host, ".aliyuncs.com")) return "";
  const std::string region =
      host.substr(kBefore.size(), host.size() - kBefore.size() - kAfter.size());
  if (absl::StrContains(region, "accelerate")) return "";
  return std::string(absl::StripSuffix(region, "-internal"));
}

// What there is to say of a denial that names no cause.
constexpr char kOfDenial[] =
    "check the permissions of the remote's access key, its endpoint and region";

}  // namespace

std::string RemedyFor(const OssError& error) {
  if (!error.endpoint.empty()) {
    const std::string region = RegionOf(error.endpoint);
    return absl::StrCat("the bucket is elsewhere: set the remote's endpoint = ", error.endpoint,
                        region.empty() ? "" : absl::StrCat(" and region = ", region));
  }
  std::string_view remedy = Find(kOfEc, error.ec);
  if (remedy.empty()) remedy = Find(kOfCode, error.code);
  if (!remedy.empty()) return std::string(remedy);
  if (error.http_status == 407) return std::string(Find(kOfReason, "HTTP_PROXY"));
  if (error.http_status == 401 ||
      (error.http_status == 403 && error.code != "InvalidObjectState")) {
    return kOfDenial;
  }
  return "";
}

std::string RemedyFor(const absl::Status& no_answer) {
  return std::string(Find(kOfReason, ErrorReason(no_answer)));
}

absl::Status WithPermission(const absl::Status& error, const std::string& permission) {
  ErrorMetadata metadata = ErrorMetadataOf(error);
  if (metadata[kRemedyField] != kOfDenial || metadata["oss_code"] != "AccessDenied") return error;
  const std::string remedy =
      absl::StrCat("grant ", permission, " to the access key's RAM user or role");
  metadata[kRemedyField] = remedy;
  return MakeError(error.code(), ErrorReason(error),
                   absl::StrCat(std::string(error.message()), "; ", remedy), metadata,
                   RetryDelay(error));
}

}  // namespace penstock::oss
