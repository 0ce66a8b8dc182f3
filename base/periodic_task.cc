#include "base/periodic_task.h"

#include <utility>

#include "base/mutex.h"

namespace penstock {

class PeriodicTask::State : public std::enable_shared_from_this<PeriodicTask::State> {
 public:
  State(Executor& executor, absl::Duration interval, Run run)
      : executor_(executor), interval_(interval), run_(std::move(run)) {}

  void RunAfter(absl::Duration delay) {
    executor_.PostAfter(delay, [self = shared_from_this()] { self->Begin(); });
  }

  void Stop() {
    MutexLock lock(&mutex_);
    stopped_ = true;
  }

  bool AwaitIdle(absl::Duration timeout) {
    MutexLock lock(&mutex_);
    const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !running_; };
    if (timeout < absl::InfiniteDuration()) return mutex_.AwaitWithTimeout(idle, timeout);
    mutex_.Await(idle);
    return true;
  }

 private:
  void Begin() {
    {
      MutexLock lock(&mutex_);
      if (stopped_) return;
      running_ = true;
    }
    run_([self = shared_from_this()] { self->End(); });
  }

  void End() {
    MutexLock lock(&mutex_);
    // Under the lock: whoever waits for the end of the run may destroy the executor next.
    if (!stopped_) RunAfter(interval_);
    running_ = false;
  }

  Executor& executor_;
  const absl::Duration interval_;
  Run run_;  // called by one run at a time

  Mutex mutex_;  // guards what follows
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
};

PeriodicTask::PeriodicTask(Executor& executor, absl::Duration first, absl::Duration interval,
                           Run run)
    : state_(std::make_shared<State>(executor, interval, std::move(run))) {
  state_->RunAfter(first);
}

PeriodicTask::~PeriodicTask() {
  Stop();
  AwaitIdle(absl::InfiniteDuration());
}

void PeriodicTask::Stop() { state_->Stop(); }

bool PeriodicTask::AwaitIdle(absl::Duration timeout) const { return state_->AwaitIdle(timeout); }

}  // namespace penstock
