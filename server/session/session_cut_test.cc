// Parts that are cut before they are full, and what is kept as the tail: rules 10 and 11.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "server/session/session_test_util.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using State = Session::State;
using Code = absl::StatusCode;

constexpr absl::Duration kAge = absl::Seconds(30);

// "abcd" is committed, and "e", below the smallest part, is the tail.
void SaveTailOfOneByte(SessionHarness& s) {
  s.Commit("abcd");
  s.Chunk(4, "e");
  s.Flush();
  s.Store();
}

// Another server claims the session, and flushes `bytes` behind "abcd".
void ClaimAndSaveTail(SessionHarness& s, const std::string& bytes) {
  s.ApplyToStore(ClaimByAnother());
  const LedgerPosition position{s.stored->fence, s.stored->next_sequence, s.stored->committed_size};
  const SaveTail write{position, 4, bytes, Crc64(bytes), s.now()};
  ASSERT_EQ(s.ApplyToStore(write).code, StoreCode::kOk);
}

// Too few part numbers for a part that is not full.
SessionConfig ScarceNumbers() {
  SessionConfig config = SmallConfig();
  config.remotes[kTestRemote].max_part_count = 10;
  return config;
}

TEST(SessionCutTest, PartThatFillsForLongIsCut) {
  SessionHarness s;
  s.ShowAge();
  s.OpenFresh();
  EXPECT_THAT(s.Chunk(0, "ab"), ElementsAre("age 30s", "read"));
  EXPECT_THAT(s.Chunk(2, "c"), ElementsAre("read"));
  EXPECT_THAT(s.Fire(SessionTimer::kAge, kAge), ElementsAre("create open"));
  s.Store();
  s.Initiated("u1");
  EXPECT_THAT(s.Store(), ElementsAre("part 1 abc"));
  EXPECT_THAT(s.Chunk(3, "d"), ElementsAre("age 30s", "read"));
}

TEST(SessionCutTest, AgeCountsFromThePartsFirstByte) {
  SessionHarness s;
  s.Commit("abcd");
  s.ShowAge();
  EXPECT_THAT(s.Fire(SessionTimer::kAge), IsEmpty());  // of the first part
  EXPECT_THAT(s.Chunk(4, "ef"), ElementsAre("age 30s", "read"));
  s.Wait(absl::Seconds(10));
  EXPECT_THAT(s.Chunk(6, "ghij"), ElementsAre("part 2 efgh", "read"));
  EXPECT_THAT(s.Fire(SessionTimer::kAge, absl::Seconds(20)), ElementsAre("age 10s"));
  EXPECT_THAT(s.Fire(SessionTimer::kAge, absl::Seconds(10)), ElementsAre("part 3 ij"));
}

TEST(SessionCutTest, OldPartBelowTheSmallestIsCutOnceItIsLargeEnough) {
  SessionHarness s;
  s.Commit("abcd");
  s.Chunk(4, "e");
  EXPECT_THAT(s.Fire(SessionTimer::kAge, kAge), IsEmpty());
  EXPECT_THAT(s.Chunk(5, "f"), ElementsAre("part 2 ef", "read"));
}

TEST(SessionCutTest, AgeCutsNothingWhereNumbersAreScarce) {
  SessionHarness s(ScarceNumbers());
  s.Commit("abcd");
  s.Chunk(4, "efg");
  EXPECT_THAT(s.Fire(SessionTimer::kAge, kAge), IsEmpty());
}

TEST(SessionCutTest, FlushCutsWhatIsLargeEnoughForAPart) {
  SessionHarness s;
  s.Commit("abcd");
  s.Chunk(4, "ef");
  EXPECT_THAT(s.Flush(), ElementsAre("part 2 ef", "read"));
  EXPECT_THAT(s.Stored(2), ElementsAre("commit 2"));
  s.Store();
  EXPECT_EQ(s.progress().committed_size, 6);
  EXPECT_FALSE(s.stored->tail.has_value());
}

TEST(SessionCutTest, FlushKeepsWhatIsTooSmallForAPartAsTheTail) {
  SessionHarness s;
  s.Commit("abcd");
  s.Chunk(4, "e");
  EXPECT_THAT(s.Flush(), ElementsAre("save tail e", "read"));
  EXPECT_EQ(s.progress().committed_size, 4);  // not before it is recorded
  s.Store();
  EXPECT_EQ(s.progress().committed_size, 5);
  EXPECT_EQ(s.tail, "e");
  EXPECT_EQ(s.stored->committed_crc64, Crc64("abcde"));
}

TEST(SessionCutTest, AgeCountsFromTheFirstByteThatIsNotInTheTail) {
  SessionHarness s;
  SaveTailOfOneByte(s);
  s.Wait(absl::Minutes(1));
  EXPECT_THAT(s.Chunk(5, "f"), ElementsAre("read"));  // not cut
  EXPECT_THAT(s.Chunk(6, "gh"), ElementsAre("part 2 efgh", "read"));
}

TEST(SessionCutTest, FlushOfAFreshSessionCreatesItsRecord) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "a");
  EXPECT_THAT(s.Flush(), ElementsAre("create open", "read"));
  EXPECT_THAT(s.Store(), ElementsAre("save tail a"));
  s.Store();
  EXPECT_EQ(s.progress().committed_size, 1);
}

TEST(SessionCutTest, FlushWithNothingPendingIsAnsweredAtOnce) {
  SessionHarness fresh;
  fresh.OpenFresh();
  EXPECT_THAT(fresh.Flush(), ElementsAre("progress 0/0", "read"));
  EXPECT_FALSE(fresh.stored.has_value());

  SessionHarness s;
  SaveTailOfOneByte(s);
  EXPECT_THAT(s.Flush(), ElementsAre("progress 5/5", "read"));
}

TEST(SessionCutTest, TailWaitsForThePartsBelowIt) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "e");
  EXPECT_THAT(s.Flush(), ElementsAre("read"));
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/5", "save tail e"));
}

TEST(SessionCutTest, FlushIsForWhatCameBeforeIt) {
  SessionHarness s;
  s.StartUpload();
  s.Flush();
  s.Chunk(4, "e");
  s.Stored(1);
  s.Store();
  EXPECT_EQ(s.progress().committed_size, 4);
  EXPECT_FALSE(s.stored->tail.has_value());
}

TEST(SessionCutTest, FlushIsServedThoughTheStreamIsLost) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "e");
  s.Flush();
  s.Lose();
  s.Stored(1);
  EXPECT_THAT(s.Store(), ElementsAre("save tail e"));
  EXPECT_THAT(s.Store(), IsEmpty());
  EXPECT_EQ(s.stored->committed_size, 5);
}

TEST(SessionCutTest, WhereNumbersAreScarceFlushKeepsMoreAsTheTail) {
  SessionHarness s(ScarceNumbers());
  s.Commit("abcd");
  s.Chunk(4, "ef");
  EXPECT_THAT(s.Flush(), ElementsAre("save tail ef", "read"));
  s.Store();
  s.Chunk(6, "g");
  EXPECT_THAT(s.Flush(), ElementsAre("save tail efg", "read"));  // the longer one replaces it
  s.Store();
  EXPECT_EQ(s.stored->committed_size, 7);
  EXPECT_THAT(s.Chunk(7, "h"), ElementsAre("part 2 efgh", "read"));
}

TEST(SessionCutTest, FlushThatNeitherAPartNorATailCanServeEndsTheStream) {
  SessionConfig config = SmallConfig();
  Capabilities& remote = config.remotes[kTestRemote];
  remote.min_part_size = 2 * kMaxTailSize;
  remote.max_part_size = remote.max_object_size = 8 * kMaxTailSize;
  config.memory_budget = 64 * kMaxTailSize;
  config.max_chunk_bytes = 2 * kMaxTailSize;
  OpenFrame open = NewObject();
  open.spec->part_size = 0;
  SessionHarness s(config);
  s.OpenFresh(open);
  s.Chunk(0, std::string(kMaxTailSize, 'x'));
  s.Flush();
  s.Store();
  s.Store();
  EXPECT_EQ(s.stored->committed_size, kMaxTailSize);  // as much as a tail can be
  s.Chunk(kMaxTailSize, "y");
  EXPECT_THAT(s.Flush(), ElementsAre("close FLUSH_TOO_OFTEN", "release"));
  ExpectError(s.closed_with(), Code::kResourceExhausted, "FLUSH_TOO_OFTEN",
              {{"tail_limit", std::to_string(kMaxTailSize)}});
  s.Restart(Resume());  // what was acknowledged is still there
  s.Store();
  EXPECT_EQ(s.opened().resume_offset, kMaxTailSize);
}

TEST(SessionCutTest, NextPartBeginsWithTheTailAndItsCommitRemovesIt) {
  SessionHarness s;
  SaveTailOfOneByte(s);
  EXPECT_THAT(s.Chunk(5, "fgh"), ElementsAre("part 2 efgh", "read"));
  EXPECT_THAT(s.Stored(2), ElementsAre("commit 2"));
  EXPECT_TRUE(s.stored->tail.has_value());
  EXPECT_THAT(s.Store(), ElementsAre("progress 8/8"));
  EXPECT_FALSE(s.stored->tail.has_value());
  EXPECT_EQ(s.tail, "");
  EXPECT_EQ(s.ledger.back().offset, 4);
}

TEST(SessionCutTest, TailAloneIsNotCutAgain) {
  SessionHarness s(ScarceNumbers());
  s.Commit("abcd");
  s.Chunk(4, "ef");
  s.Flush();
  s.Store();
  EXPECT_THAT(s.Fire(SessionTimer::kAge, kAge), IsEmpty());
  EXPECT_THAT(s.Lose(), ElementsAre("release"));  // nothing is in memory that is not recorded
  EXPECT_EQ(s.stored->committed_size, 6);
}

TEST(SessionCutTest, TailBecomesTheLastPartAtFinish) {
  SessionHarness s;
  SaveTailOfOneByte(s);
  EXPECT_THAT(s.Finish(5, Crc64("abcde")), ElementsAre("part 2 e", "read"));
  s.Stored(2);
  EXPECT_THAT(s.Store(), ElementsAre("progress 5/5", "seal"));
  EXPECT_THAT(s.Store(), ElementsAre("complete u1 1:e1,2:e2"));
  EXPECT_EQ(s.stored->seal->size, 5);
}

TEST(SessionCutTest, ClaimLoadsTheTail) {
  SessionHarness s;
  SaveTailOfOneByte(s);
  const std::string number = std::to_string(s.stored->reserved_number + 1);
  s.Restart(Resume());
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 5", "tick 5s", "read"));
  EXPECT_EQ(s.opened().resume_crc64, Crc64("abcde"));
  EXPECT_EQ(s.opened().session.committed_size, 5);
  EXPECT_THAT(s.Chunk(5, "fgh"), ElementsAre("part " + number + " efgh", "read"));
}

TEST(SessionCutTest, TailThatIsNotWhatItsRecordSaysIsDamage) {
  for (const char* damaged : {"X", "", "ef"}) {
    SessionHarness s;
    SaveTailOfOneByte(s);
    s.tail = damaged;
    s.Restart();
    EXPECT_THAT(s.Store(), ElementsAre("close STORE_CORRUPT", "release")) << damaged;
    EXPECT_EQ(s.stored->committed_size, 5);
  }
}

TEST(SessionCutTest, ReopenedSessionKeepsItsTailAndAClaimedOneLoadsTheOthers) {
  SessionHarness kept;
  SaveTailOfOneByte(kept);
  kept.Chunk(5, "f");
  kept.Reopen();
  EXPECT_THAT(kept.Store(),
              ElementsAre("close STALE_WRITER", "adopt", "owner", "opened 6", "read"));
  EXPECT_THAT(kept.Chunk(6, "gh"), ElementsAre("part 2 efgh", "read"));

  SessionHarness claimed;
  SaveTailOfOneByte(claimed);
  claimed.Chunk(5, "f");
  ClaimAndSaveTail(claimed, "eFG");
  claimed.Reopen();
  EXPECT_THAT(claimed.Store(),
              ElementsAre("close STALE_WRITER", "adopt", "owner", "opened 7", "read"));
  EXPECT_EQ(claimed.opened().resume_crc64, Crc64("abcdeFG"));
}

TEST(SessionCutTest, DrainSavesWhatIsTooSmallForAPart) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "e");
  EXPECT_THAT(s.Drain(), IsEmpty());
  s.Stored(1);
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/5", "save tail e"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 5/5", "draining 5", "close DRAINING", "release"));
  EXPECT_EQ(s.tail, "e");
}

TEST(SessionCutTest, DrainWithNothingButATailWritesNothing) {
  SessionHarness s;
  SaveTailOfOneByte(s);
  EXPECT_THAT(s.Drain(), ElementsAre("draining 5", "close DRAINING", "release"));

  SessionHarness claimed;
  claimed.Commit("abcd");
  ClaimAndSaveTail(claimed, "ef");  // large enough for a part
  claimed.Restart();
  claimed.Store();
  EXPECT_THAT(claimed.Drain(), ElementsAre("draining 6", "close DRAINING", "release"));
}

TEST(SessionCutTest, TailOfUnknownOutcomeIsSavedAgain) {
  SessionHarness s;
  s.Commit("abcd");
  s.Chunk(4, "e");
  s.Flush();
  EXPECT_THAT(s.StoreAppliesAndForgets(), ElementsAre("retry store 200ms"));
  s.Chunk(5, "f");  // comes meanwhile, and is not part of it
  EXPECT_THAT(s.Fire(SessionTimer::kRetryStore), ElementsAre("save tail e"));
  s.Store();
  EXPECT_EQ(s.progress().committed_size, 5);
}

}  // namespace
}  // namespace penstock
