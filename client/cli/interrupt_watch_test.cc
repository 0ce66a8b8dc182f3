#include "client/cli/interrupt_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/notification.h"
#include "client/cli/exit_code.h"

namespace penstock::cli {
namespace {

TEST(InterruptWatchTest, TheFirstSignalIsToldOnAThread) {
  Notification told;
  const InterruptWatch watch([&told] { told.Notify(); });
  kill(getpid(), SIGTERM);
  told.WaitForNotification();
}

TEST(InterruptWatchTest, TheSecondSignalEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto interrupt_twice = [] {
    Notification told;
    const InterruptWatch watch([&told] { told.Notify(); });
    kill(getpid(), SIGINT);
    told.WaitForNotification();
    kill(getpid(), SIGINT);
    pause();
  };
  EXPECT_EXIT(interrupt_twice(), ::testing::ExitedWithCode(kExitInterrupted), "");
}

TEST(InterruptWatchTest, EndsWithoutASignal) {
  bool told = false;
  {
    const InterruptWatch watch([&told] { told = true; });
  }
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace penstock::cli
