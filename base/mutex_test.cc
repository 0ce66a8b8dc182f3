#include "base/mutex.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "base/notification.h"

namespace penstock {
namespace {

TEST(MutexTest, EveryUnlockWakesThoseWhoseConditionHolds) {
  Mutex mutex;
  int turn = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        MutexLock lock(&mutex);
        mutex.Await([&] { return turn == round * 8 + i; });
        ++turn;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(turn, 400);
}

TEST(MutexTest, AwaitWithTimeoutTellsWhetherTheConditionHolds) {
  Mutex mutex;
  MutexLock lock(&mutex);
  EXPECT_FALSE(mutex.AwaitWithTimeout([] { return false; }, absl::Milliseconds(1)));
  EXPECT_FALSE(mutex.AwaitWithTimeout([] { return false; }, -absl::InfiniteDuration()));
  EXPECT_TRUE(mutex.AwaitWithTimeout([] { return true; }, absl::ZeroDuration()));
  EXPECT_TRUE(mutex.AwaitWithTimeout([] { return true; }, absl::InfiniteDuration()));
}

TEST(MutexTest, AWaitWithoutEndIsWokenByTheNotification) {
  for (int round = 0; round < 200; ++round) {
    auto notification = std::make_unique<Notification>();
    std::thread notifier([&notification] { notification->Notify(); });
    EXPECT_TRUE(notification->WaitForNotificationWithTimeout(absl::InfiniteDuration()));
    EXPECT_TRUE(notification->HasBeenNotified());
    notification = nullptr;  // allowed although Notify may not have returned
    notifier.join();
  }
}

}  // namespace
}  // namespace penstock
