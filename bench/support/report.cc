#include "bench/support/report.h"

#include <sys/resource.h>

#include <algorithm>
#include <iostream>

namespace penstock::bench {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

}  // namespace

Stopwatch::Stopwatch() : start_(std::chrono::steady_clock::now()), start_cpu_(CpuSeconds()) {}

double Stopwatch::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

double Stopwatch::cpu_seconds() const { return CpuSeconds() - start_cpu_; }

nlohmann::ordered_json Spread(std::vector<double> values) {
  if (values.empty()) values.push_back(0);
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {{"min", values.front()}, {"median", median}, {"max", values.back()}};
}

void PrintJson(const nlohmann::ordered_json& object) { std::cout << object.dump() << std::endl; }

void PrintListening(const std::string& address) {
  std::cout << "listening on " << address << std::endl;
}

}  // namespace penstock::bench
