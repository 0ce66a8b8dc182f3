#include "base/byte_size.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock {
namespace {

TEST(ParseByteSizeTest, ReadsNumbersWithAndWithoutUnits) {
  const std::pair<const char*, int64_t> cases[] = {
      {"0", 0},           {"1048576", 1048576}, {"8MiB", 8 << 20},     {"8mib", 8 << 20},
      {"100KiB", 102400}, {"5GiB", 5ll << 30},  {"1TiB", 1ll << 40},   {"1kB", 1000},
      {"2MB", 2000000},   {"64M", 64 << 20},    {"1.5MiB", 1572864},   {" 8 MiB ", 8 << 20},
      {"17B", 17},        {"3GB", 3000000000},  {"1TB", 1000000000000}};
  for (const auto& [text, bytes] : cases) {
    const auto parsed = ParseByteSize(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ParseByteSizeTest, RefusesWhatIsNoSize) {
  for (const char* text : {"", "MiB", "-1", "8XiB", "1.2.3K", "8 M i B", "9999999999TiB", "0x10"}) {
    EXPECT_EQ(ErrorReason(ParseByteSize(text).status()), "BAD_BYTE_SIZE") << text;
  }
}

TEST(FormatByteSizeTest, ShowsOneDecimal) {
  EXPECT_EQ(FormatByteSize(0), "0 B");
  EXPECT_EQ(FormatByteSize(1023), "1023 B");
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
