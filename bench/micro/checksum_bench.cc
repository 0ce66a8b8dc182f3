// Checksums alone, and joining two of them.

#include <benchmark/benchmark.h>

#include <string>

#include "base/checksum.h"

namespace penstock {
namespace {

void CountBytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void Crc64OfBytes(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  while (state.KeepRunning()) benchmark::DoNotOptimize(Crc64(bytes));
  CountBytes(state);
}
BENCHMARK(Crc64OfBytes)->Arg(16 * 1024)->Arg(8 * 1024 * 1024);

void Crc32cOfBytes(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  while (state.KeepRunning()) benchmark::DoNotOptimize(Crc32c(bytes));
  CountBytes(state);
}
BENCHMARK(Crc32cOfBytes)->Arg(16 * 1024)->Arg(1024 * 1024);

// The length of the second run of bytes decides the cost: one step for each bit set in it.
void CombineTwoCrc64(benchmark::State& state) {
  uint64_t crc = 0x995dc9bbdf1939fa;
  while (state.KeepRunning()) {
    crc = CombineCrc64(crc, 0x1234'5678'9abc'def0, state.range(0));
    benchmark::DoNotOptimize(crc);
  }
}
BENCHMARK(CombineTwoCrc64)->Arg(8 * 1024 * 1024)->Arg(8 * 1024 * 1024 - 1);

}  // namespace
}  // namespace penstock
