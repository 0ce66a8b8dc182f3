#ifndef PENSTOCK_BENCH_IN_PROCESS_LOOP_EXECUTOR_H_
#define PENSTOCK_BENCH_IN_PROCESS_LOOP_EXECUTOR_H_

#include <deque>

#include "base/executor.h"

namespace penstock::bench {

// An executor without a thread: who has it runs what was posted. What is delayed never comes due,
// so a run is the same each time. Not synchronized.
class LoopExecutor final : public Executor {
 public:
  void Post(Closure closure) override { ready_.push_back(std::move(closure)); }
  void PostAfter(absl::Duration, Closure) override {}

  // Runs everything that was posted, and what is posted meanwhile.
  void RunUntilIdle();

 private:
  std::deque<Closure> ready_;
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_IN_PROCESS_LOOP_EXECUTOR_H_
