#ifndef PENSTOCK_BASE_STRAND_H_
#define PENSTOCK_BASE_STRAND_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/executor.h"
#include "base/mutex.h"

namespace penstock {

// Runs closures of an executor one at a time, in the order in which they were posted: what a strand
// touches needs no lock. Thread-safe. The executor must outlive the strand's last closure; the
// strand itself may go earlier.
class Strand {
 public:
  explicit Strand(Executor& executor) : state_(std::make_shared<State>(executor)) {}

  void Post(Closure closure);
  // Runs `closure` on the caller's thread, before it returns, when nothing else is to run; else
  // posts it. For callers who hold no lock: it saves handing what is hot to another thread.
  void RunOrPost(Closure closure);
  void PostAfter(absl::Duration delay, Closure closure);

 private:
  struct State {
    explicit State(Executor& executor) : executor(executor) {}
    Executor& executor;
    Mutex mutex;  // guards what follows
    bool running ABSL_GUARDED_BY(mutex) = false;
    // Those from `next` on wait. A vector, because a deque takes half a KiB for one closure.
    std::vector<Closure> queue ABSL_GUARDED_BY(mutex);
    size_t next ABSL_GUARDED_BY(mutex) = 0;
  };

  // True: the strand was idle, and the caller has to see to it that it runs.
  static bool Add(State& state, Closure closure);
  static void Enqueue(const std::shared_ptr<State>& state, Closure closure);
  static void RunSome(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_STRAND_H_
