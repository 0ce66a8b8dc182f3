#include "base/byte_size.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock {
namespace {

TEST(ParseByteSizeTest, KnowsPowersOf1024) {
  const std::pair<const char*, int64_t> cases[] = {{"0", 0},
                                                   {"1048576", 1048576},
                                                   {"100B", 100},
                                                   {"8MiB", 8 << 20},
                                                   {"64K", 64 << 10},
                                                   {"64k", 64 << 10},
                                                   {"5GiB", 5ll << 30},
                                                   {"1.5GiB", 3ll << 29},
                                                   {"2T", 2ll << 40},
                                                   {"7E", 7ll << 60},
                                                   {"100KiB", 102400},
                                                   {"9223372036854775807", 9223372036854775807ll}};
  for (const auto& [text, bytes] : cases) {
    const auto parsed = ParseByteSize(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ParseByteSizeTest, RefusesEverythingElse) {
  for (const char* text : {"", "MiB", "8MB", "8 MiB", "-1", "1e6", "8iB", "0.3B", "1..5K", "8E",
                           "9223372036854775808", "0x10", "nan", "8MiBs"}) {
    EXPECT_EQ(ErrorReason(ParseByteSize(text).status()), "BAD_BYTE_SIZE") << text;
  }
}

TEST(FormatByteSizeTest, PicksTheUnit) {
  EXPECT_EQ(FormatByteSize(0), "0 B");
  EXPECT_EQ(FormatByteSize(1023), "1023 B");
  EXPECT_EQ(FormatByteSize(1024), "1.0 KiB");
  EXPECT_EQ(FormatByteSize(1536), "1.5 KiB");
  EXPECT_EQ(FormatByteSize((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(FormatByteSize(5ll << 40), "5.0 TiB");
}

TEST(ExactByteSizeTest, ReadsBack) {
  for (const int64_t bytes : {0ll, 1ll, 1000ll, 1024ll, 8ll << 20, (1ll << 30) + 1, 3ll << 40}) {
    EXPECT_EQ(*ParseByteSize(ExactByteSize(bytes)), bytes);
  }
  EXPECT_EQ(ExactByteSize(8 << 20), "8MiB");
}

}  // namespace
}  // namespace penstock
