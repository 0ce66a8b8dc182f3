#ifndef PENSTOCK_BASE_SLAB_POOL_H_
#define PENSTOCK_BASE_SLAB_POOL_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "base/sanitizer.h"

namespace penstock {

// Slabs for object bytes: all of one size, taken from the system once and used again and again.
//
// Not the C library's memory: a slab is filled on one thread and freed on another, and what is
// freed stays in the arena of the thread that it came from, where others do not find it (figures in
// base/allocator.cc). Thread-safe.
class SlabPool {
 public:
  // Large enough that a send is one system call, small enough that a slow stream holds little.
  static constexpr size_t kSlabSize = 256 * 1024;

  // The address sanitizer watches its own allocator's memory only, and only what is really freed.
  static constexpr bool kKeepsIdle = !kAddressSanitizer;

  class Release {
   public:
    Release() = default;
    explicit Release(SlabPool* pool) : pool_(pool) {}
    void operator()(char* slab) const { pool_->GiveBack(slab); }

   private:
    SlabPool* pool_ = nullptr;
  };
  using Slab = std::unique_ptr<char[], Release>;  // kSlabSize bytes

  // Keeps at most `max_idle` slabs that nobody uses; more go back to the system.
  explicit SlabPool(size_t max_idle) : max_idle_(max_idle) {}

  // REQUIRES: every slab was given back.
  ~SlabPool();
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  // A slab with any content. The one given back last is the first to be used again: it may still be
  // in the processor's cache. Throws std::bad_alloc where the system has no memory.
  Slab Take();

  size_t idle_count() const;

 private:
  void GiveBack(char* slab);

  const size_t max_idle_;

  mutable Mutex mutex_;  // guards what follows
  std::vector<char*> idle_ ABSL_GUARDED_BY(mutex_);
};

// The pool of every Buffer of the process: together they are bound by what is admitted to use them
// (base/buffer_budget.h), idle ones by kMaxIdleSlabs. Lives for ever.
SlabPool& SharedSlabs();

// 512 MiB: what is under way at a few GB/s, so that a steady load never goes to the system. What is
// idle was used before, so slabs never take more than was in use at once.
inline constexpr size_t kMaxIdleSlabs = 2048;

}  // namespace penstock

#endif  // PENSTOCK_BASE_SLAB_POOL_H_
