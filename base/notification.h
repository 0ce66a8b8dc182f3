#ifndef PENSTOCK_BASE_NOTIFICATION_H_
#define PENSTOCK_BASE_NOTIFICATION_H_

#include "absl/time/time.h"
#include "base/mutex.h"

namespace penstock {

// Something that happens once. What was done before Notify is seen after the wait; the waiter may
// destroy the notification as soon as its wait ends.
class Notification {
 public:
  // REQUIRES: not notified yet.
  void Notify();

  bool HasBeenNotified() const;
  void WaitForNotification() const;
  // Returns whether it was notified within `timeout`.
  bool WaitForNotificationWithTimeout(absl::Duration timeout) const;

 private:
  mutable Mutex mutex_;
  bool notified_ ABSL_GUARDED_BY(mutex_) = false;
};

// Waits for `count` things, each of which is counted down once.
class BlockingCounter {
 public:
  explicit BlockingCounter(int count) : count_(count) {}

  void DecrementCount();
  void Wait();

 private:
  Mutex mutex_;
  int count_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_NOTIFICATION_H_
