#include "plugin/oss/explain.h"

#include <array>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "plugin/backend.h"
#include "plugin/oss/errors.h"
#include "plugin/oss/remedy.h"

namespace penstock::oss {
namespace {

struct CodeRow {
  std::string_view code;
  Blame blame;
};

// Codes that blame the same thing whatever was asked for. What to do about them: remedy.cc.
constexpr std::array kCodes = {
    CodeRow{"RequestTimeTooSkewed", Blame::kClock},
    CodeRow{"InvalidAccessKeyId", Blame::kCredentials},
    CodeRow{"SignatureDoesNotMatch", Blame::kCredentials},
    CodeRow{"SecurityTokenExpired", Blame::kCredentials},
    CodeRow{"InvalidSecurityToken", Blame::kCredentials},
    CodeRow{"AccessKeyIdAndSecurityTokenNotMatch", Blame::kCredentials},
    CodeRow{"UserDisable", Blame::kCredentials},
    CodeRow{"SecondLevelDomainForbidden", Blame::kEndpoint},
    CodeRow{"NonStandardHostForbidden", Blame::kEndpoint},
    CodeRow{"TransferAccelerationDisabled", Blame::kEndpoint},
    CodeRow{"PermanentRedirect", Blame::kRegion},
    CodeRow{"NoSuchBucket", Blame::kBucket},
};

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
  const std::string remedy = At(metadata, kRemedyField);
  const std::string code = At(metadata, "oss_code");
  const std::string ec = At(metadata, "oss_ec");
  const std::string status = At(metadata, "http_status");
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return {row.blame, true, remedy};
  }
  if (!At(metadata, "oss_endpoint").empty() || ec == kScopeOfQueryEc || ec == kScopeOfHeaderEc) {
    return {Blame::kRegion, true, remedy};
  }
  const std::string reason = ErrorReason(error);
  if (status.empty() && absl::StrContains(error.message(), kNoAnswer)) {
    return {Blame::kEndpoint, true,
            remedy.empty() ? "check the remote's endpoint, or the region that it follows from, and "
                             "the way there from the server: name service, firewall, proxy"
                           : remedy};
  }
  // Nothing was sent: there is nothing to sign with.
  if (status.empty() && (reason == kReasonUnavailable || reason == kReasonDenied)) {
    return {Blame::kCredentials, false,
            "check where the remote gets its credentials from: they cannot be had"};
  }
  if (code.empty() && At(metadata, "oss_request_id").empty() && !status.empty()) {
    return {Blame::kEndpoint, true,
            "check the remote's endpoint and proxy: what answers there is not OSS"};
  }
  if (reason == kReasonDenied) {
    return {Blame::kOperation, true,
            absl::StrCat("grant ", PermissionFor(operation),
                         " on the bucket and on its objects under the remote's prefix to the "
                         "access key's RAM user or role, and see that no bucket policy denies it")};
  }
  return ExplainByReason(operation, error);
}

}  // namespace penstock::oss
