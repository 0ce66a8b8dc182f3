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

TEST(PartPlanTest, OneTiBOfUnknownLengthPassesWithAReplayBufferOfOneGiB) {
  const PartLimits limits = MakePartLimits(Oss(), 0, kGiB, kDefaultBudget);
  EXPECT_EQ(limits.cap_size, 256 * kMiB);  // a quarter
  EXPECT_GE(MaxUnknownLength(limits), kTiB);
}

TEST(PartPlanTest, PartMayBeCutShortWhileTheNumbersThatAreLeftCarryTheRest) {
  struct Case {
    const char* what;
    std::optional<int64_t> total;
    int64_t end;
    int32_t number;
    int64_t size;
    bool may;
  };
  constexpr int64_t kCap = 256 * kMiB;
  const Case cases[] = {
      {"a small part in the beginning", std::nullopt, 0, 1, 100 * kKiB, true},
      {"what a tail could keep, while half of the numbers are left", std::nullopt, 0, 5'000, kMiB,
       true},
      {"and not any more", std::nullopt, 0, 5'001, kMiB, false},
      {"more than a tail could keep", std::nullopt, 0, 5'001, kMiB + 1, true},
      {"the last number that may be spent", std::nullopt, 0, 9'499, kMiB + 1, true},
      {"the spare ones are for takeovers", std::nullopt, 0, 9'500, kMiB + 1, false},
      {"a rest that just fits", 9'499 * kCap + kMiB, kMiB, 1, kMiB, true},
      {"a rest that does not", 9'499 * kCap + kMiB + 1, kMiB, 1, kMiB, false},
      {"a rest that just fits, in the middle", kTiB, kTiB - 4'000 * kCap, 5'500, 2 * kMiB, true},
      {"a rest that does not, in the middle", kTiB, kTiB - 4'000 * kCap - 1, 5'500, 2 * kMiB,
       false},
      {"nothing is left", kGiB, kGiB, 9'000, 2 * kMiB, true},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(MayCut(DefaultLimits(), c.total, c.end, c.number, c.size), c.may) << c.what;
  }
}

TEST(PartPlanTest, RemoteWithNoMoreThanTheSpareNumbersCutsNothing) {
  Capabilities few = Oss();
  few.max_part_count = kSpareNumbers;
  EXPECT_FALSE(MayCut(MakePartLimits(few, 0, 0, kDefaultBudget), std::nullopt, 0, 1, 2 * kMiB));
}

TEST(PartPlanTest, AgeAtWhichAPartIsCutDoublesInTheLastQuarterOfTheNumbers) {
  const std::pair<int32_t, int> cases[] = {{1, 30},      {7'500, 30},   {7'501, 60},
                                           {8'125, 60},  {8'126, 120},  {8'751, 240},
                                           {9'376, 480}, {10'001, 480}, {20'000, 480}};
  for (const auto& [number, seconds] : cases) {
    EXPECT_EQ(PartAge(DefaultLimits(), absl::Seconds(30), number), absl::Seconds(seconds))
        << number;
  }
}

// A link that drops every minute for a day, each time on another server: what is not cut when it
// drops is lost and sent again, and what a claim reserves is burnt. A part is cut when it is full,
// or by its age.
struct FlakyDay {
  static constexpr int32_t kBurnt = kClaimWindow + 1;

  int64_t bytes_per_second = 0;
  Walk walk;
  int64_t lost = 0;  // and sent again

  // One minute of the link, second by second.
  void Minute() {
    int64_t filled = 0;
    int age = 0;
    for (int second = 0; second < 60; ++second) {
      filled += bytes_per_second;
      ++age;
      int64_t target = PlanPartSize(DefaultLimits(), std::nullopt, walk.length, walk.number);
      while (filled >= target) {
        Cut(target);
        filled -= target;
        age = 0;
        target = PlanPartSize(DefaultLimits(), std::nullopt, walk.length, walk.number);
      }
      const bool old =
          absl::Seconds(age) >= PartAge(DefaultLimits(), absl::Seconds(30), walk.number);
      if (old && MayCut(DefaultLimits(), std::nullopt, walk.length + filled, walk.number, filled)) {
        Cut(filled);
        filled = 0;
        age = 0;
      }
    }
    lost += filled;
    walk.number += kBurnt;
  }

  void Cut(int64_t size) {
    walk.length += size;
    ++walk.number;
  }
};

void ExpectProgressEveryMinute(int64_t bytes_per_second, int minutes) {
  SCOPED_TRACE(bytes_per_second);
  FlakyDay day;
  day.bytes_per_second = bytes_per_second;
  for (int minute = 0; minute < minutes; ++minute) {
    const int64_t before = day.walk.length;
    day.Minute();
    ASSERT_GT(day.walk.length, before)
        << "nothing was placed in minute " << minute << ", before number " << day.walk.number;
    ASSERT_LE(day.walk.number, 10'000) << "in minute " << minute;
  }
  EXPECT_LT(day.lost, day.walk.length / 2);
}

TEST(PartPlanTest, FlakyLinkThatDropsEveryMinuteForADayGetsOn) {
  ExpectProgressEveryMinute(250'000, 24 * 60);
  ExpectProgressEveryMinute(1'000'000, 24 * 60);
}

}  // namespace
}  // namespace penstock
