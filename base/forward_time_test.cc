#include "base/forward_time.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

TEST(ForwardTimeTest, IsTheClocksWhileThatGoesForward) {
  ForwardTime time;
  EXPECT_EQ(time.Next(kNoon, absl::Hours(7)), kNoon);
  EXPECT_EQ(time.Next(kNoon + absl::Seconds(1), absl::Hours(7) + absl::Seconds(1)),
            kNoon + absl::Seconds(1));
  EXPECT_EQ(time.Next(kNoon + absl::Hours(1), absl::Hours(7) + absl::Seconds(2)),
            kNoon + absl::Hours(1));
}

TEST(ForwardTimeTest, GoesOnAtHalfSpeedUntilAClockThatWasSetBackHasCaughtUp) {
  ForwardTime time;
  time.Next(kNoon, absl::ZeroDuration());
  const auto next = [&](absl::Duration passed) {
    return time.Next(kNoon - absl::Minutes(10) + passed, passed) - kNoon;
  };
  EXPECT_EQ(next(absl::ZeroDuration()), absl::ZeroDuration());
  EXPECT_EQ(next(absl::Minutes(4)), absl::Minutes(2));
  EXPECT_EQ(next(absl::Minutes(20)), absl::Minutes(10));
  EXPECT_EQ(next(absl::Minutes(30)), absl::Minutes(20)) << "the clock's again";
}

TEST(ForwardTimeTest, StandsStillAtMostWhereNoTimePassed) {
  ForwardTime time;
  time.Next(kNoon, absl::Seconds(1));
  EXPECT_EQ(time.Next(kNoon - absl::Seconds(1), absl::Seconds(1)), kNoon);
}

}  // namespace
}  // namespace penstock
