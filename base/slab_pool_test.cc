#include "base/slab_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

namespace penstock {
namespace {

constexpr size_t kKept = SlabPool::kKeepsIdle ? 1 : 0;

TEST(SlabPoolTest, TakesWhatWasGivenBackLast) {
  SlabPool pool(2);
  const SlabPool::Slab other = pool.Take();
  SlabPool::Slab slab = pool.Take();
  const char* const address = slab.get();
  slab = nullptr;
  EXPECT_EQ(pool.idle_count(), kKept);
  slab = pool.Take();
  EXPECT_EQ(pool.idle_count(), 0U);
  EXPECT_TRUE(slab.get() == address || kKept == 0);
}

TEST(SlabPoolTest, KeepsNoMoreIdleSlabsThanItMay) {
  SlabPool pool(3);
  std::vector<SlabPool::Slab> slabs;
  for (int i = 0; i < 10; ++i) slabs.push_back(pool.Take());
  slabs.clear();
  EXPECT_EQ(pool.idle_count(), 3 * kKept);
}

TEST(SlabPoolTest, SlabsDoNotOverlap) {
  SlabPool pool(4);
  SlabPool::Slab a = pool.Take();
  SlabPool::Slab b = pool.Take();
  std::memset(a.get(), 'a', SlabPool::kSlabSize);
  std::memset(b.get(), 'b', SlabPool::kSlabSize);
  EXPECT_EQ(a[0], 'a');
  EXPECT_EQ(a[SlabPool::kSlabSize - 1], 'a');
  EXPECT_EQ(b[0], 'b');
}

}  // namespace
}  // namespace penstock
