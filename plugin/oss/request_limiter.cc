#include "plugin/oss/request_limiter.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace penstock::oss {
namespace {

constexpr double kThrottledFactor = 0.5;
constexpr double kSlowedFactor = 0.9;

}  // namespace

RequestLimiter::Slot::Slot(Slot&& other) noexcept
    : limiter_(std::exchange(other.limiter_, nullptr)), round_(other.round_) {}

RequestLimiter::Slot& RequestLimiter::Slot::operator=(Slot&& other) noexcept {
  if (this == &other) return *this;
  Report(Outcome::kOther);
  limiter_ = std::exchange(other.limiter_, nullptr);
  round_ = other.round_;
  return *this;
}

bool RequestLimiter::Slot::Report(Outcome outcome) {
  RequestLimiter* const limiter = std::exchange(limiter_, nullptr);
  return limiter != nullptr && limiter->Release(outcome, round_);
}

RequestLimiter::RequestLimiter(int most, Executor& executor)
    : most_(most), least_(std::min(most, kLeast)), executor_(executor), limit_(most) {}

void RequestLimiter::Acquire(const std::string& flow, Start start) {
  Slot slot;
  {
    MutexLock lock(&mutex_);
    // Nobody overtakes those who wait: while there are any, there is no room.
    if (!HasRoom()) {
      waiting_.Push(flow, std::move(start));
      return;
    }
    ++under_way_;
    slot = Slot(this, round_);
  }
  std::move(start)(std::move(slot));
}

bool RequestLimiter::Release(Outcome outcome, int64_t round) {
  std::vector<Closure> closures;
  bool lowered = false;
  {
    MutexLock lock(&mutex_);
    lowered = Adapt(outcome, round);
    --under_way_;
    while (!waiting_.empty() && HasRoom()) {
      ++under_way_;
      // The slot behind what starts: it is given back first, should nobody run this.
      closures.push_back([start = waiting_.Pop(), slot = Slot(this, round_)]() mutable {
        std::move(start)(std::move(slot));
      });
    }
  }
  // Not from here: a start that fails at once would release within a release, and so on.
  for (Closure& closure : closures) executor_.Post(std::move(closure));
  return lowered;
}

bool RequestLimiter::Adapt(Outcome outcome, int64_t round) {
  // What was sent before the limit was lowered tells of the time before.
  if (outcome == Outcome::kOther || round != round_) return false;
  if (outcome == Outcome::kServed) {
    // Only a limit that is in use has proved anything.
    if (under_way_ >= static_cast<int>(limit_)) limit_ = std::min(most_, limit_ + 1 / limit_);
    return false;
  }
  ++round_;
  const double factor = outcome == Outcome::kThrottled ? kThrottledFactor : kSlowedFactor;
  const double in_use = std::min(limit_, static_cast<double>(under_way_));
  const double lower = std::max(least_, in_use * factor);
  const bool lowered = static_cast<int>(lower) < static_cast<int>(limit_);
  limit_ = std::min(limit_, lower);
  return lowered;
}

bool RequestLimiter::HasRoom() const { return under_way_ < static_cast<int>(limit_); }

int RequestLimiter::limit() const {
  MutexLock lock(&mutex_);
  return static_cast<int>(limit_);
}

}  // namespace penstock::oss
