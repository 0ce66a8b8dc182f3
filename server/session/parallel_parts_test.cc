#include "server/session/parallel_parts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock {
namespace {

constexpr int64_t kSize = 8 << 20;
constexpr int32_t kFirst = 4;
constexpr int32_t kMost = 16;

enum class What { kFull, kFree, kSlowed, kShort };

// Something that happens `count` times, `seconds` after the start.
struct Step {
  What what = What::kFull;
  int count = 1;
  int took_ms = 100;
  int seconds = 0;
  int64_t size = kSize;
};

struct Row {
  const char* name;
  std::vector<Step> steps;
  int32_t count;  // at the end
};

void Apply(ParallelParts& parts, const Step& step) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000) + absl::Seconds(step.seconds);
  for (int i = 0; i < step.count; ++i) {
    if (step.what == What::kShort) {
      parts.OnMemoryShort(now);
      continue;
    }
    ParallelParts::Stored stored;
    stored.size = step.size;
    stored.took = absl::Milliseconds(step.took_ms);
    stored.no_place_free = step.what != What::kFree;
    stored.slowed = step.what == What::kSlowed;
    parts.OnStored(stored, now);
  }
}

class ParallelPartsTest : public testing::TestWithParam<Row> {};

TEST_P(ParallelPartsTest, EndsWith) {
  ParallelParts parts = ParallelParts::Adaptive(kFirst, kMost);
  for (const Step& step : GetParam().steps) Apply(parts, step);
  EXPECT_EQ(parts.count(), GetParam().count);
  EXPECT_EQ(parts.grown(), GetParam().count > kFirst);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ParallelPartsTest,
    testing::Values(
        Row{"BeginsWithTheFirst", {}, 4}, Row{"AClientThatIsSlower", {{What::kFree, 100}}, 4},
        Row{"OneMoreForEachPartWithoutAPlace", {{What::kFull, 3}}, 7},
        Row{"NotBeyondTheMost", {{What::kFull, 100}}, 16},
        Row{"NotWherePartsTakeLongerForIt",
            {{What::kFull, 2}, {.what = What::kFull, .count = 10, .took_ms = 201}},
            6},
        Row{"AlsoWhereTheyTakeALittleLonger",
            {{What::kFull, 2}, {.what = What::kFull, .count = 10, .took_ms = 199}},
            16},
        Row{"LargerPartsMayTakeLonger",
            {{What::kFull, 1},
             {.what = What::kFull, .count = 4, .took_ms = 400, .size = 4 * kSize}},
            9},
        Row{"HalfWhenSlowed", {{What::kFull, 10}, {What::kSlowed, 1}}, 7},
        Row{"OnceForAllThatWereUnderWay", {{What::kFull, 12}, {What::kSlowed, 16}}, 8},
        Row{"NotBelowTheFirst", {{What::kFull, 2}, {What::kSlowed, 1}}, 4},
        Row{"RestsAfterAFall",
            {{What::kFull, 12}, {What::kSlowed, 1}, {.what = What::kFull, .seconds = 9}},
            8},
        Row{"GrowsAgainAfterTheRest",
            {{What::kFull, 12}, {What::kSlowed, 1}, {.what = What::kFull, .seconds = 10}},
            9},
        Row{"FallsAgainAfterTheRest",
            {{What::kFull, 12}, {What::kSlowed, 1}, {.what = What::kSlowed, .seconds = 10}},
            4},
        Row{"RestsThoughThereWasNothingToGiveUp", {{What::kSlowed, 1}, {What::kFull, 5}}, 4},
        Row{"ShortMemoryTakesAllThatWasGained", {{What::kFull, 12}, {What::kShort, 1}}, 4},
        Row{"AndAgainWithinTheRest",
            {{What::kFull, 12},
             {What::kSlowed, 1},
             {.what = What::kShort, .seconds = 1},
             {.what = What::kFull, .seconds = 10}},
            4}),
    [](const testing::TestParamInfo<Row>& row) { return std::string(row.param.name); });

TEST(FixedParallelPartsTest, StaysWhateverHappens) {
  ParallelParts parts = ParallelParts::Fixed(8);
  for (const What what : {What::kFull, What::kSlowed, What::kShort}) Apply(parts, {what, 20});
  EXPECT_EQ(parts.count(), 8);
  EXPECT_FALSE(parts.grown());
}

}  // namespace
}  // namespace penstock
