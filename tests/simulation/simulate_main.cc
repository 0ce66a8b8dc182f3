// Runs schedules of the simulation; see scripts/simulate.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/store/mutation.h"
#include "tests/simulation/schedule.h"

namespace penstock::simulation {
namespace {

struct Totals {
  uint64_t schedules = 0;
  uint64_t events = 0;
  uint64_t violations = 0;
  std::optional<uint64_t> first_bad;
  std::string violation;  // of the first bad seed

  void Add(uint64_t seed, const Outcome& outcome) {
    ++schedules;
    events += static_cast<uint64_t>(outcome.events);
    if (outcome.violation.empty()) return;
    ++violations;
    if (first_bad.has_value() && *first_bad < seed) return;
    first_bad = seed;
    violation = outcome.violation;
  }

  void Add(const Totals& other) {
    schedules += other.schedules;
    events += other.events;
    violations += other.violations;
    if (!other.first_bad.has_value()) return;
    if (first_bad.has_value() && *first_bad < *other.first_bad) return;
    first_bad = other.first_bad;
    violation = other.violation;
  }
};

// Seeds are dealt out one by one; what a seed does depends on nothing else.
Totals RunSeeds(uint64_t first, uint64_t count, unsigned jobs, bool until_bad) {
  std::atomic<uint64_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  Totals totals;
  const auto work = [&] {
    Totals mine;
    while (!stop) {
      const uint64_t index = next++;
      if (index >= count) break;
      const Outcome outcome = RunSchedule(first + index, false);
      mine.Add(first + index, outcome);
      if (until_bad && !outcome.violation.empty()) stop = true;
      if (count >= 1'000'000 && index % 100'000 == 99'999) {
        std::fprintf(stderr, "%llu schedules begun\n", static_cast<unsigned long long>(index + 1));
      }
    }
    const std::lock_guard<std::mutex> lock(mutex);
    totals.Add(mine);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < jobs; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return totals;
}

bool Mutate(const std::string& name) {
#ifdef PENSTOCK_MUTATIONS
  for (const auto& [mutation, its_name] : kMutations) {
    if (name == its_name) active_mutation = mutation;
  }
  return active_mutation != Mutation::kNone;
#else
  return name.empty();
#endif
}

int Main(int argc, char** argv) {
  uint64_t seeds = 20'000;
  uint64_t first = 1;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  std::string mutation;
  bool list = false;
  bool trace = false;
  bool until_bad = false;
  CLI::App app("Runs the session core, driver and service on simulated time, store and backend.");
  app.add_option("--seeds", seeds, "how many schedules")->capture_default_str();
  app.add_option("--first-seed", first, "the first seed")->capture_default_str();
  app.add_option("--jobs", jobs, "threads")->capture_default_str();
  app.add_option("--mutation", mutation, "switch a rule off");
  app.add_flag("--list-mutations", list, "name the rules that can be switched off");
  app.add_flag("--until-violation", until_bad, "stop at the first violation");
  app.add_flag("--trace", trace, "tell every step of one schedule (with --seeds 1)");
  CLI11_PARSE(app, argc, argv);
  if (list) {
    for (const auto& known : kMutations) std::printf("%s\n", std::string(known.second).c_str());
    return 0;
  }
  if (!mutation.empty() && !Mutate(mutation)) {
    std::fprintf(stderr, "no mutation \"%s\" in this build; --list-mutations names them\n",
                 mutation.c_str());
    return 2;
  }
  if (trace && seeds == 1) {
    const Outcome outcome = RunSchedule(first, true);
    std::printf("%s\n", outcome.violation.empty() ? "no violation" : outcome.violation.c_str());
    return outcome.violation.empty() ? 0 : 1;
  }
  const Totals totals = RunSeeds(first, seeds, jobs, until_bad);
  if (totals.first_bad.has_value()) {
    std::printf("seed %llu: %s\n  scripts/simulate --seeds 1 --first-seed %llu%s%s --trace\n",
                static_cast<unsigned long long>(*totals.first_bad), totals.violation.c_str(),
                static_cast<unsigned long long>(*totals.first_bad),
                mutation.empty() ? "" : " --mutation ", mutation.c_str());
  }
  std::printf("%llu schedules, %llu events, %llu violations, first bad seed: %s\n",
              static_cast<unsigned long long>(totals.schedules),
              static_cast<unsigned long long>(totals.events),
              static_cast<unsigned long long>(totals.violations),
              totals.first_bad.has_value() ? std::to_string(*totals.first_bad).c_str() : "none");
  return totals.violations == 0 ? 0 : 1;
}

}  // namespace
}  // namespace penstock::simulation

int main(int argc, char** argv) { return penstock::simulation::Main(argc, argv); }
