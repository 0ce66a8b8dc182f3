#include "base/periodic_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "base/notification.h"

namespace penstock {
namespace {

using testing::ElementsAre;

constexpr absl::Duration kFirst = absl::Seconds(1);
constexpr absl::Duration kInterval = absl::Minutes(1);

// Time passes when the test says so.
class ManualExecutor final : public Executor {
 public:
  void Post(Closure closure) override { PostAfter(absl::ZeroDuration(), std::move(closure)); }
  void PostAfter(absl::Duration delay, Closure closure) override {
    delays.push_back(delay);
    closures.push_back(std::move(closure));
  }

  void RunNext() {
    Closure next = std::move(closures.at(0));
    closures.erase(closures.begin());
    std::move(next)();
  }

  std::vector<absl::Duration> delays;  // of everything posted so far
  std::vector<Closure> closures;       // not run yet
};

class PeriodicTaskTest : public testing::Test {
 protected:
  std::unique_ptr<PeriodicTask> Make() {
    return std::make_unique<PeriodicTask>(
        executor_, kFirst, kInterval, [this](Closure done) { done_.push_back(std::move(done)); });
  }

  void EndRun() { std::move(done_.back())(); }

  ManualExecutor executor_;
  std::vector<Closure> done_;  // of every run so far
};

TEST_F(PeriodicTaskTest, RunsAgainOnlyWhenTheRunIsOver) {
  const auto task = Make();
  EXPECT_TRUE(done_.empty());
  executor_.RunNext();
  EXPECT_EQ(done_.size(), 1u);
  EXPECT_TRUE(executor_.closures.empty()) << "the next run was planned beside one under way";
  EXPECT_FALSE(task->AwaitIdle(absl::ZeroDuration()));
  EndRun();
  EXPECT_TRUE(task->AwaitIdle(absl::ZeroDuration()));
  EXPECT_THAT(executor_.delays, ElementsAre(kFirst, kInterval));
  executor_.RunNext();
  EXPECT_EQ(done_.size(), 2u);
  EndRun();
}

TEST_F(PeriodicTaskTest, NothingBeginsAfterStop) {
  const auto task = Make();
  task->Stop();
  executor_.RunNext();
  EXPECT_TRUE(done_.empty());
}

TEST_F(PeriodicTaskTest, StopDuringARunLetsItEndAndPlansNoOther) {
  const auto task = Make();
  executor_.RunNext();
  task->Stop();
  EXPECT_FALSE(task->AwaitIdle(absl::ZeroDuration()));
  EndRun();
  EXPECT_TRUE(task->AwaitIdle(absl::ZeroDuration()));
  EXPECT_TRUE(executor_.closures.empty());
}

TEST_F(PeriodicTaskTest, WhatWaitsInTheExecutorMayOutliveTheTask) {
  Make().reset();
  executor_.RunNext();
  EXPECT_TRUE(done_.empty());
}

TEST_F(PeriodicTaskTest, DestructorWaitsForTheRun) {
  auto task = Make();
  executor_.RunNext();
  std::atomic<bool> ended = false;
  Notification destroying;
  std::thread other([&] {
    destroying.WaitForNotification();
    ended = true;
    EndRun();
  });
  destroying.Notify();
  task.reset();
  EXPECT_TRUE(ended);
  other.join();
}

TEST(PeriodicTaskThreadsTest, RunsOnAPoolUntilItIsStopped) {
  const std::unique_ptr<Executor> pool = MakeThreadPool(2);
  BlockingCounter three(3);
  std::atomic<int> runs = 0;
  std::atomic<int> under_way = 0;
  PeriodicTask task(*pool, absl::ZeroDuration(), absl::ZeroDuration(), [&](Closure done) {
    EXPECT_EQ(++under_way, 1);
    pool->Post([&, done = std::move(done)]() mutable {
      --under_way;
      if (++runs <= 3) three.DecrementCount();
      std::move(done)();
    });
  });
  three.Wait();
}

}  // namespace
}  // namespace penstock
