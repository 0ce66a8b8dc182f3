// Long sessions through the real core: what a day of a bad link costs, and how long an object of
// unknown length may become.

#include <gtest/gtest.h>

#include <cstdio>

#include "tests/simulation/long_runs.h"

namespace penstock::simulation {
namespace {

void Print(const char* what, const LongRun& run) {
  std::printf(
      "%s: %lld bytes in %lld parts up to number %d, %d opens, %lld bytes sent, at most "
      "%lld not acknowledged\n",
      what, static_cast<long long>(run.size), static_cast<long long>(run.parts), run.last_number,
      run.opens, static_cast<long long>(run.sent), static_cast<long long>(run.most_unacked));
}

TEST(LongRunTest, ALinkThatDropsEveryMinuteForADay) {
  const LongRun run = RunDay(1);
  Print("a day", run);
  EXPECT_EQ(run.violation, "");
  EXPECT_GT(run.opens, 24 * 60);
  EXPECT_LE(run.last_number, 10'000);
  EXPECT_LE(run.most_unacked, 128);
}

TEST(LongRunTest, OneTebibyteOfUnknownLength) {
  const LongRun run = RunTebibyte(1, int64_t{1} << 30);
  Print("1 TiB, scaled", run);
  EXPECT_EQ(run.violation, "");
  EXPECT_EQ(run.size * kScale, int64_t{1} << 40);
  EXPECT_LE(run.last_number, 10'000);
  EXPECT_LE(run.most_unacked * kScale, int64_t{1} << 30);
}

}  // namespace
}  // namespace penstock::simulation
