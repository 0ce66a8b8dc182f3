#ifndef PENSTOCK_BASE_IN_FLIGHT_H_
#define PENSTOCK_BASE_IN_FLIGHT_H_

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/mutex.h"

namespace penstock {

// Counts what is under way for an object, so that its destructor can wait for it:
//
//   backend.Stat(name, [this, busy = in_flight_.Begin()](...) { ... });
//
// Thread-safe.
class InFlight {
 public:
  // Something is under way until the last copy of the answer is let go.
  std::shared_ptr<void> Begin();

  // Waits until nothing is under way. Whoever destroys this after it lets nothing begin any more.
  void Await();

  // The same for at most `timeout`; returns whether nothing is under way.
  bool AwaitFor(absl::Duration timeout);

 private:
  Mutex mutex_;  // guards what follows
  int64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_IN_FLIGHT_H_
