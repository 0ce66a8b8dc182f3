#include "server/session/part_plan.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

constexpr int64_t kKiB = 1024;
constexpr int64_t kMiB = 1024 * kKiB;
constexpr int64_t kGiB = 1024 * kMiB;
constexpr int64_t kTiB = 1024 * kGiB;
constexpr int64_t kDefaultBudget = 2 * kGiB;

// OSS's figures.
Capabilities Oss() {
  Capabilities capabilities;
  capabilities.min_part_size = 100 * kKiB;
  capabilities.max_part_size = 5 * kGiB;
  capabilities.max_part_count = 10'000;
  capabilities.max_object_size = 48'800 * kGiB;
  return capabilities;
}

PartLimits DefaultLimits() { return MakePartLimits(Oss(), 0, 0, kDefaultBudget); }

// Where a session stands after a stream of `length` bytes of unknown length that was never taken
// over.
struct Walk {
  int64_t length = 0;
  int32_t number = 1;  // the next one
};

TEST(PartPlanTest, LimitsFollowTheSmallestOfWhatBoundsThem) {
  struct Case {
    const char* what;
    int64_t part_size;
    int64_t replay_buffer;
    int64_t budget;
    int64_t base;
    int64_t cap;
  };
  const Case cases[] = {
      {"defaults", 0, 0, kDefaultBudget, 8 * kMiB, 256 * kMiB},
      {"a larger budget does not help", 0, 0, 64 * kGiB, 8 * kMiB, 256 * kMiB},
      {"a smaller budget does", 0, 0, 512 * kMiB, 8 * kMiB, 64 * kMiB},
      {"the caller's size", 32 * kMiB, 0, kDefaultBudget, 32 * kMiB, 256 * kMiB},
      {"below the remote's smallest", 1, 0, kDefaultBudget, 100 * kKiB, 256 * kMiB},
      {"above the cap", 1 * kGiB, 0, kDefaultBudget, 256 * kMiB, 256 * kMiB},
      {"a quarter of the replay buffer", 0, 16 * kMiB, kDefaultBudget, 4 * kMiB, 4 * kMiB},
      {"a replay buffer that bounds nothing", 0, 8 * kGiB, kDefaultBudget, 8 * kMiB, 256 * kMiB},
      {"never below the remote's smallest", 0, 4, 8, 100 * kKiB, 100 * kKiB},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const PartLimits limits = MakePartLimits(Oss(), c.part_size, c.replay_buffer, c.budget);
    EXPECT_EQ(limits.base_size, c.base);
    EXPECT_EQ(limits.cap_size, c.cap);
    EXPECT_EQ(limits.max_number, 10'000);
    EXPECT_EQ(limits.max_object_size, 48'800 * kGiB);
  }
}

TEST(PartPlanTest, PartsOfARemoteWithoutAMinimumHaveAtLeastOneByte) {
  Capabilities capabilities = Oss();
  capabilities.min_part_size = 0;
  const PartLimits limits = MakePartLimits(capabilities, 0, 1, kDefaultBudget);
  EXPECT_EQ(limits.cap_size, 1);
  EXPECT_EQ(limits.base_size, 1);
}

TEST(PartPlanTest, UnknownLengthGrowsWithBytesAndNeverWithNumbers) {
  struct Case {
    int64_t offset;
    int32_t number;
    int64_t size;
  };
  const Case cases[] = {
      {0, 1, 8 * kMiB},
      {0, 9'000, 8 * kMiB},  // a flaky link burnt the numbers
      {8'000 * kMiB, 1'001, 8 * kMiB},
      {16'000 * kMiB, 2'001, 16 * kMiB},
      {16'000 * kMiB, 9'999, 16 * kMiB},
      {256'000 * kMiB, 5'000, 256 * kMiB},
      {kTiB, 9'000, 256 * kMiB},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(PlanPartSize(DefaultLimits(), std::nullopt, c.offset, c.number), c.size)
        << c.offset << " " << c.number;
  }
}

TEST(PartPlanTest, KnownLengthSpreadsWhatIsLeftOverTheNumbersLeft) {
  struct Case {
    const char* what;
    int64_t total;
    int64_t offset;
    int32_t number;
    int64_t size;
  };
  const Case cases[] = {
      {"small objects keep the base", kGiB, 0, 1, 8 * kMiB},
      {"1 TiB", kTiB, 0, 1, (kTiB + 9'499) / 9'500},
      {"recomputed at every cut", kTiB, kTiB / 2, 5'001, (kTiB / 2 + 4'499) / 4'500},
      {"past the end", kGiB, 2 * kGiB, 10, 8 * kMiB},
      {"no numbers left", kTiB, 0, 10'000, 256 * kMiB},
      {"the last numbers", 100 * kMiB, 0, 9'600, 100 * kMiB},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(PlanPartSize(DefaultLimits(), c.total, c.offset, c.number), c.size) << c.what;
  }
}

TEST(PartPlanTest, EveryKnownLengthUpToTheLargestFitsIntoTheNumbers) {
  for (const int64_t total :
       {int64_t{1}, 8 * kMiB, kGiB + 1, kTiB, MaxKnownLength(DefaultLimits())}) {
    Walk walk;
    while (walk.length < total) {
      const int64_t size = PlanPartSize(DefaultLimits(), total, walk.length, walk.number++);
      walk.length += std::min(size, total - walk.length);
    }
    EXPECT_LE(walk.number - 1, 10'000 - kSpareNumbers + 1) << total;
  }
}

TEST(PartPlanTest, LargestLengths) {
  EXPECT_EQ(MaxKnownLength(DefaultLimits()), 9'500 * 256 * kMiB);
  const PartLimits replay = MakePartLimits(Oss(), 0, 16 * kMiB, kDefaultBudget);
  EXPECT_EQ(MaxUnknownLength(replay), 10'000 * 4 * kMiB);
  Capabilities small = Oss();
  small.max_object_size = 5 * kMiB;
  EXPECT_EQ(MaxKnownLength(MakePartLimits(small, 0, 0, kDefaultBudget)), 5 * kMiB);
  EXPECT_EQ(MaxUnknownLength(MakePartLimits(small, 0, 0, kDefaultBudget)), 5 * kMiB);
}

TEST(PartPlanTest, RemoteWithFewNumbersHasALargestLengthToo) {
  Capabilities few = Oss();
  few.max_part_count = 100;
  const PartLimits limits = MakePartLimits(few, 0, 0, kDefaultBudget);
  EXPECT_EQ(MaxKnownLength(limits), 256 * kMiB);
  EXPECT_EQ(PlanPartSize(limits, kGiB, 0, 1), 256 * kMiB);
}

TEST(PartPlanTest, OneTiBOfUnknownLengthPassesUnderTheDefaultBudget) {
  Walk walk;
  while (walk.length < kTiB) {
    walk.length += PlanPartSize(DefaultLimits(), std::nullopt, walk.length, walk.number++);
  }
  EXPECT_LE(walk.number - 1, 10'000);
  EXPECT_GE(MaxUnknownLength(DefaultLimits()), kTiB);
}

// A link of 0.25 MB/s that drops every minute for a day, each time on another server: every claim
// burns the reservation of four parts in flight and one more. Parts must stay so small that a
// minute finishes one, and the numbers must last.
TEST(PartPlanTest, SlowLinkThatDropsEveryMinuteForADayGetsOn) {
  constexpr int kMinutes = 24 * 60;
  constexpr int32_t kReserved = 5;
  constexpr int64_t kBytesPerMinute = 60 * 250'000;
  Walk walk;
  for (int minute = 0; minute < kMinutes; ++minute) {
    int64_t left = kBytesPerMinute;
    int32_t number = walk.number;
    for (int64_t size;
         (size = PlanPartSize(DefaultLimits(), std::nullopt, walk.length, number)) <= left;
         ++number) {
      left -= size;
      walk.length += size;
    }
    ASSERT_GT(number, walk.number) << "no part was finished in minute " << minute;
    walk.number = number + kReserved;
    ASSERT_LE(walk.number, 10'000) << "in minute " << minute;
  }
}

}  // namespace
}  // namespace penstock
