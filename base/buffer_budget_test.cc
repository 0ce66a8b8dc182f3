#include "base/buffer_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace penstock {
namespace {

using ::testing::ElementsAre;
using Need = BufferBudget::Need;

constexpr int64_t kSlab = 10;
constexpr int64_t kTotal = 800;    // a reserve of 100
constexpr int64_t kGeneral = 700;  // what is no reserve

class BufferBudgetTest : public ::testing::Test {
 protected:
  // Asks for a borrower of that number; its number is added to granted_ when the lease arrives.
  void Ask(int borrower, int64_t bytes, Need need = Need::kMore) {
    std::optional<MemoryLease> lease = budget_.Ask(
        &ids_[borrower], bytes,
        [this, borrower](MemoryLease lease) {
          granted_.push_back(borrower);
          leases_[borrower].Merge(std::move(lease));
        },
        need);
    if (!lease.has_value()) return;
    granted_.push_back(borrower);
    leases_[borrower].Merge(*std::move(lease));
  }
  void GiveBack(int borrower) { leases_[borrower] = MemoryLease(); }

  // Takes the whole general part, in leases of 100 bytes, so that the next request is under
  // pressure.
  void Fill() {
    for (int64_t taken = 0; taken < kGeneral; taken += 100) {
      full_.push_back(*budget_.TryTake(this, 100));
    }
  }

  BufferBudget budget_{kTotal, kSlab};
  char ids_[8] = {};
  std::vector<int> granted_;
  std::vector<MemoryLease> full_;
  MemoryLease leases_[8];
};

TEST_F(BufferBudgetTest, FootprintIsInSlabs) {
  EXPECT_EQ(budget_.Footprint(0), 0);
  EXPECT_EQ(budget_.Footprint(1), 10);
  EXPECT_EQ(budget_.Footprint(10), 10);
  EXPECT_EQ(budget_.Footprint(11), 20);
  EXPECT_EQ(BufferBudget(801, kSlab).largest_part(), 100);
  EXPECT_EQ(BufferBudget(888, kSlab).largest_part(), 120);
}

TEST_F(BufferBudgetTest, AdmitsStreamsForHalfOfTheTotal) {
  std::vector<MemoryLease> streams;
  while (std::optional<MemoryLease> lease = budget_.TryAdmit(150)) {
    streams.push_back(*std::move(lease));
  }
  EXPECT_EQ(streams.size(), 2u);
  EXPECT_EQ(budget_.stats().admitted, 300);
  streams.pop_back();
  EXPECT_EQ(budget_.stats().admitted, 150);
  EXPECT_EQ(budget_.stats().used, 150);
  EXPECT_TRUE(budget_.TryAdmit(250).has_value());
}

TEST_F(BufferBudgetTest, DoesNotAdmitIntoTheReserve) {
  Fill();
  int pressed = 0;
  budget_.set_on_pressure([&] { ++pressed; });
  EXPECT_FALSE(budget_.TryAdmit(1).has_value());
  EXPECT_EQ(pressed, 1);
  full_.pop_back();
  EXPECT_TRUE(budget_.TryAdmit(100).has_value());
  EXPECT_FALSE(budget_.TryAdmit(401).has_value()) << "too many, whatever is given up";
  EXPECT_EQ(pressed, 1);
}

TEST_F(BufferBudgetTest, LendsTheReserveToOneBorrower) {
  Fill();
  Ask(1, 40);
  EXPECT_TRUE(leases_[1].from_reserve());
  EXPECT_TRUE(budget_.stats().reserve_lent);
  Ask(2, 10);
  Ask(1, 60);  // past the queue: its part is what the others wait for
  EXPECT_THAT(granted_, ElementsAre(1, 1));
  EXPECT_EQ(leases_[1].bytes(), 100);
  EXPECT_EQ(budget_.stats().used, kTotal);
  GiveBack(1);
  EXPECT_THAT(granted_, ElementsAre(1, 1, 2));
  EXPECT_TRUE(leases_[2].from_reserve());
}

TEST_F(BufferBudgetTest, TheReserveIsBackWithItsLastLease) {
  Fill();
  MemoryLease first = *budget_.TryTake(&ids_[1], 50);
  MemoryLease second = *budget_.TryTake(&ids_[1], 50);
  Ask(2, 10);
  first = MemoryLease();
  EXPECT_THAT(granted_, ElementsAre());
  second = MemoryLease();
  EXPECT_THAT(granted_, ElementsAre(2));
}

TEST_F(BufferBudgetTest, ANewPartDoesNotKeepTheReserveFromThoseWhoWait) {
  Fill();
  Ask(1, 50, Need::kNewPart);
  Ask(1, 20, Need::kNewPart);  // nobody waits
  Ask(2, 10);
  Ask(1, 20, Need::kNewPart);
  EXPECT_THAT(granted_, ElementsAre(1, 1));
  GiveBack(1);
  EXPECT_THAT(granted_, ElementsAre(1, 1, 2));
  GiveBack(2);
  EXPECT_THAT(granted_, ElementsAre(1, 1, 2, 1));
}

TEST_F(BufferBudgetTest, WhatNoLongerFitsTheReserveGoesOnWhenItsOwnBytesComeBack) {
  Fill();
  MemoryLease committing = *budget_.TryTake(&ids_[1], 70);
  Ask(1, 30);  // of the part that it fills
  Ask(2, 100);
  Ask(1, 70);
  EXPECT_THAT(granted_, ElementsAre(1));
  committing = MemoryLease();
  EXPECT_THAT(granted_, ElementsAre(1, 1)) << "2 waits for this part, and must not be waited for";
  GiveBack(1);
  EXPECT_THAT(granted_, ElementsAre(1, 1, 2));
}

TEST_F(BufferBudgetTest, ABorrowersOwnRequestsStayInOrder) {
  Fill();
  MemoryLease first = *budget_.TryTake(&ids_[1], 70);
  Ask(1, 40);
  Ask(1, 10);  // would fit
  EXPECT_THAT(granted_, ElementsAre());
  first = MemoryLease();
  EXPECT_THAT(granted_, ElementsAre(1, 1));
  EXPECT_EQ(budget_.stats().used, kGeneral + 50);
}

TEST_F(BufferBudgetTest, NobodyPassesTheQueue) {
  Fill();
  Ask(0, 10);   // takes the reserve
  Ask(1, 100);  // waits for more than comes back at first
  full_.pop_back();
  EXPECT_THAT(granted_, ElementsAre(0, 1));
  Ask(2, 100);
  Ask(3, 10);
  full_[0] = *budget_.TryTake(this, 0);  // an empty lease: gives 100 bytes back
  EXPECT_THAT(granted_, ElementsAre(0, 1, 2));
  EXPECT_FALSE(budget_.TryTake(&ids_[4], 10).has_value());
  full_.clear();
  EXPECT_THAT(granted_, ElementsAre(0, 1, 2, 3));
}

// A session has one request at a time, so first come, first served means that they take turns.
TEST_F(BufferBudgetTest, WhoAsksAgainWaitsBehindTheOthers) {
  Fill();
  Ask(0, 100);  // the reserve
  for (const int borrower : {1, 2, 3}) Ask(borrower, 100);
  full_.pop_back();
  Ask(1, 100);
  for (int i = 0; i < 3; ++i) full_.pop_back();
  EXPECT_THAT(granted_, ElementsAre(0, 1, 2, 3, 1));
}

TEST_F(BufferBudgetTest, SmallRequestsWaitBehindALargeOne) {
  Fill();
  Ask(0, 10);
  full_.pop_back();
  leases_[5] = *budget_.TryTake(this, 50);  // 50 bytes of the general part are free
  Ask(1, 100);
  Ask(2, 10);
  EXPECT_FALSE(budget_.TryTake(&ids_[3], 10).has_value());
  EXPECT_THAT(granted_, ElementsAre(0));
  GiveBack(5);
  EXPECT_THAT(granted_, ElementsAre(0, 1));
  GiveBack(0);
  EXPECT_THAT(granted_, ElementsAre(0, 1, 2));
}

TEST_F(BufferBudgetTest, ForgetsABorrowerThatIsGone) {
  Fill();
  Ask(0, 10);
  Ask(1, 100);
  Ask(2, 10);
  Ask(1, 100);
  leases_[5] = std::move(full_.back());
  full_.pop_back();
  budget_.Forget(&ids_[1]);
  EXPECT_EQ(budget_.stats().waiting, 1);
  GiveBack(5);
  EXPECT_THAT(granted_, ElementsAre(0, 2));
}

TEST_F(BufferBudgetTest, ForgettingTheHeadServesTheNext) {
  Fill();
  Ask(0, 10);
  full_.pop_back();
  leases_[5] = *budget_.TryTake(this, 50);
  Ask(1, 100);
  Ask(2, 50);
  budget_.Forget(&ids_[1]);
  EXPECT_THAT(granted_, ElementsAre(0, 2));
}

TEST_F(BufferBudgetTest, TellsThePressureThatAWaitIs) {
  Fill();
  int pressed = 0;
  budget_.set_on_pressure([&] {
    ++pressed;
    full_.clear();
  });
  Ask(0, 100);
  EXPECT_EQ(pressed, 0);
  Ask(1, 100);
  EXPECT_EQ(pressed, 1);
  EXPECT_THAT(granted_, ElementsAre(0, 1));
}

TEST_F(BufferBudgetTest, ACallbackMayAskAgainAndGiveBack) {
  Fill();
  Ask(0, 100);
  int rounds = 0;
  const auto ask = [&](const auto& self) -> void {
    const auto lease = budget_.Ask(&ids_[1], 100, [&](MemoryLease) {
      if (++rounds < 3) self(self);
    });
    EXPECT_FALSE(lease.has_value());
  };
  ask(ask);
  EXPECT_EQ(rounds, 0);
  GiveBack(0);
  EXPECT_EQ(rounds, 3);
  EXPECT_EQ(budget_.stats().waiting, 0);
  EXPECT_FALSE(budget_.stats().reserve_lent);
}

TEST_F(BufferBudgetTest, CutsDownWhatCanNeverBeGranted) {
  const std::optional<MemoryLease> lease = budget_.TryTake(this, kTotal);
  ASSERT_TRUE(lease.has_value());
  EXPECT_EQ(lease->bytes(), 100);
}

TEST(BufferBudgetLifeTest, LeasesMayOutliveTheBudgetAndThoseWhoWaitDoNot) {
  auto budget = std::make_unique<BufferBudget>(kTotal, kSlab);
  std::vector<MemoryLease> full;
  while (auto more = budget->TryTake(&full, 50)) full.push_back(*std::move(more));
  auto kept = std::make_shared<int>();
  const std::weak_ptr<int> watch = kept;
  budget->Ask(&budget, 50, [kept = std::move(kept)](MemoryLease) { FAIL() << "gone"; });
  EXPECT_FALSE(watch.expired());
  budget = nullptr;
  EXPECT_TRUE(watch.expired());
  full.clear();
}

}  // namespace
}  // namespace penstock
