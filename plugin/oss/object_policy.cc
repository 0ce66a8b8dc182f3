#include "plugin/oss/object_policy.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "plugin/backend.h"
#include "plugin/oss/callback.h"
#include "plugin/oss/options.h"

namespace penstock::oss {
namespace {

constexpr char kVersioning[] = "bucket_versioning";
constexpr char kAllowCallback[] = "allow_callback";
constexpr char kTrafficLimit[] = "traffic_limit";
constexpr char kRequestPayer[] = "request_payer";

// Bits per second of one connection, as OSS documents them.
constexpr int64_t kMinTraffic = 819'200;
constexpr int64_t kMaxTraffic = 838'860'800;

absl::StatusOr<ObjectPolicy::Versioning> ParseVersioning(const std::string& value) {
  if (value.empty() || value == "ask") return ObjectPolicy::Versioning::kAsk;
  if (value == "off") return ObjectPolicy::Versioning::kOff;
  if (value == "on") return ObjectPolicy::Versioning::kOn;
  return OptionError(
      kVersioning, absl::StrCat("must be ask, off or on, \"", absl::CHexEscape(value), "\" came"));
}

absl::Status CheckTraffic(const std::string& value) {
  int64_t bits = 0;
  if (absl::SimpleAtoi(value, &bits) && bits >= kMinTraffic && bits <= kMaxTraffic) {
    return absl::OkStatus();
  }
  return OptionError(kTrafficLimit,
                     absl::StrCat("must be a number of bits per second from ", kMinTraffic, " to ",
                                  kMaxTraffic, ", \"", absl::CHexEscape(value), "\" came"));
}

}  // namespace

std::vector<OptionInfo> ObjectPolicy::Options() {
  OptionInfo versioning;
  versioning.name = kVersioning;
  versioning.help =
      "Whether buckets of this remote have versioning enabled or suspended, where OSS ignores "
      "forbid_overwrite: on refuses it at open; off promises that none has; ask lets OSS tell "
      "before every object that forbids it, which needs oss:GetBucketVersioning.";
  versioning.default_value = "ask";
  versioning.examples = {"ask", "off", "on"};
  OptionInfo callback;
  callback.name = kAllowCallback;
  callback.help =
      "Whether clients may have OSS call an application of theirs when an object is published (the "
      "object option callback).";
  callback.default_value = "false";
  callback.examples = {"true"};
  OptionInfo traffic;
  traffic.name = kTrafficLimit;
  traffic.help =
      absl::StrCat("Bits per second that OSS takes of each part and each small object, ",
                   kMinTraffic, " to ", kMaxTraffic,
                   "; without it as many as come. Of one request: parts that go at the same time "
                   "have as much each.");
  traffic.examples = {"8192000"};
  OptionInfo payer;
  payer.name = kRequestPayer;
  payer.help = "requester: this remote's account pays for requests and traffic, not the bucket's.";
  payer.examples = {"requester"};
  return {versioning, callback, traffic, payer};
}

absl::StatusOr<ObjectPolicy> ObjectPolicy::Create(const OptionValues& values) {
  ObjectPolicy policy;
  PENSTOCK_ASSIGN_OR_RETURN(policy.versioning_, ParseVersioning(ValueOf(values, kVersioning)));
  const std::string allow = ValueOf(values, kAllowCallback);
  if (!allow.empty() && allow != "true" && allow != "false") {
    return OptionError(kAllowCallback, absl::StrCat("must be true or false, \"",
                                                    absl::CHexEscape(allow), "\" came"));
  }
  policy.allow_callback_ = allow == "true";
  if (const std::string traffic = ValueOf(values, kTrafficLimit); !traffic.empty()) {
    PENSTOCK_RETURN_IF_ERROR(CheckTraffic(traffic));
    policy.body_headers_["x-oss-traffic-limit"] = traffic;
  }
  if (const std::string payer = ValueOf(values, kRequestPayer); !payer.empty()) {
    if (payer != "requester") {
      return OptionError(kRequestPayer,
                         absl::StrCat("must be requester, \"", absl::CHexEscape(payer), "\" came"));
    }
    policy.request_headers_["x-oss-request-payer"] = payer;
  }
  return policy;
}

absl::Status ObjectPolicy::Check(const ObjectAttributes& attributes) const {
  if (attributes.forbid_overwrite && versioning_ == Versioning::kOn) {
    return OverwriteUnsupported("this remote's configuration says bucket_versioning = on");
  }
  if (!AsksForCallback(attributes.options) || allow_callback_) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "CALLBACK_NOT_ALLOWED",
                   "this remote's configuration does not allow callbacks (allow_callback)");
}

absl::Status OverwriteUnsupported(const std::string& why, const ErrorMetadata& metadata) {
  return MakeError(absl::StatusCode::kFailedPrecondition, kReasonConditionUnsupported,
                   absl::StrCat("OSS ignores forbid_overwrite in a bucket that has versioning "
                                "enabled or suspended, and ",
                                why),
                   metadata);
}

}  // namespace penstock::oss
