#include "bench/in_process/loop_executor.h"

#include <utility>

namespace penstock::bench {

void LoopExecutor::RunUntilIdle() {
  while (!ready_.empty()) {
    Closure closure = std::move(ready_.front());
    ready_.pop_front();
    std::move(closure)();
  }
}

}  // namespace penstock::bench
