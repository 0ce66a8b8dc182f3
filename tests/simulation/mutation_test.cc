// Tests of the tests: with a rule switched off, the simulation finds a violation. Each within a
// bounded number of seeds; what it took is printed.

#include "server/store/mutation.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "tests/simulation/schedule.h"

namespace penstock::simulation {
namespace {

constexpr uint64_t kMaxSeeds = 100'000;

class MutationTest : public testing::TestWithParam<std::pair<Mutation, std::string_view>> {
 protected:
  MutationTest() { active_mutation = GetParam().first; }
  ~MutationTest() override { active_mutation = Mutation::kNone; }
};

TEST_P(MutationTest, IsFound) {
  for (uint64_t seed = 1; seed <= kMaxSeeds; ++seed) {
    const Outcome outcome = RunSchedule(seed, false);
    if (outcome.violation.empty()) continue;
    std::printf("found by seed %llu: %s\n", static_cast<unsigned long long>(seed),
                outcome.violation.c_str());
    return;
  }
  FAIL() << "not found in " << kMaxSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, MutationTest, testing::ValuesIn(kMutations), [](const auto& info) {
  std::string name(info.param.second);
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace penstock::simulation
