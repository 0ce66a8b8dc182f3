#include "base/executor.h"

#include <deque>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/mutex.h"

namespace penstock {
namespace {

class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
  }

  ~ThreadPool() override {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
      wakeup_.SignalAll();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  void Post(Closure closure) override {
    MutexLock lock(&mutex_);
    ready_.push_back(std::move(closure));
    wakeup_.Signal();
  }

  void PostAfter(absl::Duration delay, Closure closure) override {
    MutexLock lock(&mutex_);
    delayed_.emplace(absl::Now() + delay, std::move(closure));
    wakeup_.Signal();
  }

 private:
  void Run() {
    while (Closure closure = Next()) std::move(closure)();
  }

  // The next closure to run; null once the pool stops and nothing is ready.
  Closure Next() {
    MutexLock lock(&mutex_);
    while (true) {
      while (!delayed_.empty() && delayed_.begin()->first <= absl::Now()) {
        ready_.push_back(std::move(delayed_.begin()->second));
        delayed_.erase(delayed_.begin());
      }
      if (!ready_.empty()) {
        Closure closure = std::move(ready_.front());
        ready_.pop_front();
        if (!ready_.empty() || !delayed_.empty()) wakeup_.Signal();
        return closure;
      }
      if (stopping_) return nullptr;
      if (delayed_.empty()) {
        wakeup_.Wait(&mutex_);
      } else {
        wakeup_.WaitWithDeadline(&mutex_, delayed_.begin()->first);
      }
    }
  }

  Mutex mutex_;  // guards what follows
  CondVar wakeup_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Closure> ready_ ABSL_GUARDED_BY(mutex_);
  std::multimap<absl::Time, Closure> delayed_ ABSL_GUARDED_BY(mutex_);

  std::vector<std::thread> threads_;  // constant after construction
};

}  // namespace

std::unique_ptr<Executor> MakeThreadPool(int threads) {
  return std::make_unique<ThreadPool>(threads);
}

}  // namespace penstock
