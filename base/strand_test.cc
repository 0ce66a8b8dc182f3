#include "base/strand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "base/notification.h"

namespace penstock {
namespace {

TEST(StrandTest, RunsOneClosureAtATimeInOrder) {
  constexpr int kCount = 1000;
  const auto pool = MakeThreadPool(4);
  Strand strand(*pool);
  std::vector<int> order;  // unsynchronized on purpose: the strand is what protects it
  Notification done;
  for (int i = 0; i < kCount; ++i) {
    strand.Post([&order, &done, i] {
      order.push_back(i);
      if (i == kCount - 1) done.Notify();
    });
  }
  done.WaitForNotification();
  ASSERT_EQ(order.size(), static_cast<size_t>(kCount));
  for (int i = 0; i < kCount; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(StrandTest, RunsAtOnceWhatFindsItIdle) {
  const auto pool = MakeThreadPool(1);
  Strand strand(*pool);
  std::thread::id ran_on;
  strand.RunOrPost([&] { ran_on = std::this_thread::get_id(); });
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(StrandTest, PostsWhatFindsItBusy) {
  const auto pool = MakeThreadPool(2);
  Strand strand(*pool);
  std::vector<int> order;
  Notification started;
  Notification go_on;
  Notification done;
  strand.Post([&] {
    started.Notify();
    go_on.WaitForNotification();
    strand.RunOrPost([&] {  // from within: after what runs
      order.push_back(3);
      done.Notify();
    });
    order.push_back(1);
  });
  started.WaitForNotification();
  strand.RunOrPost([&] { order.push_back(2); });
  go_on.Notify();
  done.WaitForNotification();
  EXPECT_THAT(order, testing::ElementsAre(1, 2, 3));
}

TEST(StrandTest, KeepsTheOrderWhileItIsNeverIdle) {
  constexpr int kCount = 1000;
  std::vector<int> order;
  Notification done;
  std::function<void(int)> step;
  const auto pool = MakeThreadPool(2);  // ends its threads before what they use goes
  Strand strand(*pool);
  step = [&](int i) {
    order.push_back(i);
    if (i + 3 < kCount) strand.Post([&step, i] { step(i + 3); });
    if (i == kCount - 1) done.Notify();
  };
  strand.Post([&] {
    for (int i = 0; i < 3; ++i) strand.Post([&step, i] { step(i); });
  });
  done.WaitForNotification();
  ASSERT_EQ(order.size(), static_cast<size_t>(kCount));
  for (int i = 0; i < kCount; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(StrandTest, StrandsRunInParallel) {
  const auto pool = MakeThreadPool(2);
  Strand first(*pool);
  Strand second(*pool);
  Notification first_runs;
  Notification second_runs;
  BlockingCounter ended(2);
  first.Post([&] {  // each waits for the other: this ends only if they overlap
    first_runs.Notify();
    second_runs.WaitForNotification();
    ended.DecrementCount();
  });
  second.Post([&] {
    second_runs.Notify();
    first_runs.WaitForNotification();
    ended.DecrementCount();
  });
  ended.Wait();
}

TEST(StrandTest, RunsDelayedClosuresInOrderOfTime) {
  std::vector<int> order;
  Notification done;
  const auto pool = MakeThreadPool(2);  // drops what is due in an hour
  Strand strand(*pool);
  strand.PostAfter(absl::Hours(1), [&] { order.push_back(2); });
  strand.PostAfter(absl::Milliseconds(1), [&] {
    order.push_back(1);
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_THAT(order, testing::ElementsAre(1));
}

TEST(StrandTest, MayGoBeforeItsClosures) {
  const auto pool = MakeThreadPool(1);
  Notification done;
  {
    Strand strand(*pool);
    strand.PostAfter(absl::Milliseconds(1), [&] { done.Notify(); });
  }
  done.WaitForNotification();
}

}  // namespace
}  // namespace penstock
