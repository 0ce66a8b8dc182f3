// The one copy of the data path, with the CRC-64 fused in, against the copy alone and against the
// checksum as a pass of its own. 8 MiB into slabs of the pool, in chunks of the size given: more
// than any cache holds of what a server has under way.

#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/checksum.h"
#include "base/slab_pool.h"

namespace penstock {
namespace {

constexpr size_t kPart = 8 * 1024 * 1024;
constexpr size_t kSources = 8;  // used in turn: what was read last is not in the cache any more

// Where the chunks of one part come from.
class Source {
 public:
  std::string_view Next() {
    next_ = (next_ + 1) % kSources;
    return std::string_view(bytes_).substr(next_ * kPart, kPart);
  }

 private:
  const std::string bytes_ = std::string(kSources * kPart, 'x');
  size_t next_ = 0;
};

void CountBytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kPart));
}

void BufferAppend(benchmark::State& state) {
  Source source;
  const auto chunk = static_cast<size_t>(state.range(0));
  while (state.KeepRunning()) {
    Buffer buffer;
    for (std::string_view left = source.Next(); !left.empty(); left.remove_prefix(chunk)) {
      buffer.Append(left.substr(0, chunk));
    }
    benchmark::DoNotOptimize(buffer.crc64());
  }
  CountBytes(state);
}
BENCHMARK(BufferAppend)->Arg(1024 * 1024)->Arg(64 * 1024)->Arg(16 * 1024);

// Copies `source` into slabs of its own.
std::vector<SlabPool::Slab> Copy(std::string_view source) {
  std::vector<SlabPool::Slab> slabs;
  for (; !source.empty(); source.remove_prefix(Buffer::kSlabSize)) {
    slabs.push_back(SharedSlabs().Take());
    std::memcpy(slabs.back().get(), source.data(), Buffer::kSlabSize);
    benchmark::ClobberMemory();
  }
  return slabs;
}

void CopyAlone(benchmark::State& state) {
  Source source;
  while (state.KeepRunning()) benchmark::DoNotOptimize(Copy(source.Next()));
  CountBytes(state);
}
BENCHMARK(CopyAlone);

void CopyThenCrc64(benchmark::State& state) {
  Source source;
  while (state.KeepRunning()) {
    uint64_t crc = 0;
    for (const auto& slab : Copy(source.Next())) {
      crc = ExtendCrc64(crc, {slab.get(), Buffer::kSlabSize});
    }
    benchmark::DoNotOptimize(crc);
  }
  CountBytes(state);
}
BENCHMARK(CopyThenCrc64);

}  // namespace
}  // namespace penstock
