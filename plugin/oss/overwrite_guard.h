#ifndef PENSTOCK_PLUGIN_OSS_OVERWRITE_GUARD_H_
#define PENSTOCK_PLUGIN_OSS_OVERWRITE_GUARD_H_

#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "base/object.h"
#include "plugin/backend.h"
#include "plugin/oss/client.h"
#include "plugin/oss/object_policy.h"

namespace penstock::oss {

// Sees to it that forbid_overwrite is asked of OSS only where OSS heeds it: not in buckets whose
// versioning is enabled or suspended. Versioning that was on once can be suspended, never taken
// away: a bucket that has it is remembered, one that has not is asked again every time. Between the
// answer and the request that relies on it lies nothing but the way to OSS: who turns versioning on
// in that moment may see an object replaced (the older version stays). Thread-safe.
class OverwriteGuard {
 public:
  OverwriteGuard(OssClient& client, const ObjectPolicy& policy)
      : client_(client), policy_(policy) {}

  // The part of Check that needs no answer of OSS.
  absl::Status CheckKnown(const std::string& bucket, const ObjectAttributes& attributes) const;

  // Calls `next`, perhaps from within this call: OK once the attributes' forbid_overwrite, if any,
  // is a promise in `bucket`. FAILED_PRECONDITION / CONDITION_UNSUPPORTED where it is none, or
  // where OSS does not let us see; the errors of a request else.
  void Check(const std::string& bucket, const ObjectAttributes& attributes, DoneStatus next);

 private:
  absl::Status Judge(const std::string& bucket, const absl::StatusOr<HttpResponse>& answer);

  OssClient& client_;
  const ObjectPolicy& policy_;

  mutable Mutex mutex_;  // guards what follows
  std::set<std::string> versioned_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_OVERWRITE_GUARD_H_
