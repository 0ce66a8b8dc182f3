#ifndef PENSTOCK_PLUGIN_OSS_OBJECT_POLICY_H_
#define PENSTOCK_PLUGIN_OSS_OBJECT_POLICY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/error.h"
#include "base/object.h"
#include "plugin/oss/signature.h"
#include "plugin/registry.h"

namespace penstock::oss {

// What a remote's configuration says of the objects that go through it, and of the requests that
// carry them. Constant after construction.
class ObjectPolicy {
 public:
  // Whether buckets keep versions, which makes OSS ignore x-oss-forbid-overwrite.
  enum class Versioning {
    kAsk,  // OSS tells
    kOff,  // none does: the operator vouches for it
    kOn,   // some do, or may
  };

  // bucket_versioning, allow_callback, traffic_limit, request_payer.
  static std::vector<OptionInfo> Options();

  // INVALID_ARGUMENT / BAD_REMOTE_OPTION.
  static absl::StatusOr<ObjectPolicy> Create(const OptionValues& values);

  // FAILED_PRECONDITION / CONDITION_UNSUPPORTED: forbid_overwrite with kOn. PERMISSION_DENIED /
  // CALLBACK_NOT_ALLOWED: a callback without allow_callback.
  absl::Status Check(const ObjectAttributes& attributes) const;

  Versioning versioning() const { return versioning_; }

  // What every request carries, and what one carries besides that takes an object's bytes to OSS.
  const Headers& request_headers() const { return request_headers_; }
  const Headers& body_headers() const { return body_headers_; }

 private:
  Versioning versioning_ = Versioning::kAsk;
  bool allow_callback_ = false;
  Headers request_headers_;
  Headers body_headers_;
};

// FAILED_PRECONDITION / CONDITION_UNSUPPORTED: forbid_overwrite is no promise, because of `why`.
absl::Status OverwriteUnsupported(const std::string& why, const ErrorMetadata& metadata = {});

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_OBJECT_POLICY_H_
