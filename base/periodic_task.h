#ifndef PENSTOCK_BASE_PERIODIC_TASK_H_
#define PENSTOCK_BASE_PERIODIC_TASK_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/executor.h"

namespace penstock {

// Runs an asynchronous task again and again, never twice at once: the interval begins when a run is
// over. Thread-safe.
class PeriodicTask {
 public:
  // Begins one run, and calls the closure once when it is over, on any thread.
  using Run = absl::AnyInvocable<void(Closure done)>;

  // The first run begins after `first`. `executor` must outlive the object.
  PeriodicTask(Executor& executor, absl::Duration first, absl::Duration interval, Run run);
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

  // Stops, and waits for the run that is under way.
  ~PeriodicTask();

  // No run begins after this call. May be repeated.
  void Stop();

  // Whether no run is under way, or none was any more within `timeout`.
  bool AwaitIdle(absl::Duration timeout) const;

 private:
  class State;

  // Shared with what waits in the executor, which may be destroyed later than this.
  const std::shared_ptr<State> state_;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_PERIODIC_TASK_H_
