// bench_scale: what the steps of the session store and of the reaper cost as sessions and parts
// become more. Prints one JSON object.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/scale/steps.h"
#include "tests/support/temp_dir.h"

namespace penstock::bench {
namespace {

using nlohmann::json;

double Median(Times times) {
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

json Describe(int count, const StepTimes& steps) {
  json entry = {{"count", count}};
  for (const auto& [name, times] : steps) {
    const auto [min, max] = std::minmax_element(times.begin(), times.end());
    entry["steps"][name] = {{"median", Median(times)}, {"min", *min}, {"max", *max}};
  }
  return entry;
}

int Main(int argc, char** argv) {
  CLI::App app("Measures the session store and the reaper as sessions and parts become more");
  std::vector<int> sessions;
  std::vector<int> parts;
  int repeat = 100;
  std::string folder;
  app.add_option("--sessions", sessions, "Numbers of recorded sessions")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  app.add_option("--parts", parts, "Numbers of recorded parts of one session")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  app.add_option("--repeat", repeat, "How often each step is measured")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--folder", folder, "Where the stores are made, and removed again [/tmp]");
  CLI11_PARSE(app, argc, argv);
  json result = {{"sessions", json::array()}, {"parts", json::array()}};
  for (const int count : sessions) {
    const testing_support::TempDir directory(folder);
    result["sessions"].push_back(Describe(count, MeasureSessions(directory.path(), count, repeat)));
  }
  for (const int count : parts) {
    const testing_support::TempDir directory(folder);
    result["parts"].push_back(Describe(count, MeasureParts(directory.path(), count, repeat)));
  }
  std::cout << result << std::endl;
  return 0;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::Main(argc, argv); }
