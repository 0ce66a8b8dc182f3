#include "plugin/oss/request_limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/notification.h"

namespace penstock::oss {
namespace {

using testing::ElementsAre;
using Outcome = RequestLimiter::Outcome;

// Runs what was posted when it is told to.
class ManualExecutor final : public Executor {
 public:
  void Post(Closure closure) override { closures_.push_back(std::move(closure)); }
  void PostAfter(absl::Duration, Closure closure) override { Post(std::move(closure)); }
  void Run() {
    while (!closures_.empty()) {
      Closure closure = std::move(closures_.front());
      closures_.pop_front();
      std::move(closure)();
    }
  }

 private:
  std::deque<Closure> closures_;
};

class RequestLimiterTest : public testing::Test {
 protected:
  // Requests are numbered in the order in which they ask for a slot.
  void Ask(RequestLimiter& limiter, const std::string& flow = "") {
    limiter.Acquire(flow, [this, number = asked_++](RequestLimiter::Slot slot) {
      order_.push_back(number);
      slots_.emplace(number, std::move(slot));
    });
  }
  void AskFor(RequestLimiter& limiter, int count) {
    for (int i = 0; i < count; ++i) Ask(limiter);
  }
  bool End(int number, Outcome outcome) {
    RequestLimiter::Slot slot = std::move(slots_.at(number));
    slots_.erase(number);
    const bool lowered = slot.Report(outcome);
    executor_.Run();
    return lowered;
  }
  // Ends `count` requests as they were let go, each followed by another.
  void Serve(RequestLimiter& limiter, int count) {
    for (int i = 0; i < count; ++i) {
      Ask(limiter);
      End(slots_.begin()->first, Outcome::kServed);
    }
  }

  // What still waits gets its slot, and gives it back before the limiter goes.
  void EndAll() {
    while (!slots_.empty()) {
      slots_.clear();
      executor_.Run();
    }
  }

  ManualExecutor executor_;
  int asked_ = 0;
  std::vector<int> order_;
  std::map<int, RequestLimiter::Slot> slots_;
};

TEST_F(RequestLimiterTest, ObjectsTakeTurns) {
  RequestLimiter limiter(1, executor_);
  for (int i = 0; i < 4; ++i) Ask(limiter, "fast");  // 0 is under way, 1 to 3 wait
  Ask(limiter, "slow");
  Ask(limiter, "slower");
  for (const int number : {0, 1, 4, 5, 2, 3}) End(number, Outcome::kOther);
  EXPECT_THAT(order_, ElementsAre(0, 1, 4, 5, 2, 3));
}

TEST_F(RequestLimiterTest, LetsRequestsGoInTheirOrder) {
  RequestLimiter limiter(2, executor_);
  AskFor(limiter, 5);
  EXPECT_THAT(order_, ElementsAre(0, 1));
  End(1, Outcome::kServed);
  EXPECT_THAT(order_, ElementsAre(0, 1, 2));
  End(0, Outcome::kOther);
  slots_.clear();  // destroyed without a word
  executor_.Run();
  EXPECT_THAT(order_, ElementsAre(0, 1, 2, 3, 4));
  EndAll();
}

TEST_F(RequestLimiterTest, HalvesWhatWasUnderWayWhenThrottled) {
  RequestLimiter limiter(100, executor_);
  AskFor(limiter, 16);
  EXPECT_TRUE(End(0, Outcome::kThrottled));
  EXPECT_EQ(limiter.limit(), 8);
  Ask(limiter);
  EXPECT_EQ(slots_.size(), 15u);  // those that were under way stay so, and the new one waits
  EndAll();
}

TEST_F(RequestLimiterTest, CountsAWaveOfRefusalsOnce) {
  RequestLimiter limiter(16, executor_);
  AskFor(limiter, 16);
  EXPECT_TRUE(End(0, Outcome::kThrottled));
  for (int i = 1; i < 16; ++i) EXPECT_FALSE(End(i, Outcome::kThrottled));
  EXPECT_EQ(limiter.limit(), 8);
  AskFor(limiter, 8);
  EXPECT_TRUE(End(16, Outcome::kThrottled));
  EXPECT_EQ(limiter.limit(), 4);
  EndAll();
}

TEST_F(RequestLimiterTest, ShrinksALittleWhenSlowed) {
  RequestLimiter limiter(20, executor_);
  AskFor(limiter, 20);
  EXPECT_TRUE(End(0, Outcome::kSlowed));
  EXPECT_EQ(limiter.limit(), 18);
  EndAll();
}

TEST_F(RequestLimiterTest, KeepsItsLeast) {
  RequestLimiter limiter(64, executor_);
  for (int i = 0; i < 20; ++i) {
    Ask(limiter);
    End(i, Outcome::kThrottled);
  }
  EXPECT_EQ(limiter.limit(), RequestLimiter::kLeast);
  RequestLimiter one(1, executor_);
  Ask(one);
  EXPECT_FALSE(End(20, Outcome::kThrottled));
  EXPECT_EQ(one.limit(), 1);
}

TEST_F(RequestLimiterTest, RecoversUnderLoadUpToItsMost) {
  constexpr int kMost = 10;
  RequestLimiter limiter(kMost, executor_);
  AskFor(limiter, kMost);
  End(0, Outcome::kThrottled);
  EXPECT_EQ(limiter.limit(), 5);
  for (int i = 1; i < kMost; ++i) End(i, Outcome::kServed);
  EXPECT_EQ(limiter.limit(), 5);  // these were sent before
  Serve(limiter, 20);
  EXPECT_EQ(limiter.limit(), 5);  // one at a time proves nothing of five
  AskFor(limiter, kMost);
  Serve(limiter, 6);
  EXPECT_EQ(limiter.limit(), 6);
  Serve(limiter, 100);
  EXPECT_EQ(limiter.limit(), kMost);
  EXPECT_EQ(slots_.size(), size_t{kMost});
  EndAll();
}

TEST_F(RequestLimiterTest, IsNotRaisedByWhatSaysNothing) {
  RequestLimiter limiter(8, executor_);
  AskFor(limiter, 8);
  End(0, Outcome::kThrottled);
  for (int i = 1; i < 8; ++i) End(i, Outcome::kOther);
  EXPECT_EQ(limiter.limit(), 4);
}

TEST_F(RequestLimiterTest, ASlotThatWasMovedIsGivenBackOnce) {
  RequestLimiter limiter(1, executor_);
  AskFor(limiter, 2);
  RequestLimiter::Slot slot = std::move(slots_.at(0));
  slots_.clear();
  executor_.Run();
  EXPECT_THAT(order_, ElementsAre(0));
  slot = RequestLimiter::Slot();
  executor_.Run();
  EXPECT_THAT(order_, ElementsAre(0, 1));
  EndAll();
}

// Starts that end at once, as a request that fails before it is sent, by the thousands.
TEST_F(RequestLimiterTest, DoesNotNestStarts) {
  RequestLimiter limiter(1, executor_);
  Ask(limiter);
  int started = 0;
  for (int i = 0; i < 100'000; ++i) {
    limiter.Acquire("", [&started](RequestLimiter::Slot) { ++started; });
  }
  End(0, Outcome::kServed);
  EXPECT_EQ(started, 100'000);
}

TEST(RequestLimiterThreadsTest, NeverLetsMoreGoThanItsLimit) {
  constexpr int kMost = 3;
  constexpr int kRequests = 2000;
  Notification all_done;
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::atomic<int> done = 0;
  const std::unique_ptr<Executor> pool = MakeThreadPool(4);
  RequestLimiter limiter(kMost, *pool);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRequests / 4; ++i) {
        limiter.Acquire("", [&](RequestLimiter::Slot slot) {
          const int now = ++running;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          --running;
          slot.Report(now % 2 == 0 ? Outcome::kServed : Outcome::kSlowed);
          if (++done == kRequests) all_done.Notify();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  all_done.WaitForNotification();
  EXPECT_LE(most, kMost);
}

}  // namespace
}  // namespace penstock::oss
