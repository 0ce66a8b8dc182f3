#include "client/modification_time.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock {
namespace {

std::optional<absl::Time> Parse(const std::string& text) {
  v1::StoredObject object;
  (*object.mutable_metadata())["mtime"] = text;
  return ModificationTimeOf(object);
}

TEST(ModificationTimeTest, ReadsRfc3339) {
  const absl::Time time = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_EQ(Parse("2023-11-14T22:13:20Z"), time);
  EXPECT_EQ(Parse("2023-11-14T22:13:20.123456789Z"), time + absl::Nanoseconds(123456789));
  EXPECT_EQ(Parse("2023-11-15T06:13:20+08:00"), time);
  EXPECT_EQ(Parse("1969-12-31T23:59:59Z"), absl::FromUnixSeconds(-1));
}

TEST(ModificationTimeTest, ReadsSecondsToTheNanosecond) {
  const absl::Time time = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_EQ(Parse("1700000000"), time);
  EXPECT_EQ(Parse("1700000000.5"), time + absl::Milliseconds(500));
  EXPECT_EQ(Parse("1700000000.123456789"), time + absl::Nanoseconds(123456789));
  EXPECT_EQ(Parse("1700000000.1234567891"), time + absl::Nanoseconds(123456789));
  EXPECT_EQ(Parse("-1.25"), absl::UnixEpoch() - absl::Milliseconds(1250));
}

TEST(ModificationTimeTest, KnowsNoTimeWhereThereIsNone) {
  EXPECT_EQ(ModificationTimeOf(v1::StoredObject()), std::nullopt);
  for (const char* text : {"", "-", ".5", "5.", "1e9", "soon", "infinite-future", "0x10", "1.2.3",
                           "99999999999999999999", "9999999999999"}) {
    EXPECT_EQ(Parse(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace penstock
