#ifndef PENSTOCK_BASE_EXECUTOR_H_
#define PENSTOCK_BASE_EXECUTOR_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace penstock {

// Work to do once, on a thread of somebody else's choice. Must not block.
using Closure = absl::AnyInvocable<void() &&>;

// Runs closures, now or later. Thread-safe. The simulation has one that owns the time.
class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `closure` soon, never from within this call.
  virtual void Post(Closure closure) = 0;

  // Runs `closure` after at least `delay`. A closure that is due after the executor stopped is
  // destroyed without having run.
  virtual void PostAfter(absl::Duration delay, Closure closure) = 0;
};

// An executor over at most `threads` threads, each begun when there is work for it. Its destructor
// waits for the closures that were posted without a delay.
std::unique_ptr<Executor> MakeThreadPool(int threads);

}  // namespace penstock

#endif  // PENSTOCK_BASE_EXECUTOR_H_
