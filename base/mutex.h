#ifndef PENSTOCK_BASE_MUTEX_H_
#define PENSTOCK_BASE_MUTEX_H_

#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

namespace penstock {

// A std::mutex that clang's -Wthread-safety understands, with absl's way of waiting for a
// condition. Our own because the distribution's abseil is not instrumented: TSan does not see its
// locks (docs/adr/2026-11-24-own-mutex.md).
//
//   MutexLock lock(&mutex_);
//   mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return done_; });
class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }

  // Wakes those who await something: what was done under the lock may have made it true. While it
  // is still held, for whoever was waiting may destroy the mutex as soon as it is free.
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    if (waiting_ > 0) released_.notify_all();
    mutex_.unlock();
  }

  // Gives the lock up until `condition`, which is evaluated under the lock, holds.
  void Await(absl::FunctionRef<bool()> condition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this);

  // The same for at most `timeout` on the steady clock; returns whether `condition` holds.
  bool AwaitWithTimeout(absl::FunctionRef<bool()> condition, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(this);

 private:
  friend class CondVar;

  std::mutex mutex_;  // guards what follows, and what the owner says
  int waiting_ = 0;   // threads in Await
  std::condition_variable released_;
};

// Holds a mutex for a scope.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(*mutex) {
    mutex_.Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Where Await would wake everybody for the sake of one: a wait without a condition of its own.
// A waiter may also wake without a signal.
class CondVar {
 public:
  void Signal() { signal_.notify_one(); }
  void SignalAll() { signal_.notify_all(); }

  void Wait(Mutex* mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // For at most `timeout` on the steady clock.
  void WaitFor(Mutex* mutex, absl::Duration timeout) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 private:
  std::condition_variable signal_;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_MUTEX_H_
