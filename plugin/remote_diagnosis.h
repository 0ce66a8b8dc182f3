#ifndef PENSTOCK_PLUGIN_REMOTE_DIAGNOSIS_H_
#define PENSTOCK_PLUGIN_REMOTE_DIAGNOSIS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/random.h"
#include "plugin/backend.h"
#include "plugin/registry.h"

namespace penstock {

enum class CheckOutcome {
  kOk,
  kFailed,
  kSkipped,  // another check that failed is in its way, or it makes no sense here
};

// One thing that was checked of a remote.
struct RemoteCheck {
  std::string bucket;
  std::string name;  // see DiagnosticCheck.name in maintenance.proto
  CheckOutcome outcome = CheckOutcome::kOk;
  std::string message;  // what was seen
  std::string remedy;   // kFailed: what mends it, as far as it is known
  std::string reason;   // of the error, where a request failed
};

// More than this between this machine's clock and the backend's is a fault.
inline constexpr absl::Duration kMaxClockSkew = absl::Minutes(1);

// Whether a remote can do all that Penstock needs of it: everything is done once, on a temporary
// object. What it begins it removes, whatever fails.
//
// Blocks from call to call, so it is for a thread of its own.
class RemoteDiagnosis {
 public:
  struct Hooks {
    std::function<void(const RemoteCheck&)> tell;  // each check, as it was made
    std::function<bool()> stopped;                 // true: leave the rest, but for the cleanup
  };

  // `backend` is of the kind `kind`. Everything must outlive the diagnosis.
  RemoteDiagnosis(Backend& backend, const BackendInfo& kind, const Clock& clock,
                  RandomSource& random)
      : backend_(backend), kind_(kind), clock_(clock), random_(random) {}

  // Checks one bucket, with a key of its own that begins with `prefix`. Not OK when nothing could
  // be begun: what CheckObject says of bucket or key.
  absl::Status Run(const std::string& bucket, const std::string& prefix, const Hooks& hooks);

 private:
  Backend& backend_;
  const BackendInfo& kind_;
  const Clock& clock_;
  RandomSource& random_;
};

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_REMOTE_DIAGNOSIS_H_
