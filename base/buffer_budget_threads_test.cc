// The budget from many threads, for TSan.

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/buffer_budget.h"
#include "base/mutex.h"
#include "base/notification.h"

namespace penstock {
namespace {

using Need = BufferBudget::Need;

constexpr int64_t kSlab = 10;

// Frees parts on a thread of its own, as commits do.
class Committer {
 public:
  ~Committer() {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
    }
    thread_.join();
  }

  void Commit(MemoryLease part) {
    MutexLock lock(&mutex_);
    parts_.push_back(std::move(part));
  }

 private:
  void Run() {
    for (bool stopping = false; !stopping;) {
      std::vector<MemoryLease> parts;  // freed without the lock
      MutexLock lock(&mutex_);
      mutex_.Await(
          [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !parts_.empty(); });
      parts.swap(parts_);
      stopping = stopping_;
    }
  }

  Mutex mutex_;  // guards what follows
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<MemoryLease> parts_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_{[this] { Run(); }};  // the last: uses the others
};

// Takes `bytes`, waiting for them.
MemoryLease TakeNow(BufferBudget& budget, BufferBudget::Borrower borrower, int64_t bytes,
                    Need need) {
  Notification granted;
  MemoryLease later;
  std::optional<MemoryLease> lease = budget.Ask(
      borrower, bytes,
      [&](MemoryLease lease) {
        later = std::move(lease);
        granted.Notify();
      },
      need);
  if (lease.has_value()) return *std::move(lease);
  granted.WaitForNotification();
  return later;
}

// Each thread fills parts, another one commits them.
TEST(BufferBudgetThreadsTest, EveryWaitEnds) {
  BufferBudget budget(int64_t{8} * 8 * kSlab, kSlab);
  std::atomic<int64_t> pressed = 0;
  budget.set_on_pressure([&] { ++pressed; });
  {
    Committer committer;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&budget, &committer, i] {
        std::mt19937_64 random(static_cast<uint64_t>(i));
        for (int part = 0; part < 500; ++part) {
          const int64_t size = kSlab * static_cast<int64_t>(1 + random() % 8);
          MemoryLease filling = TakeNow(budget, &random, kSlab, Need::kNewPart);
          while (filling.bytes() < size) {
            filling.Merge(TakeNow(budget, &random, kSlab, Need::kMore));
          }
          committer.Commit(std::move(filling));
        }
        budget.Forget(&random);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(budget.stats().used, 0);
  EXPECT_GT(pressed, 0);
}

}  // namespace
}  // namespace penstock
