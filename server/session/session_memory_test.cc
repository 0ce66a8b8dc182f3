// Memory is asked for before bytes are taken, and given back in the end (rule 9); signs of life.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/session/session_test_util.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using State = Session::State;
using Code = absl::StatusCode;

constexpr int64_t kSlab = 4;

SessionConfig SmallSlabs() {
  SessionConfig config = SmallConfig();
  config.slab_bytes = kSlab;
  return config;
}

OpenFrame PartsOf(int64_t size) {
  OpenFrame open = NewObject();
  open.spec->part_size = size;
  return open;
}

// The last lease that a budget gives: of its reserve.
class Reserve {
 public:
  MemoryLease Take() {
    while (true) {
      std::optional<MemoryLease> lease = budget_.TryTake(this, kSlab);
      if (!lease.has_value()) ADD_FAILURE() << "there is no reserve";
      if (!lease.has_value() || lease->from_reserve())
        return std::move(lease).value_or(MemoryLease());
      general_.Merge(*std::move(lease));
    }
  }
  bool lent() const { return budget_.stats().reserve_lent; }

 private:
  BufferBudget budget_{8 * kSlab, kSlab};
  MemoryLease general_;
};

TEST(SessionMemoryTest, ChunkWaitsForMemoryAndNothingIsReadMeanwhile) {
  SessionHarness s(SmallSlabs());
  s.OpenFresh();
  s.HoldMemory();
  EXPECT_THAT(s.Chunk(0, "ab"), ElementsAre("ask 4 for a new part"));
  EXPECT_EQ(s.received_size(), 0);
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Seconds(5)), ElementsAre("tick 5s"));
  EXPECT_THAT(s.GrantMemory(), ElementsAre("read"));
  EXPECT_EQ(s.received_size(), 2);
  EXPECT_THAT(s.Chunk(2, "c"), ElementsAre("read"));  // the slab has room
}

TEST(SessionMemoryTest, EveryPartAsksForItsOwnAsFarAsItIsFilled) {
  SessionHarness s(SmallSlabs());
  s.OpenFresh(PartsOf(8));
  s.HoldMemory();
  s.Chunk(0, "ab");
  s.GrantMemory();
  EXPECT_THAT(s.Chunk(2, "cdefghij"), ElementsAre("ask 4"));
  EXPECT_THAT(s.GrantMemory(), ElementsAre("ask 4 for a new part", "create open"));
  EXPECT_EQ(s.received_size(), 8);
  EXPECT_THAT(s.GrantMemory(), ElementsAre("read"));
  EXPECT_EQ(s.received_size(), 10);
}

TEST(SessionMemoryTest, KnownBytesNeedNoMemory) {
  SessionHarness s(SmallSlabs());
  s.Commit("abcd");
  s.HoldMemory();
  EXPECT_THAT(s.Chunk(0, "abcd"), ElementsAre("read"));
}

TEST(SessionMemoryTest, StreamThatIsLostWhileItWaitsKeepsNothing) {
  SessionHarness s(SmallSlabs());
  s.OpenFresh();
  s.HoldMemory();
  s.Chunk(0, "ab");
  EXPECT_THAT(s.Lose(), ElementsAre("release"));
}

TEST(SessionMemoryTest, MemoryThatComesTooLateGoesBack) {
  SessionHarness s(SmallSlabs());
  s.StartUpload();
  s.HoldMemory();
  s.Chunk(4, "ef");
  s.Lose();
  Reserve reserve;
  EXPECT_THAT(s.GrantMemory(reserve.Take()), IsEmpty());
  EXPECT_FALSE(reserve.lent());
  EXPECT_EQ(s.received_size(), 4);
}

TEST(SessionMemoryTest, PartHoldsItsMemoryUntilItIsCommitted) {
  SessionHarness s(SmallSlabs());
  s.StartUpload();
  s.HoldMemory();
  s.Chunk(4, "efgh");
  Reserve reserve;
  EXPECT_THAT(s.GrantMemory(reserve.Take()), ElementsAre("part 2 efgh"));
  s.Stored(1);
  s.Store();
  s.Stored(2);
  EXPECT_TRUE(reserve.lent());
  s.Store();
  EXPECT_FALSE(reserve.lent());
}

TEST(SessionMemoryTest, WhoeverFillsAPartFromTheReserveForLongIsCut) {
  SessionHarness s(SmallSlabs());
  s.Commit("abcd");
  s.HoldMemory();
  s.Chunk(4, "ef");
  Reserve reserve;
  s.GrantMemory(reserve.Take());
  EXPECT_THAT(s.Fire(SessionTimer::kAge, absl::Seconds(30)), ElementsAre("part 2 ef"));
}

// "abcd" is committed, and one byte more, below the smallest part, has the reserve.
void HoldForLessThanAPart(SessionHarness& s, Reserve& reserve) {
  s.Commit("abcd");
  s.HoldMemory();
  s.Chunk(4, "e");
  s.GrantMemory(reserve.Take());
}

TEST(SessionMemoryTest, WhoeverHoldsTheReserveAndCannotBeCutIsEnded) {
  SessionHarness s(SmallSlabs());
  Reserve reserve;
  HoldForLessThanAPart(s, reserve);
  EXPECT_THAT(s.Fire(SessionTimer::kAge, absl::Seconds(29)), IsEmpty());
  EXPECT_THAT(s.Fire(SessionTimer::kAge, absl::Seconds(1)),
              ElementsAre("close MEMORY_EXHAUSTED", "release"));
  EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
  EXPECT_FALSE(reserve.lent());
  EXPECT_EQ(s.stored->committed_size, 4);
}

// What it holds may all be committed, as the tail: others wait for the reserve all the same.
TEST(SessionMemoryTest, WhoeverHoldsTheReserveForATailIsEnded) {
  SessionHarness s(SmallSlabs());
  Reserve reserve;
  HoldForLessThanAPart(s, reserve);
  s.Flush();
  s.Store();
  EXPECT_EQ(s.progress().committed_size, 5);
  EXPECT_THAT(s.Fire(SessionTimer::kAge, absl::Seconds(30)),
              ElementsAre("close MEMORY_EXHAUSTED", "release"));
  EXPECT_FALSE(reserve.lent());
  EXPECT_EQ(s.stored->committed_size, 5);
}

TEST(SessionMemoryTest, NextPartIsNotOfTheReserveBecauseTheLastOneWas) {
  SessionHarness s(SmallSlabs());
  s.Commit("abcd");
  s.HoldMemory();
  s.Chunk(4, "efgh");
  Reserve reserve;
  s.GrantMemory(reserve.Take());
  s.Chunk(8, "i");
  s.GrantMemory();
  EXPECT_THAT(s.Fire(SessionTimer::kAge, absl::Minutes(5)), IsEmpty());
  EXPECT_EQ(s.state(), State::kOpen);
}

TEST(SessionMemoryTest, BytesThatOnlyLingerGoBackWhenTheyAreCommitted) {
  SessionHarness s(SmallSlabs());
  s.StartUpload();
  s.HoldMemory();
  s.Chunk(4, "ef");
  Reserve reserve;
  s.GrantMemory(reserve.Take());
  s.Lose();
  EXPECT_TRUE(reserve.lent());
  s.MemoryShort();
  EXPECT_FALSE(reserve.lent());
}

TEST(SessionMemoryTest, LoadedTailAsksForItsMemoryWithTheFirstChunk) {
  SessionHarness s(SmallSlabs());
  s.Commit("abcd");
  s.Chunk(4, "e");
  s.Flush();
  s.Store();
  s.Restart();
  s.Store();
  s.HoldMemory();
  EXPECT_THAT(s.Chunk(5, "f"), ElementsAre("ask 4 for a new part"));
  EXPECT_THAT(s.GrantMemory(), ElementsAre("read"));
}

TEST(SessionLifeTest, StreamThatSendsNothingNewPutsOffTheExpiry) {
  SessionHarness s;
  s.Commit("abcd");
  const absl::Time before = s.stored->expire_time;
  s.Wait(absl::Minutes(60));
  s.Chunk(4, "");
  EXPECT_THAT(s.Fire(SessionTimer::kTick), ElementsAre("tick 5s"));
  s.Wait(absl::Seconds(5));
  EXPECT_THAT(s.Fire(SessionTimer::kTick), ElementsAre("tick 5s", "touch"));
  EXPECT_THAT(s.Store(), IsEmpty());
  EXPECT_EQ(s.stored->expire_time, before + absl::Minutes(60) + absl::Seconds(5));
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Seconds(5)), ElementsAre("tick 5s"));
}

TEST(SessionLifeTest, PartThatTakesLongPutsOffTheExpiry) {
  OpenFrame open = NewObject();
  open.idle_ttl = absl::Minutes(1);
  SessionHarness s;
  s.Commit("abcd", open);
  s.Chunk(4, "efgh");
  s.Wait(absl::Seconds(20));
  EXPECT_THAT(s.Fire(SessionTimer::kTick), ElementsAre("tick 5s", "progress 4/8", "touch"));
  EXPECT_THAT(s.Stored(2), IsEmpty());  // one write at a time
  EXPECT_THAT(s.Store(), ElementsAre("commit 2"));
  EXPECT_EQ(s.stored->expire_time, s.now() + absl::Minutes(1));
  EXPECT_THAT(s.Store(), ElementsAre("progress 8/8"));
}

TEST(SessionLifeTest, OwnerOfAnExpiredSessionIsToldSo) {
  SessionHarness s;
  s.Commit("abcd");
  s.Chunk(4, "efgh");
  s.Wait(absl::Hours(8 * 24));
  const StoreAnswer expired = s.ApplyToStore(ExpireSession{s.stored->fence, "the reaper", s.now()});
  ASSERT_EQ(expired.record->state, SessionState::kExpired);
  EXPECT_THAT(s.Stored(2), ElementsAre("commit 2"));
  EXPECT_THAT(s.Store(), ElementsAre("close SESSION_EXPIRED", "release"));
}

TEST(SessionLifeTest, SignOfLifeIsFencedAsAnyOtherWrite) {
  SessionHarness s;
  s.Commit("abcd");
  s.Wait(absl::Hours(2));
  s.Chunk(4, "");
  s.Fire(SessionTimer::kTick);
  s.ApplyToStore(ClaimByAnother());
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_WRITER", "release"));
}

TEST(SessionLifeTest, WhatTheClientAsksForIsKeptForNoLongerThanTheServerAllows) {
  for (const auto& [asked, kept] : {std::pair(absl::Hours(1), absl::Hours(1)),
                                    std::pair(absl::Hours(1000), absl::Hours(7 * 24))}) {
    OpenFrame open = NewObject();
    open.idle_ttl = asked;
    SessionHarness s;
    s.StartUpload(open);
    EXPECT_EQ(s.stored->idle_ttl, kept);
    EXPECT_EQ(s.stored->expire_time, s.now() + kept);
  }
  OpenFrame open = NewObject();
  open.idle_ttl = absl::ZeroDuration();
  SessionHarness s;
  EXPECT_THAT(s.Open(open), ElementsAre("close BAD_IDLE_TTL", "release"));
}

}  // namespace
}  // namespace penstock
