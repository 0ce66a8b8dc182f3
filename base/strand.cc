#include "base/strand.h"

#include <utility>

namespace penstock {

void Strand::Post(Closure closure) { Enqueue(state_, std::move(closure)); }

void Strand::RunOrPost(Closure closure) {
  const std::shared_ptr<State> state = state_;  // the closure may be the end of the strand
  if (Add(*state, std::move(closure))) RunSome(state);
}

void Strand::PostAfter(absl::Duration delay, Closure closure) {
  state_->executor.PostAfter(delay, [state = state_, closure = std::move(closure)]() mutable {
    Enqueue(state, std::move(closure));
  });
}

bool Strand::Add(State& state, Closure closure) {
  MutexLock lock(&state.mutex);
  state.queue.push_back(std::move(closure));
  return !std::exchange(state.running, true);
}

void Strand::Enqueue(const std::shared_ptr<State>& state, Closure closure) {
  if (Add(*state, std::move(closure))) state->executor.Post([state] { RunSome(state); });
}

// One closure per turn, so that a busy strand does not hold a thread of the executor for itself.
void Strand::RunSome(const std::shared_ptr<State>& state) {
  Closure closure;
  {
    MutexLock lock(&state->mutex);
    closure = std::move(state->queue.front());
    state->queue.pop_front();
  }
  std::move(closure)();
  closure = nullptr;  // what it holds may post again: release it before the strand counts as idle
  {
    MutexLock lock(&state->mutex);
    if (state->queue.empty()) {
      state->running = false;
      return;
    }
  }
  state->executor.Post([state] { RunSome(state); });
}

}  // namespace penstock
