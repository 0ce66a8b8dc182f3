#include "plugin/oss/overwrite_guard.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "plugin/oss/replies.h"
#include "plugin/oss/requests.h"

namespace penstock::oss {
namespace {

absl::Status Versioned(const std::string& bucket) {
  return OverwriteUnsupported(absl::StrCat("bucket \"", bucket, "\" has"), {{"bucket", bucket}});
}

bool SaysNotImplemented(const absl::Status& status) {
  const ErrorMetadata metadata = ErrorMetadataOf(status);
  const auto code = metadata.find("oss_code");
  return code != metadata.end() && code->second == "NotImplemented";
}

}  // namespace

absl::Status OverwriteGuard::CheckKnown(const std::string& bucket,
                                        const ObjectAttributes& attributes) const {
  if (!attributes.forbid_overwrite) return absl::OkStatus();
  MutexLock lock(&mutex_);
  return versioned_.contains(bucket) ? Versioned(bucket) : absl::OkStatus();
}

void OverwriteGuard::Check(const std::string& bucket, const ObjectAttributes& attributes,
                           DoneStatus next) {
  absl::Status known = CheckKnown(bucket, attributes);
  if (!known.ok() || !attributes.forbid_overwrite ||
      policy_.versioning() == ObjectPolicy::Versioning::kOff) {
    std::move(next)(std::move(known));
    return;
  }
  client_.Call(
      BucketRequest(policy_, "GET", bucket, {{"versioning", ""}}), Repeat::kFreely,
      ChecksBody(ParseVersioningReply),
      [this, bucket, next = std::move(next)](const absl::StatusOr<HttpResponse>& answer) mutable {
        std::move(next)(Judge(bucket, answer));
      });
}

absl::Status OverwriteGuard::Judge(const std::string& bucket,
                                   const absl::StatusOr<HttpResponse>& answer) {
  if (answer.ok()) {
    if (!*ParseVersioningReply(answer->body)) return absl::OkStatus();
    MutexLock lock(&mutex_);
    versioned_.insert(bucket);
    return Versioned(bucket);
  }
  const absl::Status& status = answer.status();
  if (SaysNotImplemented(status)) return absl::OkStatus();  // no bucket there has versions
  if (!absl::IsPermissionDenied(status)) return status;
  return OverwriteUnsupported(
      absl::StrCat("it does not tell whether bucket \"", bucket,
                   "\" has: allow the remote's access key oss:GetBucketVersioning, or set "
                   "bucket_versioning = off if no bucket of the remote has it (",
                   std::string(status.message()), ")"),
      ErrorMetadataOf(status));
}

}  // namespace penstock::oss
