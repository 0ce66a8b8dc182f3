#ifndef PENSTOCK_SERVER_UPLOAD_LIMITS_H_
#define PENSTOCK_SERVER_UPLOAD_LIMITS_H_

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/rate_limit.h"

namespace penstock {

// The limits that the process and its remotes have on uploads. A byte passes twice: when it is read
// from a client, and when it is sent to a backend over HTTP, there perhaps more than once. Each way
// has limits of its own, so that a byte counts once on each; with one for both, half of the rate
// would be left.
class UploadLimits {
 public:
  struct OfRemote {
    Throttle reads;  // from clients
    Throttle sends;  // to the backend
  };

  // `rate` in bytes per second, of all remotes together; 0: no limit. `clock` must outlive the
  // limits, which live as long as anybody has them.
  UploadLimits(int64_t rate, const Clock& clock);

  // Those of one more remote, the process's among them; `rate` as above.
  OfRemote Make(int64_t rate) const;

 private:
  void AddLimits(int64_t rate, OfRemote& limits) const;

  const Clock& clock_;
  OfRemote process_;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_UPLOAD_LIMITS_H_
