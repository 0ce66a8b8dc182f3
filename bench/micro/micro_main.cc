// Google Benchmark's program over all *_bench.cc of this folder: --help, --benchmark_filter=REGEX.

#include <benchmark/benchmark.h>

#include "base/allocator.h"

int main(int argc, char** argv) {
  penstock::TuneAllocator();  // as the server does
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
