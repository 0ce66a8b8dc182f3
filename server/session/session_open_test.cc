// From `open` to `opened`: rules 1, 4, 6 and 8, and every open that is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "server/session/session_test_util.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using State = Session::State;

TEST(SessionOpenTest, UnknownTokenIsOpenedFreshAndNothingIsRecorded) {
  SessionHarness s;
  EXPECT_THAT(s.Open(NewObject()), ElementsAre("claim"));
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 0", "tick 5s", "read"));
  EXPECT_EQ(s.state(), State::kFresh);
  EXPECT_FALSE(s.stored.has_value());
  EXPECT_FALSE(s.opened().resumed);
  EXPECT_EQ(s.opened().session.fence.epoch, 1);
  EXPECT_EQ(s.opened().part_size, 4);
  EXPECT_EQ(s.opened().max_unacked_bytes, 3 * 4 + 32);
}

TEST(SessionOpenTest, OpenSessionGoesOnAtTheCommittedSizePastEveryReservedNumber) {
  SessionHarness s;
  s.Commit("abcdefgh");
  const int32_t reserved = s.stored->reserved_number;
  s.Restart();
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 8", "tick 5s", "read"));
  EXPECT_EQ(s.state(), State::kOpen);
  EXPECT_TRUE(s.opened().resumed);
  EXPECT_EQ(s.opened().session.fence.epoch, 2);
  EXPECT_EQ(s.opened().resume_crc64, Crc64("abcdefgh"));
  EXPECT_THAT(s.Chunk(8, "ijkl"),
              ElementsAre("part " + std::to_string(reserved + 1) + " ijkl", "read"));
}

TEST(SessionOpenTest, ResumeNeedsNoObject) {
  SessionHarness s;
  s.Commit("abcd");
  s.Restart(Resume());
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 4", "tick 5s", "read"));
}

TEST(SessionOpenTest, CreateLooksUpAndTakesNothingOver) {
  OpenFrame create = NewObject();
  create.mode = OpenMode::kCreate;
  SessionHarness s;
  EXPECT_THAT(s.Open(create), ElementsAre("look up"));
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 0", "tick 5s", "read"));

  SessionHarness known;
  known.Commit("abcd");
  const Fence before = known.stored->fence;
  known.Restart(create);
  EXPECT_THAT(known.Store(), ElementsAre("close SESSION_EXISTS", "release"));
  ExpectError(known.closed_with(), absl::StatusCode::kAlreadyExists, "SESSION_EXISTS",
              {{"session_id", "session-0"}});
  EXPECT_EQ(known.stored->fence, before);
}

TEST(SessionOpenTest, CreateThatLosesTheRaceIsToldThatTheSessionExists) {
  OpenFrame create = NewObject();
  create.mode = OpenMode::kCreate;
  SessionHarness s;
  s.OpenFresh(create);
  s.Chunk(0, "abcd");
  s.stored = s.record();
  s.stored->session_id = "theirs";
  EXPECT_THAT(s.Store(), ElementsAre("close SESSION_EXISTS", "release"));
  ExpectError(s.closed_with(), absl::StatusCode::kAlreadyExists, "SESSION_EXISTS",
              {{"session_id", "theirs"}});
  EXPECT_EQ(RetryDelay(s.closed_with()), std::nullopt);
}

TEST(SessionOpenTest, LookUpThatFailsIsToldAsWhatItIs) {
  OpenFrame create = NewObject();
  create.mode = OpenMode::kCreate;
  const std::pair<StoreCode, const char*> cases[] = {
      {StoreCode::kUnavailable, "close STORE_UNAVAILABLE"},
      {StoreCode::kExhausted, "close STORE_FULL"},
      {StoreCode::kCorrupt, "close STORE_CORRUPT"},
  };
  for (const auto& [code, close] : cases) {
    SessionHarness s;
    s.Open(create);
    EXPECT_THAT(s.StoreFails(code), ElementsAre(close, "release"));
    EXPECT_TRUE(RetryDelay(s.closed_with()).has_value()) << close;
  }
}

TEST(SessionOpenTest, StreamLostWhileCreateLooksUpLeavesNothingBehind) {
  OpenFrame create = NewObject();
  create.mode = OpenMode::kCreate;
  SessionHarness s;
  s.Open(create);
  EXPECT_THAT(s.Lose(), IsEmpty());
  EXPECT_THAT(s.Store(), ElementsAre("release"));
}

TEST(SessionOpenTest, DrainWhileCreateLooksUpEndsTheStream) {
  OpenFrame create = NewObject();
  create.mode = OpenMode::kCreate;
  SessionHarness s;
  s.Open(create);
  EXPECT_THAT(s.Drain(), IsEmpty());
  EXPECT_THAT(s.Store(), ElementsAre("close DRAINING", "release"));
}

TEST(SessionOpenTest, StaleOpenTakesNothingOver) {
  SessionHarness s;
  s.Commit("abcd");
  s.Restart(Resume());
  s.Store();  // epoch 2
  OpenFrame stale = Resume();
  stale.expect_epoch = 1;
  s.Restart(stale);
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_OPEN", "release"));
  ExpectError(s.closed_with(), absl::StatusCode::kAborted, "STALE_OPEN",
              {{"expected", "1"}, {"epoch", "2"}});
  EXPECT_EQ(s.stored->fence.epoch, 2);
  OpenFrame current = Resume();
  current.expect_epoch = 2;
  s.Restart(current);
  s.Store();
  EXPECT_EQ(s.opened().session.fence.epoch, 3);
}

TEST(SessionOpenTest, PartSizeParallelismAndLabelsMayDiffer) {
  SessionHarness s;
  s.Commit("abcd");
  OpenFrame open = NewObject();
  open.spec->part_size = 8;
  open.spec->max_parallel_parts = 1;
  open.spec->labels["job"] = "2";
  s.Restart(open);
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 4", "tick 5s", "read"));
  EXPECT_EQ(s.opened().part_size, 8);
}

TEST(SessionOpenTest, TooManyClaimsAreToldWhenToComeBack) {
  SessionHarness s;
  s.Commit("abcd");
  for (int i = 0; i < kDefaultClaimsPerMinute; ++i) {
    s.Restart(Resume());
    s.Store();
    EXPECT_EQ(s.state(), State::kOpen);
  }
  s.Restart(Resume());
  EXPECT_THAT(s.Store(), ElementsAre("close TOO_MANY_CLAIMS", "release"));
  EXPECT_EQ(s.closed_with().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryDelay(s.closed_with()), absl::Minutes(1));
}

TEST(SessionOpenTest, ParallelPartsAreClamped) {
  OpenFrame open = NewObject();
  open.spec->max_parallel_parts = 1000;
  SessionHarness s;
  s.OpenFresh(open);
  EXPECT_EQ(s.opened().max_unacked_bytes, (16 + 1) * 4 + 32);
}

TEST(SessionOpenTest, ParallelismOfTheSessionHoldsWhenTheOpenNamesNone) {
  OpenFrame open = NewObject();
  open.spec->max_parallel_parts = 1;
  SessionHarness s;
  s.StartUpload(open);
  s.Restart(Resume());
  s.Store();
  EXPECT_EQ(s.opened().max_unacked_bytes, (1 + 1) * 4 + 32);
}

TEST(SessionOpenTest, ReplayBufferBoundsPartsAndUnackedBytes) {
  OpenFrame open = NewObject();
  open.spec->part_size = 64;
  open.replay_buffer_bytes = 40;
  SessionHarness s;
  s.OpenFresh(open);
  EXPECT_EQ(s.opened().part_size, 10);
  EXPECT_EQ(s.opened().max_unacked_bytes, 40);
}

TEST(SessionOpenTest, FinishedSessionIsReplayed) {
  SessionHarness s;
  s.SealList("abcd");
  s.Publish(Published("abcd", "mark-0"));
  s.Store();
  const FinishedFrame first = s.finished();
  EXPECT_FALSE(first.replayed);
  s.Restart();
  EXPECT_THAT(s.Store(), ElementsAre("opened 4", "finished before", "close OK", "release"));
  EXPECT_EQ(s.finished().session.result, first.session.result);
  EXPECT_EQ(s.opened().session.state, SessionState::kFinished);
  EXPECT_TRUE(s.opened().resumed);
  EXPECT_EQ(s.opened().resume_crc64, Crc64("abcd"));
}

TEST(SessionOpenTest, FinishedSessionIsReplayedToAnOpenOfAnyEpoch) {
  SessionHarness s;
  s.SealList("abcd");
  s.Publish(Published("abcd", "mark-0"));
  s.Store();
  OpenFrame open = NewObject();
  open.expect_epoch = 0;
  s.Restart(open);
  EXPECT_THAT(s.Store(), ElementsAre("opened 4", "finished before", "close OK", "release"));
}

TEST(SessionOpenTest, EndedSessionsAreToldWithTheirReason) {
  struct Case {
    SessionState state;
    const char* reason;
  };
  const Case cases[] = {{SessionState::kFailed, "CONTENT_MISMATCH"},
                        {SessionState::kAborted, "SESSION_ABORTED"},
                        {SessionState::kExpired, "SESSION_EXPIRED"}};
  for (const Case& c : cases) {
    SessionHarness s;
    s.Commit("abcd");
    s.stored->state = c.state;
    s.stored->failure_reason = "CONTENT_MISMATCH";
    s.Restart();
    EXPECT_THAT(s.Store(), ElementsAre(std::string("close ") + c.reason, "release"));
    EXPECT_EQ(s.closed_with().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(RetryDelay(s.closed_with()), std::nullopt);
  }
}

TEST(SessionOpenTest, ClaimOfUnknownOutcomeIsRepeatedAndFindsItself) {
  SessionHarness s;
  s.Commit("abcd");
  s.Restart();
  EXPECT_THAT(s.StoreAppliesAndForgets(), ElementsAre("retry store 200ms"));
  EXPECT_THAT(s.Fire(SessionTimer::kRetryStore), ElementsAre("claim"));
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 4", "tick 5s", "read"));
  EXPECT_EQ(s.stored->fence.epoch, 2);
}

// Otherwise a stream that nobody listens to would take the session back from its own successor.
TEST(SessionOpenTest, ClaimIsNotRepeatedForAStreamThatIsGone) {
  SessionHarness s;
  s.Commit("abcd");
  s.Restart();
  s.Lose();
  EXPECT_THAT(s.StoreAppliesAndForgets(), ElementsAre("release"));

  s.Restart();
  s.StoreAppliesAndForgets();
  EXPECT_THAT(s.Lose(), IsEmpty());
  EXPECT_THAT(s.Fire(SessionTimer::kRetryStore), ElementsAre("release"));
}

TEST(SessionOpenTest, ClaimGivesUpWithARetryDelayWhenTheStoreDoesNotAnswer) {
  SessionHarness s;
  s.Open(NewObject());
  for (int i = 1; i < SmallConfig().max_attempts; ++i) {
    EXPECT_EQ(s.StoreFails(StoreCode::kUnavailable).size(), 1u);
    EXPECT_THAT(s.Fire(SessionTimer::kRetryStore), ElementsAre("claim"));
  }
  EXPECT_THAT(s.StoreFails(StoreCode::kUnavailable),
              ElementsAre("close STORE_UNAVAILABLE", "release"));
  EXPECT_EQ(s.closed_with().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
}

TEST(SessionOpenTest, ClaimThatTheStoreCannotTakeIsToldWithARetryDelay) {
  const std::pair<StoreCode, absl::StatusCode> cases[] = {
      {StoreCode::kExhausted, absl::StatusCode::kResourceExhausted},
      {StoreCode::kCorrupt, absl::StatusCode::kInternal}};
  for (const auto& [code, expected] : cases) {
    SessionHarness s;
    s.Open(NewObject());
    s.StoreFails(code);
    EXPECT_EQ(s.state(), State::kEnded);
    EXPECT_EQ(s.closed_with().code(), expected);
    EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
  }
}

TEST(SessionOpenTest, StreamLostWhileClaimingEndsAfterTheAnswer) {
  SessionHarness fresh;
  fresh.Open(NewObject());
  EXPECT_THAT(fresh.Lose(), IsEmpty());
  EXPECT_THAT(fresh.Store(), ElementsAre("release"));

  SessionHarness known;
  known.Commit("abcd");
  known.Restart();
  known.Lose();
  EXPECT_THAT(known.Store(), ElementsAre("owner", "release"));
}

TEST(SessionOpenTest, HalfCloseWhileClaimingIsAnsweredAfterOpened) {
  SessionHarness s;
  s.Commit("abcd");
  s.Restart();
  EXPECT_THAT(s.HalfClose(), IsEmpty());
  EXPECT_THAT(s.Store(),
              ElementsAre("owner", "opened 4", "tick 5s", "close NOT_FINISHED", "release"));
  ExpectError(s.closed_with(), absl::StatusCode::kFailedPrecondition, "NOT_FINISHED");
}

TEST(SessionOpenTest, HalfCloseWhileClaimingStillReplaysAFinishedSession) {
  SessionHarness s;
  s.SealList("abcd");
  s.Publish(Published("abcd", "mark-0"));
  s.Store();
  s.Restart();
  s.HalfClose();
  EXPECT_THAT(s.Store(), ElementsAre("opened 4", "finished before", "close OK", "release"));
}

TEST(SessionOpenTest, DrainWhileClaimingEndsTheStream) {
  SessionHarness s;
  s.Commit("abcd");
  s.Restart();
  EXPECT_THAT(s.Drain(), IsEmpty());
  EXPECT_THAT(s.Store(), ElementsAre("close DRAINING", "release"));
  EXPECT_EQ(s.closed_with().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
}

TEST(SessionOpenTest, DrainBeforeOpenEndsTheStream) {
  SessionHarness s;
  EXPECT_THAT(s.Drain(), ElementsAre("close DRAINING", "release"));
}

TEST(SessionOpenTest, SessionWithoutAStreamThatHasNothingToResolveEnds) {
  SessionHarness s;
  s.Commit("abcd");
  s.Restart(Resume(), Session::Purpose::kOutcome);
  EXPECT_THAT(s.Store(), ElementsAre("owner", "release"));
}

}  // namespace
}  // namespace penstock
