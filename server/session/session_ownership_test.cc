// What the store answers to an owner, and when the ownership is over: rule 4.

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

TEST(SessionOwnershipTest, StaleWriterIsToldToStop) {
  SessionHarness s;
  s.StartUpload();
  s.Stored(1);
  s.ApplyToStore(ClaimByAnother());
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_WRITER", "release"));
  ExpectError(s.closed_with(), Code::kAborted, "STALE_WRITER");
  EXPECT_EQ(RetryDelay(s.closed_with()), std::nullopt);
  EXPECT_EQ(s.stored->committed_size, 0);
}

TEST(SessionOwnershipTest, LateWriteOfTheOwnerEndsItsOwnershipButNotTheSession) {
  SessionHarness s;
  s.StartUpload();
  s.Stored(1);
  s.stored->committed_size = 2;  // as if by an earlier write of this owner
  EXPECT_THAT(s.Store(), ElementsAre("close OWNERSHIP_LOST", "release"));
  EXPECT_EQ(s.closed_with().code(), Code::kUnavailable);
  EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
}

// A stream may have been fresh for longer than its session may be idle.
TEST(SessionOwnershipTest, SessionLivesFromItsInsertOn) {
  OpenFrame open = NewObject();
  open.idle_ttl = absl::Seconds(20);
  SessionHarness parts;
  parts.OpenFresh(open);
  parts.Wait(absl::Minutes(1));
  parts.Chunk(0, "abcd");
  parts.Store();
  EXPECT_EQ(parts.stored->expire_time, parts.now() + absl::Seconds(20));
  SessionHarness put;
  put.OpenFresh(open);
  put.Wait(absl::Minutes(11));
  put.Chunk(0, "abc");
  put.Finish(3);
  put.Prepared();
  put.Store();
  EXPECT_GT(put.stored->reap_time, put.now());
}

// As if by a server whose clock was ahead: update times never go back.
TEST(SessionOwnershipTest, ConnectedStreamKeepsItsSessionWhateverClockWasAhead) {
  SessionHarness s;
  s.Commit("abcd");
  s.stored->update_time = s.now() + absl::Hours(30 * 24);
  s.Restart();
  s.Store();
  s.Wait(absl::Hours(2));
  s.Chunk(4, "");
  EXPECT_THAT(s.Fire(SessionTimer::kTick), ElementsAre("tick 5s", "touch"));
}

TEST(SessionOwnershipTest, WriterOfAnAbortedSessionIsToldSo) {
  SessionHarness s;
  s.StartUpload();
  s.Stored(1);
  s.ApplyToStore(AbortSession{"", "aborter", absl::Now()});
  EXPECT_THAT(s.Store(), ElementsAre("close SESSION_ABORTED", "release"));
  ExpectError(s.closed_with(), Code::kFailedPrecondition, "SESSION_ABORTED");
}

TEST(SessionOwnershipTest, CommitOfUnknownOutcomeIsRepeatedWithEqualArguments) {
  SessionHarness s;
  s.StartUpload();
  s.Stored(1);
  EXPECT_THAT(s.StoreAppliesAndForgets(), ElementsAre("retry store 200ms"));
  EXPECT_THAT(s.Fire(SessionTimer::kRetryStore), ElementsAre("commit 1"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/4"));
  EXPECT_EQ(s.ledger.size(), 1u);
}

TEST(SessionOwnershipTest, PausesBetweenRepeatsDouble) {
  SessionHarness s;
  s.StartUpload();
  s.Stored(1);
  for (const char* pause : {"200ms", "400ms", "800ms", "1.6s", "3.2s"}) {
    EXPECT_THAT(s.StoreFails(StoreCode::kUnavailable),
                ElementsAre(std::string("retry store ") + pause));
    s.Fire(SessionTimer::kRetryStore);
  }
  EXPECT_THAT(s.StoreFails(StoreCode::kUnavailable),
              ElementsAre("close STORE_UNAVAILABLE", "release"));
  EXPECT_EQ(s.stored->committed_size, 0);
}

TEST(SessionOwnershipTest, FullStoreAcknowledgesNothingAndAsksToComeBack) {
  SessionHarness s;
  s.StartUpload();
  s.Stored(1);
  EXPECT_THAT(s.StoreFails(StoreCode::kExhausted), ElementsAre("close STORE_FULL", "release"));
  EXPECT_EQ(s.closed_with().code(), Code::kResourceExhausted);
  EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
}

TEST(SessionOwnershipTest, ContradictoryStoreEndsTheStream) {
  SessionHarness s;
  s.StartUpload();
  s.Stored(1);
  EXPECT_THAT(s.StoreFails(StoreCode::kCorrupt), ElementsAre("close STORE_CORRUPT", "release"));
  EXPECT_EQ(s.closed_with().code(), Code::kInternal);
}

TEST(SessionOwnershipTest, TakenTokenChangesNothing) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abcd");
  s.stored = s.record();
  s.stored->session_id = "theirs";
  const SessionRecord before = *s.stored;
  EXPECT_THAT(s.Store(), ElementsAre("close TOKEN_TAKEN", "release"));
  EXPECT_EQ(s.closed_with().code(), Code::kAborted);
  EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
  EXPECT_EQ(*s.stored, before);
}

// The repeat of an insert finds its own session, which somebody changed meanwhile.
TEST(SessionOwnershipTest, OwnSessionIsNotTakenForAnothers) {
  OpenFrame create = NewObject();
  create.mode = OpenMode::kCreate;
  SessionHarness aborted;
  aborted.OpenFresh(create);
  aborted.Chunk(0, "abcd");
  aborted.StoreAppliesAndForgets();
  aborted.ApplyToStore(AbortSession{"", "aborter", absl::Now()});
  aborted.Fire(SessionTimer::kRetryStore);
  EXPECT_THAT(aborted.Store(), ElementsAre("close SESSION_ABORTED", "release"));

  SessionHarness claimed;
  claimed.OpenFresh(create);
  claimed.Chunk(0, "abcd");
  claimed.StoreAppliesAndForgets();
  claimed.ApplyToStore(ClaimByAnother());
  claimed.Fire(SessionTimer::kRetryStore);
  EXPECT_THAT(claimed.Store(), ElementsAre("close STALE_WRITER", "release"));
}

TEST(SessionOwnershipTest, LoserOfTheUploadIdDiscardsItsOwnUpload) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abcd");
  s.Store();
  s.Initiated("u1");
  s.ApplyToStore(ClaimByAnother());
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_WRITER", "discard u1", "release"));
}

TEST(SessionOwnershipTest, UploadIdThatWasRecordedAfterAllIsNotDiscarded) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abcd");
  s.Store();
  s.Initiated("u1");
  s.StoreAppliesAndForgets();
  s.ApplyToStore(ClaimByAnother());
  s.Fire(SessionTimer::kRetryStore);
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_WRITER", "release"));
}

TEST(SessionOwnershipTest, UploadThatIsInitiatedTooLateIsDiscarded) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abcd");
  s.Store();
  EXPECT_THAT(s.Supersede(), ElementsAre("close STALE_WRITER", "release"));
  EXPECT_THAT(s.Initiated("u1"), ElementsAre("discard u1"));
}

TEST(SessionOwnershipTest, UploadIdThatIsRefusedAfterTheEndIsDiscarded) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abcd");
  s.Store();
  s.Initiated("u1");
  s.ApplyToStore(AbortSession{"", "aborter", absl::Now()});
  EXPECT_THAT(s.Abort(), ElementsAre("close SESSION_ABORTED", "release"));
  EXPECT_THAT(s.StoreAfterEnd(), ElementsAre("discard u1"));
}

}  // namespace
}  // namespace penstock
