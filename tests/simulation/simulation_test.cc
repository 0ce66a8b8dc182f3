// Runs the real session core, driver and service on simulated time, network, store and backend.
//
//   PENSTOCK_SIMULATION_SEEDS=N   how many schedules (20,000 by default)
//   PENSTOCK_SIMULATION_SEED=S    that one schedule, with a trace of every step

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/simulation/schedule.h"

namespace penstock::simulation {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TEST(SimulationTest, NoScheduleBreaksAnInvariant) {
  const uint64_t only = FromEnvironment("PENSTOCK_SIMULATION_SEED", 0);
  if (only != 0) {
    const Outcome outcome = RunSchedule(only, true);
    EXPECT_EQ(outcome.violation, "");
    return;
  }
  const uint64_t seeds = FromEnvironment("PENSTOCK_SIMULATION_SEEDS", 20'000);
  uint64_t puts = 0;
  uint64_t uploads = 0;
  uint64_t crashes = 0;
  uint64_t resumed = 0;
  uint64_t meddled = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const Outcome outcome = RunSchedule(seed, false);
    ASSERT_EQ(outcome.violation, "")
        << "seed " << seed << "; to see every step:\n  PENSTOCK_SIMULATION_SEED=" << seed
        << " build/dev/tests/simulation_test";
    puts += outcome.published_by_put ? 1 : 0;
    uploads += outcome.published_by_parts ? 1 : 0;
    crashes += outcome.crashed ? 1 : 0;
    meddled += outcome.meddled ? 1 : 0;
    resumed += outcome.opens > 1 ? 1 : 0;
  }
  // A simulation in which nothing goes wrong proves nothing.
  EXPECT_GT(puts, seeds / 20);
  EXPECT_GT(uploads, seeds / 4);
  EXPECT_GT(crashes, seeds / 4);
  EXPECT_GT(resumed, seeds / 4);
  EXPECT_GT(meddled, seeds / 10);
  std::printf("%llu schedules: %llu by a single put, %llu by parts, %llu with a crash\n",
              static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(puts),
              static_cast<unsigned long long>(uploads), static_cast<unsigned long long>(crashes));
}

}  // namespace
}  // namespace penstock::simulation
