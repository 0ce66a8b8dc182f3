#ifndef PENSTOCK_BENCH_SUPPORT_REPORT_H_
#define PENSTOCK_BENCH_SUPPORT_REPORT_H_

// What the programs of bench/ measure themselves with, and how they tell it.

#include <chrono>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace penstock::bench {

// The time and the CPU time (user and system, all threads) of this process since it was made.
class Stopwatch {
 public:
  Stopwatch();

  double seconds() const;
  double cpu_seconds() const;

 private:
  std::chrono::steady_clock::time_point start_;
  double start_cpu_;
};

// {"min", "median", "max"} of `values`; all 0 of none.
nlohmann::ordered_json Spread(std::vector<double> values);

// Prints one object as one line of stdout, at once.
void PrintJson(const nlohmann::ordered_json& object);

// Prints `listening on ADDRESS`, at once.
void PrintListening(const std::string& address);

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SUPPORT_REPORT_H_
