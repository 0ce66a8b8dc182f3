#include "base/executor.h"

#include <deque>
#include <map>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

namespace penstock {
namespace {

class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(int threads) : max_threads_(static_cast<size_t>(threads)) {}

  ~ThreadPool() override {
    std::vector<std::thread> threads;
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
      wakeup_.SignalAll();
      threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
  }

  void Post(Closure closure) override {
    MutexLock lock(&mutex_);
    ready_.push_back(std::move(closure));
    Wake();
  }

  void PostAfter(absl::Duration delay, Closure closure) override {
    MutexLock lock(&mutex_);
    delayed_.emplace(SteadyNow() + delay, std::move(closure));
    Wake();
  }

 private:
  // Has a thread look at what there is: one that waits, or a new one where those that wait have
  // enough to do.
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool taken = waiting_ > 0 && ready_.size() <= waiting_;
    if (taken || stopping_ || threads_.size() == max_threads_ || !Begin()) wakeup_.Signal();
  }

  // False where the system gives no more threads; those that are there do with less.
  bool Begin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    try {
      threads_.emplace_back([this] { Run(); });
      return true;
    } catch (const std::system_error&) {
      if (threads_.empty()) throw;
      return false;
    }
  }

  void Run() {
    while (Closure closure = Next()) std::move(closure)();
  }

  // The next closure to run; null once the pool stops and nothing is ready.
  Closure Next() {
    MutexLock lock(&mutex_);
    while (true) {
      while (!delayed_.empty() && delayed_.begin()->first <= SteadyNow()) {
        ready_.push_back(std::move(delayed_.begin()->second));
        delayed_.erase(delayed_.begin());
      }
      if (!ready_.empty()) {
        Closure closure = std::move(ready_.front());
        ready_.pop_front();
        if (!ready_.empty() || !delayed_.empty()) Wake();
        return closure;
      }
      if (stopping_) return nullptr;
      ++waiting_;
      if (delayed_.empty()) {
        wakeup_.Wait(&mutex_);
      } else {
        wakeup_.WaitFor(&mutex_, delayed_.begin()->first - SteadyNow());
      }
      --waiting_;
    }
  }

  const size_t max_threads_;

  Mutex mutex_;  // guards what follows
  CondVar wakeup_;
  size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;  // threads with nothing to do
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Closure> ready_ ABSL_GUARDED_BY(mutex_);
  std::multimap<absl::Duration, Closure> delayed_ ABSL_GUARDED_BY(mutex_);  // by SteadyNow
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Executor> MakeThreadPool(int threads) {
  return std::make_unique<ThreadPool>(threads);
}

}  // namespace penstock
