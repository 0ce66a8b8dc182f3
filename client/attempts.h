#ifndef PENSTOCK_CLIENT_ATTEMPTS_H_
#define PENSTOCK_CLIENT_ATTEMPTS_H_

#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "client/backoff.h"
#include "client/connection.h"

namespace penstock {

// How long and how often a transfer tries.
struct RetryPolicy {
  // Gives up when the server has made no progress for this long though it could have.
  absl::Duration give_up_after = absl::Minutes(5);
  // Pause before trying again: the first, and what doubling leads to.
  absl::Duration first_retry_delay = absl::Milliseconds(100);
  absl::Duration max_retry_delay = absl::Seconds(10);
};

// A transfer is about to try again.
struct TransferRetry {
  absl::Status cause;
  absl::Duration delay;     // until the next attempt
  std::string next_server;  // that will be asked
};

// What the attempts of one transfer have in common: the pauses between them, and the end of all of
// them when somebody cancels or the server makes no progress any more.
//
//   attempts.Watch();
//   loop
//     if (!attempts.BeginCall(cancel)) return why(attempts.stop());
//     ... attempts.OnProgress() ...
//     attempts.EndCall();
//     retry = attempts.Plan(cause, connection); attempts.Wait(retry->delay);
//
// stop, Cancel, OnProgress and clock may be used from any thread, the rest by that of the transfer.
class Attempts {
 public:
  enum class Stop { kNone, kCancelled, kStalled };

  // `interrupt` ends what the transfer waits for beside its calls. It is called by a stop, from any
  // thread, without a lock.
  Attempts(const RetryPolicy& policy, std::function<void()> interrupt);
  Attempts(const Attempts&) = delete;
  Attempts& operator=(const Attempts&) = delete;
  ~Attempts();

  // From here on a server that makes no progress causes a stop. A thread of its own sees to it.
  void Watch();

  // A stop calls `cancel`, from any thread, until EndCall. False when one came before.
  bool BeginCall(std::function<void()> cancel);
  void EndCall();

  // Why the transfer is to end; the first reason stays, but for a cancellation.
  Stop stop() const;
  void Cancel() { StopWith(Stop::kCancelled); }

  // The server made progress: pauses begin small again.
  void OnProgress();
  StallClock& clock() { return clock_; }

  // What to do after an attempt that failed with `cause`: the pause, and `connection` goes to the
  // next server. nullopt: there is not so much patience left.
  std::optional<TransferRetry> Plan(const absl::Status& cause, Connection& connection);

  // Waits for so long, or until a stop.
  void Wait(absl::Duration delay);

 private:
  void WatchClock();
  void StopWith(Stop stop);

  const RetryPolicy policy_;
  const std::function<void()> interrupt_;
  StallClock clock_;
  std::thread watchdog_;

  mutable Mutex mutex_;  // guards what follows
  Backoff backoff_ ABSL_GUARDED_BY(mutex_);
  Stop stop_ ABSL_GUARDED_BY(mutex_) = Stop::kNone;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> cancel_ ABSL_GUARDED_BY(mutex_);  // of the call under way
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_ATTEMPTS_H_
