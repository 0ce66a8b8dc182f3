#include "client/cli/size_parse.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock::cli {
namespace {

TEST(ParseSizeTest, KnowsPowersOf1024) {
  EXPECT_EQ(*ParseSize("0"), 0);
  EXPECT_EQ(*ParseSize("1048576"), 1048576);
  EXPECT_EQ(*ParseSize("100B"), 100);
  EXPECT_EQ(*ParseSize("8MiB"), 8 << 20);
  EXPECT_EQ(*ParseSize("64K"), 64 << 10);
  EXPECT_EQ(*ParseSize("64k"), 64 << 10);
  EXPECT_EQ(*ParseSize("1.5GiB"), int64_t{3} << 29);
  EXPECT_EQ(*ParseSize("2T"), int64_t{2} << 40);
}

TEST(ParseSizeTest, RefusesEverythingElse) {
  for (const char* text :
       {"", "MiB", "8MB", "8 MiB", "-1", "1e6", "8iB", "0.3B", "1..5K", "9E", "0x10", "nan"}) {
    EXPECT_EQ(ErrorReason(ParseSize(text).status()), "BAD_SIZE") << text;
  }
}

TEST(FormatSizeTest, PicksTheUnit) {
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(1023), "1023 B");
  EXPECT_EQ(FormatSize(1024), "1.0 KiB");
  EXPECT_EQ(FormatSize(1536), "1.5 KiB");
  EXPECT_EQ(FormatSize((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(FormatSize(int64_t{5} << 40), "5.0 TiB");
}

TEST(FormatClockTest, LeavesOutEmptyHours) {
  EXPECT_EQ(FormatClock(absl::Seconds(24.9)), "0:24");
  EXPECT_EQ(FormatClock(absl::Seconds(723)), "12:03");
  EXPECT_EQ(FormatClock(absl::Seconds(3723)), "1:02:03");
}

TEST(ParseDurationTest, IsPositive) {
  EXPECT_EQ(*ParseDuration("1h30m"), absl::Minutes(90));
  for (const char* text : {"", "5", "0s", "-1m", "soon"}) {
    EXPECT_EQ(ErrorReason(ParseDuration(text).status()), "BAD_DURATION") << text;
  }
}

}  // namespace
}  // namespace penstock::cli
