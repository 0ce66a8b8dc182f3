#include "client/backoff.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(BackoffTest, DoublesUpToItsMaximumWithJitter) {
  Backoff backoff(absl::Milliseconds(100), absl::Milliseconds(350));
  for (const int expected : {100, 200, 350, 350}) {
    const absl::Duration delay = backoff.Next(std::nullopt);
    EXPECT_GE(delay, absl::Milliseconds(expected) / 2);
    EXPECT_LE(delay, absl::Milliseconds(expected));
  }
}

TEST(BackoffTest, NeverWaitsLessThanAsked) {
  Backoff backoff(absl::Milliseconds(100), absl::Seconds(1));
  EXPECT_GE(backoff.Next(absl::Seconds(7)), absl::Seconds(7));
}

TEST(BackoffTest, BeginsAnewAfterProgress) {
  Backoff backoff(absl::Milliseconds(100), absl::Seconds(100));
  for (int i = 0; i < 8; ++i) backoff.Next(std::nullopt);
  backoff.Reset();
  EXPECT_LE(backoff.Next(std::nullopt), absl::Milliseconds(100));
}

TEST(StallClockTest, RunsOutWithoutProgress) {
  const StallClock clock(absl::ZeroDuration());
  EXPECT_LE(clock.Remaining(), absl::ZeroDuration());
}

TEST(StallClockTest, StandsStillInAnOwnWait) {
  StallClock clock(absl::ZeroDuration());
  clock.OnOwnWait(true);
  EXPECT_EQ(clock.Remaining(), absl::InfiniteDuration());
  clock.OnOwnWait(false);
  EXPECT_LE(clock.Remaining(), absl::ZeroDuration());
}

}  // namespace
}  // namespace penstock
