#include "base/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace penstock {
namespace {

// Values of the OSS documentation and SDKs (reference/oss-api.md, section 4).
TEST(Crc64Test, MatchesPublishedValues) {
  EXPECT_EQ(Crc64(""), 0u);
  EXPECT_EQ(Crc64("a"), 3675645893302102789u);
  EXPECT_EQ(Crc64("123456789"), 0x995dc9bbdf1939fau);
  EXPECT_EQ(Crc64("This is a test of the emergency broadcast system."), 2871916124362751090u);
  EXPECT_EQ(Crc64(std::string(102400, '\0')), 15337097285471591505u);
}

TEST(Crc64Test, ExtendsOverSplits) {
  EXPECT_EQ(ExtendCrc64(Crc64("upload part 1"), "upload part 2"), 13570749449290420744u);
}

TEST(Crc64Test, CombinesPublishedValues) {
  EXPECT_EQ(CombineCrc64(6571598172666981661u, 2060813895736234537u, 13), 13570749449290420744u);
  EXPECT_EQ(CombineCrc64(15337097285471591505u, 15337097285471591505u, 102400),
            2302632071414214053u);
}

TEST(Crc64Test, CombineAgreesWithExtendOnRandomSplits) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    std::string a(random() % 5000, '\0');
    std::string b(random() % 5000, '\0');
    for (char& c : a) c = static_cast<char>(random());
    for (char& c : b) c = static_cast<char>(random());
    EXPECT_EQ(CombineCrc64(Crc64(a), Crc64(b), static_cast<int64_t>(b.size())), Crc64(a + b));
  }
}

TEST(Crc64Test, CombineWithNothingChangesNothing) { EXPECT_EQ(CombineCrc64(42, 0, 0), 42u); }

TEST(Crc32cTest, MatchesPublishedValues) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(ExtendCrc32c(Crc32c("1234"), "56789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
}

}  // namespace
}  // namespace penstock
