#include "base/slab_pool.h"

#include <sys/mman.h>

#include <new>

namespace penstock {
namespace {

char* FromSystem() {
  if (!SlabPool::kKeepsIdle) return static_cast<char*>(::operator new(SlabPool::kSlabSize));
  void* const slab = mmap(nullptr, SlabPool::kSlabSize, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (slab == MAP_FAILED) throw std::bad_alloc();
  return static_cast<char*>(slab);
}

void ToSystem(char* slab) {
  if (SlabPool::kKeepsIdle) {
    munmap(slab, SlabPool::kSlabSize);
  } else {
    ::operator delete(slab);
  }
}

}  // namespace

SlabPool::~SlabPool() {
  for (char* slab : idle_) ToSystem(slab);
}

SlabPool::Slab SlabPool::Take() {
  {
    MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      char* const slab = idle_.back();
      idle_.pop_back();
      return Slab(slab, Release(this));
    }
  }
  return Slab(FromSystem(), Release(this));
}

void SlabPool::GiveBack(char* slab) {
  if (kKeepsIdle) {
    MutexLock lock(&mutex_);
    if (idle_.size() < max_idle_) {
      idle_.push_back(slab);
      return;
    }
  }
  ToSystem(slab);
}

size_t SlabPool::idle_count() const {
  MutexLock lock(&mutex_);
  return idle_.size();
}

SlabPool& SharedSlabs() {
  static auto& pool = *new SlabPool(kMaxIdleSlabs);
  return pool;
}

}  // namespace penstock
