// Many borrowers and one budget: whatever they do, the budget is kept and every wait ends.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "base/buffer_budget.h"

namespace penstock {
namespace {

using Need = BufferBudget::Need;

constexpr int64_t kSlab = 10;

// Borrowers that fill one part at a time, in requests of one to four slabs, as a session does.
class Borrowers {
 public:
  Borrowers(uint64_t seed, int count, int64_t total)
      : random_(seed), budget_(total, kSlab), borrowers_(static_cast<size_t>(count)) {}

  ~Borrowers() {
    for (Borrower& borrower : borrowers_) Leave(borrower);
  }

  // One random event.
  void Step() {
    ++now_;
    const uint64_t kind = Draw(100);
    Borrower& borrower = borrowers_[Draw(borrowers_.size())];
    if (kind < 60) {
      if (!borrower.waits) Grow(borrower);
    } else if (kind < 90) {
      Commit(borrower);
    } else if (kind < 93) {
      if (auto lease = budget_.TryAdmit(kSlab)) streams_.push_back(*std::move(lease));
    } else if (kind < 99) {
      if (!streams_.empty()) streams_.pop_back();
    } else {
      Leave(borrower);
    }
    Check();
  }

  // Nobody begins a part any more; what is begun must come to its end.
  void ComeToTheEnd() {
    for (bool progress = true; progress;) {
      progress = false;
      for (Borrower& borrower : borrowers_) {
        if (!borrower.waits && borrower.part_left > 0) {
          Grow(borrower);
          progress = true;
        }
        progress |= Commit(borrower);
      }
      Check();
    }
    streams_.clear();
    EXPECT_EQ(order_.size(), 0u);
    EXPECT_EQ(budget_.stats().waiting, 0);
    EXPECT_EQ(budget_.stats().used, 0);
  }

  int64_t longest_wait() const { return longest_wait_; }
  int64_t reserve_grants() const { return reserve_grants_; }

 private:
  struct Borrower {
    bool waits = false;
    int64_t ticket = 0;     // of its waiting request
    int64_t part_left = 0;  // bytes that the part being filled needs still
    MemoryLease filling;
    std::vector<MemoryLease> full;  // parts that wait for their commit
    int64_t in_reserve = 0;         // leases from the reserve
  };

  uint64_t Draw(uint64_t below) { return random_() % below; }

  void Grow(Borrower& borrower) {
    Need need = Need::kMore;
    if (borrower.part_left == 0) {
      if (borrower.full.size() == 4) return;
      need = Need::kNewPart;
      borrower.part_left =
          kSlab *
          static_cast<int64_t>(1 + Draw(static_cast<uint64_t>(budget_.largest_part() / kSlab)));
    }
    const int64_t bytes = std::min(borrower.part_left, kSlab * static_cast<int64_t>(1 + Draw(4)));
    const int64_t ticket = ++last_ticket_;
    order_[ticket] = now_;
    borrower.waits = true;
    borrower.ticket = ticket;
    std::optional<MemoryLease> lease = budget_.Ask(
        &borrower, bytes,
        [this, &borrower](MemoryLease lease) { Granted(borrower, std::move(lease)); }, need);
    if (lease.has_value()) Granted(borrower, *std::move(lease));
  }

  void Granted(Borrower& borrower, MemoryLease lease) {
    ASSERT_TRUE(borrower.waits) << "granted twice, or after Forget";
    borrower.waits = false;
    if (order_.begin()->first != borrower.ticket) {
      EXPECT_TRUE(lease.from_reserve()) << "went past the queue";
      EXPECT_GT(borrower.in_reserve, 0) << "got the reserve before its turn";
    }
    longest_wait_ = std::max(longest_wait_, now_ - order_[borrower.ticket]);
    order_.erase(borrower.ticket);
    if (lease.from_reserve()) {
      ++reserve_grants_;
      ++borrower.in_reserve;
      for (const Borrower& other : borrowers_) {
        EXPECT_TRUE(&other == &borrower || other.in_reserve == 0) << "the reserve was lent twice";
      }
    }
    borrower.part_left -= lease.bytes();
    borrower.filling.Merge(std::move(lease));
    if (borrower.part_left == 0) borrower.full.push_back(std::move(borrower.filling));
  }

  bool Commit(Borrower& borrower) {
    if (borrower.full.empty()) return false;
    // Others are granted while the lease is given back: count first.
    MemoryLease part = std::move(borrower.full.back());
    borrower.full.pop_back();
    CountReserve(borrower);
    return true;
  }

  void Leave(Borrower& borrower) {
    // Before Forget: the next in the queue may be granted within it.
    if (borrower.waits) order_.erase(borrower.ticket);
    borrower.waits = false;
    borrower.part_left = 0;
    budget_.Forget(&borrower);
    MemoryLease filling = std::move(borrower.filling);
    std::vector<MemoryLease> full = std::move(borrower.full);
    borrower.full.clear();
    CountReserve(borrower);
  }

  static void CountReserve(Borrower& borrower) {
    borrower.in_reserve = borrower.filling.from_reserve() ? 1 : 0;
    for (const MemoryLease& lease : borrower.full) borrower.in_reserve += lease.from_reserve();
  }

  void Check() {
    int64_t held = 0;
    for (const MemoryLease& lease : streams_) held += lease.bytes();
    for (const Borrower& borrower : borrowers_) {
      held += borrower.filling.bytes();
      for (const MemoryLease& lease : borrower.full) held += lease.bytes();
    }
    const BufferBudget::Stats stats = budget_.stats();
    ASSERT_EQ(stats.used, held);
    ASSERT_LE(stats.used, stats.total);
    ASSERT_EQ(stats.waiting, static_cast<int64_t>(order_.size()));
  }

  std::mt19937_64 random_;
  BufferBudget budget_;
  std::vector<Borrower> borrowers_;
  std::vector<MemoryLease> streams_;
  std::map<int64_t, int64_t> order_;  // ticket of every waiting request -> when it began to wait
  int64_t last_ticket_ = 0;
  int64_t now_ = 0;
  int64_t longest_wait_ = 0;
  int64_t reserve_grants_ = 0;
};

TEST(BufferBudgetPropertyTest, KeepsTheBudgetAndEndsEveryWait) {
  int64_t reserve_grants = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Borrowers borrowers(seed, 2 + static_cast<int>(seed % 30),
                        80 * static_cast<int64_t>(1 + seed % 12));
    for (int step = 0; step < 2'000; ++step) borrowers.Step();
    borrowers.ComeToTheEnd();
    reserve_grants += borrowers.reserve_grants();
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(reserve_grants, 10'000) << "the reserve was hardly used: the test tests nothing";
}

// Nobody ever stops: waits must end while others go on beginning parts.
TEST(BufferBudgetPropertyTest, EndsEveryWaitWhileOthersGoOn) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Borrowers borrowers(seed, 12, 240);
    for (int step = 0; step < 30'000; ++step) borrowers.Step();
    EXPECT_LT(borrowers.longest_wait(), 3'000) << "seed " << seed;
  }
}

}  // namespace
}  // namespace penstock
