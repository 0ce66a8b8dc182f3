#include "base/notification.h"

#include <cassert>

namespace penstock {

void Notification::Notify() {
  MutexLock lock(&mutex_);
  assert(!notified_);
  notified_ = true;
}

bool Notification::HasBeenNotified() const {
  MutexLock lock(&mutex_);
  return notified_;
}

void Notification::WaitForNotification() const {
  MutexLock lock(&mutex_);
  mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return notified_; });
}

bool Notification::WaitForNotificationWithTimeout(absl::Duration timeout) const {
  MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(
      [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return notified_; }, timeout);
}

void BlockingCounter::DecrementCount() {
  MutexLock lock(&mutex_);
  --count_;
}

void BlockingCounter::Wait() {
  MutexLock lock(&mutex_);
  mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return count_ <= 0; });
}

}  // namespace penstock
