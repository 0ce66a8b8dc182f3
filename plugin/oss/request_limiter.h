#ifndef PENSTOCK_PLUGIN_OSS_REQUEST_LIMITER_H_
#define PENSTOCK_PLUGIN_OSS_REQUEST_LIMITER_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "base/executor.h"
#include "base/fair_queue.h"
#include "base/mutex.h"

namespace penstock::oss {

// How many requests of a remote may be under way at a time. Begins with the most that the remote
// allows; when OSS throttles, half of the requests that were under way become the limit, and nine
// tenths of them when it says that it slowed one down. It grows by about one whenever as many
// requests as the limit were served without either. Requests beyond it wait; the objects that they
// are of take turns, and those of one object are let go in the order in which they came: an upload
// with many parts keeps nobody waiting for more than one of them. Thread-safe.
//
//   limiter.Acquire("bucket/key", [](RequestLimiter::Slot slot) { ... slot.Report(outcome); });
class RequestLimiter {
 public:
  enum class Outcome {
    kServed,     // as fast as OSS likes to
    kSlowed,     // served, but OSS says that it took its time on purpose
    kThrottled,  // refused, for there were too many
    kOther,      // says nothing about load
  };

  // The limit that throttling leaves, unless fewer are allowed anyway: a part that takes its time
  // shall not keep everything else waiting.
  static constexpr int kLeast = 2;

  // The right to have one request under way, until it is reported or destroyed.
  class Slot {
   public:
    Slot() = default;  // none
    Slot(Slot&& other) noexcept;
    Slot& operator=(Slot&& other) noexcept;
    ~Slot() { Report(Outcome::kOther); }

    // Gives the slot back; true when the limit is lower now. Nothing happens a second time.
    bool Report(Outcome outcome);

   private:
    friend class RequestLimiter;
    Slot(RequestLimiter* limiter, int64_t round) : limiter_(limiter), round_(round) {}

    RequestLimiter* limiter_ = nullptr;
    int64_t round_ = 0;
  };
  using Start = absl::AnyInvocable<void(Slot) &&>;

  // REQUIRES: most >= 1. `executor` must outlive this, and this its slots and what waits for one.
  RequestLimiter(int most, Executor& executor);

  // Runs `start` when it is the turn of `flow`: from within this call when there is room, else on
  // the executor.
  void Acquire(const std::string& flow, Start start);

  // How many may be under way now.
  int limit() const;

 private:
  bool Release(Outcome outcome, int64_t round);
  bool Adapt(Outcome outcome, int64_t round) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const double most_;
  const double least_;
  Executor& executor_;

  mutable Mutex mutex_;                   // guards what follows
  double limit_ ABSL_GUARDED_BY(mutex_);  // its whole part counts
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t round_ ABSL_GUARDED_BY(mutex_) = 0;  // how often the limit was lowered
  FairQueue<Start> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_REQUEST_LIMITER_H_
