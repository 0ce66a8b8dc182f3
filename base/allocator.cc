#include "base/allocator.h"

#include <malloc.h>

namespace penstock {

void TuneAllocator() {
  constexpr int kThreshold = 32 * 1024 * 1024;  // glibc's maximum for the mmap threshold
  constexpr int kKeep = 512 * 1024 * 1024;
  mallopt(M_MMAP_THRESHOLD, kThreshold);
  mallopt(M_TRIM_THRESHOLD, kKeep);
  mallopt(M_TOP_PAD, kThreshold);
}

}  // namespace penstock
