#include "base/in_flight.h"

namespace penstock {

std::shared_ptr<void> InFlight::Begin() {
  {
    MutexLock lock(&mutex_);
    ++count_;
  }
  return {this, [](InFlight* self) {
            MutexLock lock(&self->mutex_);
            --self->count_;
          }};
}

void InFlight::Await() {
  MutexLock lock(&mutex_);
  mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return count_ == 0; });
}

bool InFlight::AwaitFor(absl::Duration timeout) {
  MutexLock lock(&mutex_);
  const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return count_ == 0; };
  return mutex_.AwaitWithTimeout(none, timeout);
}

}  // namespace penstock
