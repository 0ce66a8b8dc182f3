#include "base/mutex.h"

#include <algorithm>
#include <chrono>

namespace penstock {
namespace {

// Longer waits would overflow the clocks' own numbers.
constexpr absl::Duration kLongestWait = absl::Hours(24 * 365);

// Lends a held mutex to std::condition_variable, which gives it back held.
class Adopted {
 public:
  explicit Adopted(std::mutex& mutex) : lock_(mutex, std::adopt_lock) {}
  ~Adopted() { lock_.release(); }
  std::unique_lock<std::mutex>& lock() { return lock_; }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace

void Mutex::Await(absl::FunctionRef<bool()> condition) {
  Adopted adopted(mutex_);
  ++waiting_;
  while (!condition()) released_.wait(adopted.lock());
  --waiting_;
}

bool Mutex::AwaitWithTimeout(absl::FunctionRef<bool()> condition, absl::Duration timeout) {
  const auto deadline =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(std::min(timeout, kLongestWait));
  Adopted adopted(mutex_);
  ++waiting_;
  const bool holds = released_.wait_until(adopted.lock(), deadline, condition);
  --waiting_;
  return holds;
}

void CondVar::Wait(Mutex* mutex) {
  Adopted adopted(mutex->mutex_);
  signal_.wait(adopted.lock());
}

void CondVar::WaitFor(Mutex* mutex, absl::Duration timeout) {
  Adopted adopted(mutex->mutex_);
  signal_.wait_for(adopted.lock(), absl::ToChronoNanoseconds(std::min(timeout, kLongestWait)));
}

}  // namespace penstock
