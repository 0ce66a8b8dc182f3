#include "plugin/oss/explain.h"

#include <array>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "plugin/backend.h"
#include "plugin/oss/errors.h"

namespace penstock::oss {
namespace {

struct CodeRow {
  std::string_view code;
  Blame blame;
  const char* remedy;
};

// Codes that blame the same thing whatever was asked for.
constexpr std::array kCodes = {
    CodeRow{"RequestTimeTooSkewed", Blame::kClock,
            "Set this machine's clock, for instance by NTP: OSS refuses what was signed more than "
            "15 minutes off."},
    CodeRow{"InvalidAccessKeyId", Blame::kCredentials,
            "Check the access key's id: that it exists, is active, and belongs to the account of "
            "the bucket or to one that may use it. One of temporary credentials needs its token."},
    CodeRow{"SignatureDoesNotMatch", Blame::kCredentials,
            "Check that the access key's secret is that of its id, without a space or line too "
            "many, and that nothing on the way changes the request."},
    CodeRow{"SecurityTokenExpired", Blame::kCredentials,
            "Renew the temporary credentials: their token has expired."},
    CodeRow{"InvalidSecurityToken", Blame::kCredentials,
            "Check the temporary credentials: the token is not one that OSS issued."},
    CodeRow{"AccessKeyIdAndSecurityTokenNotMatch", Blame::kCredentials,
            "Check the temporary credentials: id, secret and token must be of one issue."},
    CodeRow{"UserDisable", Blame::kCredentials,
            "The account is disabled, or owes payment: settle that with Alibaba Cloud."},
    CodeRow{"SecondLevelDomainForbidden", Blame::kEndpoint,
            "Set the remote's `addressing` to virtual, or to cname with a domain of the bucket's "
            "own: OSS takes no path style."},
    CodeRow{"PermanentRedirect", Blame::kRegion,
            "Set the remote's `region` (and `endpoint`, if it is given) to the bucket's."},
    CodeRow{"NoSuchBucket", Blame::kBucket,
            "Create the bucket in this region, or name another one."},
};

bool BlamesRegion(const std::string& ec, const std::string& message) {
  // A scope of another region, signed in the query and in the header.
  return ec == "0002-00000226" || ec == "0002-00000228" ||
         absl::StrContains(message, "addressed using the specified endpoint") ||
         absl::StrContains(message, "signing region");
}

std::string At(const ErrorMetadata& metadata, const std::string& name) {
  const auto it = metadata.find(name);
  return it == metadata.end() ? "" : it->second;
}

}  // namespace

std::string PermissionFor(const std::string& operation) {
  if (operation == kListUploads) return "oss:ListMultipartUploads";
  if (operation == kListParts) return "oss:ListParts";
  if (operation == kAbortUpload) return "oss:AbortMultipartUpload";
  if (operation == kStatObject) return "oss:GetObject";
  if (operation == kDeleteObject) return "oss:DeleteObject";
  // What was completed is described by a HEAD.
  if (operation == kCompleteUpload) return "oss:PutObject and oss:GetObject";
  return "oss:PutObject";
}

Explanation Explain(const std::string& operation, const absl::Status& error) {
  const ErrorMetadata metadata = ErrorMetadataOf(error);
  const std::string code = At(metadata, "oss_code");
  const std::string status = At(metadata, "http_status");
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return {row.blame, true, row.remedy};
  }
  if (BlamesRegion(At(metadata, "oss_ec"), std::string(error.message()))) {
    return {Blame::kRegion, true,
            "Set the remote's `region` (and `endpoint`, if it is given) to the bucket's."};
  }
  const std::string reason = ErrorReason(error);
  if (status.empty() && absl::StrContains(error.message(), kNoAnswer)) {
    return {Blame::kEndpoint, true,
            "Check the remote's `endpoint`, or the `region` that it follows from, and from this "
            "machine: the name's resolution, the way there (firewall, proxy), and for https the "
            "certificate."};
  }
  // Nothing was sent: there is nothing to sign with.
  if (status.empty() && (reason == kReasonUnavailable || reason == kReasonDenied)) {
    return {Blame::kCredentials, false,
            "Check where the remote gets its credentials from: they cannot be had."};
  }
  if (code.empty() && At(metadata, "oss_request_id").empty() && !status.empty()) {
    return {Blame::kEndpoint, true,
            "Check the remote's `endpoint` and proxy: what answers there is not OSS."};
  }
  if (reason == kReasonDenied) {
    return {
        Blame::kOperation, true,
        absl::StrCat("Grant ", PermissionFor(operation),
                     " on the bucket and on its objects under the remote's prefix to the "
                     "access key's RAM user or role, and see that no bucket policy denies it.")};
  }
  return ExplainByReason(operation, error);
}

}  // namespace penstock::oss
