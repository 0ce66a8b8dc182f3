#include "plugin/oss/fan_out.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace penstock::oss {
namespace {

class Steps : public std::enable_shared_from_this<Steps> {
 public:
  Steps(int64_t count, Step step, DoneStatus done)
      : count_(count), step_(std::move(step)), done_(std::move(done)) {}

  void Begin(int64_t parallel) {
    int64_t first = 0;
    {
      MutexLock lock(&mutex_);
      first = std::min(parallel, count_);
      next_ = first;
      under_way_ = first;
    }
    for (int64_t index = 0; index < first; ++index) Run(index);
  }

 private:
  void Run(int64_t index) {
    step_(index,
          [self = shared_from_this()](absl::Status status) { self->OnStep(std::move(status)); });
  }

  void OnStep(absl::Status status) {
    int64_t index = count_;
    {
      MutexLock lock(&mutex_);
      error_.Update(std::move(status));
      if (error_.ok() && next_ < count_) {
        index = next_++;
      } else if (--under_way_ > 0) {
        return;
      }
    }
    if (index < count_) {
      Run(index);
    } else {
      Finish();
    }
  }

  void Finish() {
    absl::Status result;
    {
      MutexLock lock(&mutex_);
      result = std::move(error_);
    }
    std::move(done_)(std::move(result));
  }

  const int64_t count_;
  const Step step_;
  DoneStatus done_;  // of the last step only

  Mutex mutex_;  // guards what follows
  int64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

void FanOut(int64_t count, int parallel, Step step, DoneStatus done) {
  std::make_shared<Steps>(count, std::move(step), std::move(done))->Begin(parallel);
}

}  // namespace penstock::oss
