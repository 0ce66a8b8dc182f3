// Runs the real session core, driver, service and reaper on simulated time, network, store and
// backend. For one seed with a trace of every step, or for many: scripts/simulate.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/sanitizer.h"
#include "tests/simulation/schedule.h"

namespace penstock::simulation {
namespace {

constexpr uint64_t kSeeds = kAddressSanitizer ? 10'000 : 100'000;

struct Totals {
  uint64_t puts = 0;
  uint64_t uploads = 0;
  uint64_t crashes = 0;
  uint64_t resumed = 0;
  uint64_t meddled = 0;
  uint64_t tails = 0;
  uint64_t lives = 0;
  uint64_t expired = 0;
  uint64_t bad_seed = 0;
  std::string violation;

  void Add(uint64_t seed, const Outcome& outcome) {
    puts += outcome.published_by_put ? 1 : 0;
    uploads += outcome.published_by_parts ? 1 : 0;
    crashes += outcome.crashed ? 1 : 0;
    meddled += outcome.meddled ? 1 : 0;
    resumed += outcome.opens > 1 ? 1 : 0;
    tails += outcome.tail ? 1 : 0;
    lives += outcome.began_anew ? 1 : 0;
    expired += outcome.expired ? 1 : 0;
    if (outcome.violation.empty() || (bad_seed != 0 && bad_seed < seed)) return;
    bad_seed = seed;
    violation = outcome.violation;
  }
};

TEST(SimulationTest, NoScheduleBreaksAnInvariant) {
  std::atomic<uint64_t> next{1};
  std::mutex mutex;
  Totals totals;
  const auto work = [&] {
    for (uint64_t seed = next++; seed <= kSeeds; seed = next++) {
      const Outcome outcome = RunSchedule(seed, false);
      const std::lock_guard<std::mutex> lock(mutex);
      totals.Add(seed, outcome);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(totals.violation, "")
      << "to see every step:\n  scripts/simulate --seeds 1 --first-seed " << totals.bad_seed
      << " --trace";
  // A simulation in which nothing goes wrong proves nothing.
  EXPECT_GT(totals.puts, kSeeds / 20);
  EXPECT_GT(totals.uploads, kSeeds / 4);
  EXPECT_GT(totals.crashes, kSeeds / 4);
  EXPECT_GT(totals.resumed, kSeeds / 4);
  EXPECT_GT(totals.meddled, kSeeds / 10);
  EXPECT_GT(totals.tails, kSeeds / 20);
  EXPECT_GT(totals.lives, kSeeds / 100);
  EXPECT_GT(totals.expired, kSeeds / 100);
  std::printf(
      "%llu schedules: %llu by a single put, %llu by parts, %llu with a crash, %llu with a "
      "tail, %llu begun anew, %llu expired\n",
      static_cast<unsigned long long>(kSeeds), static_cast<unsigned long long>(totals.puts),
      static_cast<unsigned long long>(totals.uploads),
      static_cast<unsigned long long>(totals.crashes),
      static_cast<unsigned long long>(totals.tails), static_cast<unsigned long long>(totals.lives),
      static_cast<unsigned long long>(totals.expired));
}

}  // namespace
}  // namespace penstock::simulation
