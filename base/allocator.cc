#include "base/allocator.h"

#include <malloc.h>

namespace penstock {

void TuneAllocator() {
  constexpr int kThreshold = 32 * 1024 * 1024;  // glibc's maximum for the mmap threshold
  constexpr int kKeep = 512 * 1024 * 1024;
  mallopt(M_MMAP_THRESHOLD, kThreshold);
  mallopt(M_TRIM_THRESHOLD, kKeep);
  mallopt(M_TOP_PAD, kThreshold);
  // By default eight arenas a core, and what is freed in one is not found by the threads of
  // another: messages come and go on other threads. What the server takes beyond its start (2
  // cores, median of 3 interleaved rounds, with the slabs in base/slab_pool.h in each row but the
  // first):
  //                         4 streams of 1 GiB,       12 readers of 384 MiB,
  //                         memory_budget 96 MiB      read_memory 64 MiB
  //   malloc for slabs too  156 MiB, 0.533 CPU-s/GB   239 MiB, 0.687 CPU-s/GB
  //   any number of arenas  126 MiB, 0.538            128 MiB, 0.695
  //   4                     117 MiB, 0.529
  //   2                     111 MiB, 0.529            108 MiB, 0.702
  //   1                     105 MiB, 0.519            105 MiB, 0.712
  // Two, not one: with many cores one lock for all would cost what it does not cost with two.
  mallopt(M_ARENA_MAX, 2);
}

}  // namespace penstock
