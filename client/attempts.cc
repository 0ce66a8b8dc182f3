#include "client/attempts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace penstock {

Attempts::Attempts(const RetryPolicy& policy, std::function<void()> interrupt)
    : policy_(policy),
      interrupt_(std::move(interrupt)),
      clock_(policy.give_up_after),
      backoff_(policy.first_retry_delay, policy.max_retry_delay) {}

Attempts::~Attempts() {
  if (!watchdog_.joinable()) return;
  {
    MutexLock lock(&mutex_);
    done_ = true;
  }
  watchdog_.join();
}

void Attempts::Watch() {
  watchdog_ = std::thread([this] { WatchClock(); });
}

bool Attempts::BeginCall(std::function<void()> cancel) {
  MutexLock lock(&mutex_);
  if (stop_ != Stop::kNone) return false;
  cancel_ = std::move(cancel);
  return true;
}

void Attempts::EndCall() {
  MutexLock lock(&mutex_);
  cancel_ = nullptr;
}

Attempts::Stop Attempts::stop() const {
  MutexLock lock(&mutex_);
  return stop_;
}

void Attempts::OnProgress() {
  clock_.OnProgress();
  MutexLock lock(&mutex_);
  backoff_.Reset();
}

std::optional<TransferRetry> Attempts::Plan(const absl::Status& cause, Connection& connection) {
  const std::optional<absl::Duration> asked = RetryDelay(cause);
  const absl::Duration patience = clock_.Remaining();
  if (asked.value_or(absl::ZeroDuration()) >= patience) return std::nullopt;
  TransferRetry retry;
  {
    MutexLock lock(&mutex_);
    retry.delay = std::min(backoff_.Next(asked), patience);
  }
  retry.cause = IsTransportError(cause)
                    ? WithPrefix(cause, absl::StrCat("server ", connection.address()))
                    : cause;
  connection.UseNext();
  retry.next_server = connection.address();
  return retry;
}

void Attempts::Wait(absl::Duration delay) {
  MutexLock lock(&mutex_);
  const auto stopped = [this]()
                           ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stop_ != Stop::kNone; };
  mutex_.AwaitWithTimeout(stopped, delay);
}

// The watchdog's thread.
void Attempts::WatchClock() {
  const auto done = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return done_; };
  const absl::Duration longest_nap = std::min(policy_.give_up_after / 4, absl::Seconds(1));
  while (true) {
    const absl::Duration remaining = clock_.Remaining();
    if (remaining <= absl::ZeroDuration()) {
      StopWith(Stop::kStalled);
      return;
    }
    MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(done, std::min(remaining, longest_nap))) return;
  }
}

void Attempts::StopWith(Stop stop) {
  {
    MutexLock lock(&mutex_);
    if (stop_ == Stop::kNone || stop == Stop::kCancelled) stop_ = stop;
    if (cancel_ != nullptr) cancel_();
  }
  interrupt_();
}

}  // namespace penstock
