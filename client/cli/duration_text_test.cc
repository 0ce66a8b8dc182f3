#include "client/cli/duration_text.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock::cli {
namespace {

TEST(FormatClockTest, LeavesOutEmptyHours) {
  EXPECT_EQ(FormatClock(absl::Seconds(24.9)), "0:24");
  EXPECT_EQ(FormatClock(absl::Seconds(723)), "12:03");
  EXPECT_EQ(FormatClock(absl::Seconds(3723)), "1:02:03");
}

TEST(ParseDurationTest, IsPositive) {
  EXPECT_EQ(*ParseDuration("1h30m"), absl::Minutes(90));
  EXPECT_EQ(*ParseDuration("7d"), absl::Hours(7 * 24));
  EXPECT_EQ(*ParseDuration("1d12h"), absl::Hours(36));
  for (const char* text : {"", "5", "0s", "-1m", "soon", "d", "-1d", "1.5d", "1d-1h", "d5m"}) {
    EXPECT_EQ(ErrorReason(ParseDuration(text).status()), "BAD_DURATION") << text;
  }
}

}  // namespace
}  // namespace penstock::cli
