// From `finish` to `finished`: rules 2, 5, 6, 8 and 13.

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

absl::Status Unavailable() {
  return MakeError(Code::kUnavailable, kReasonUnavailable, "simulated", {}, absl::Seconds(1));
}
absl::Status NoSuchUpload() {
  return MakeError(Code::kNotFound, kReasonNoSuchUpload, "no such upload");
}
absl::Status NoSuchObject() {
  return MakeError(Code::kNotFound, kReasonNoSuchObject, "no such object");
}

TEST(SessionPublishTest, LedgerIsSealedBeforeItIsCompletedAndRecordedBeforeItIsTold) {
  SessionHarness s;
  s.Commit("abcd");
  EXPECT_THAT(s.Chunk(4, "ef"), ElementsAre("read"));
  EXPECT_THAT(s.Finish(6, Crc64("abcdef")), ElementsAre("part 2 ef", "read"));
  EXPECT_THAT(s.Stored(2), ElementsAre("commit 2"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 6/6", "seal"));
  EXPECT_EQ(s.state(), State::kSealing);
  EXPECT_THAT(s.Store(), ElementsAre("complete u1 1:e1,2:e2"));
  EXPECT_EQ(s.stored->seal->size, 6);
  EXPECT_EQ(s.stored->seal->crc64, Crc64("abcdef"));
  EXPECT_THAT(s.Publish(Published("abcdef", "mark-0")), ElementsAre("record finished"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "release"));
  const PublishedObject& result = *s.finished().session.result;
  EXPECT_EQ(result.size, 6);
  EXPECT_EQ(result.crc64, Crc64("abcdef"));
  EXPECT_EQ(result.etag, "object-etag");
  EXPECT_EQ(result.version_id, "v1");
  EXPECT_EQ(result.request_id, "request-1");
  EXPECT_EQ(s.stored->upload_id, "");
}

TEST(SessionPublishTest, FinishOnAPartBoundaryNeedsNoFurtherPart) {
  SessionHarness s;
  s.Commit("abcdefgh");
  EXPECT_THAT(s.Finish(8), ElementsAre("seal", "read"));
}

TEST(SessionPublishTest, FinishWaitsForTheCommitUnderWay) {
  SessionHarness s;
  s.StartUpload();
  s.Stored(1);
  EXPECT_THAT(s.Finish(4), ElementsAre("read"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/4", "seal"));
}

TEST(SessionPublishTest, EmptyObjectOfASessionWithARecordIsOneEmptyPart) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abcd");
  s.Store();  // the record is there, and the server dies before anything is committed
  s.Restart();
  s.Store();
  EXPECT_THAT(s.Finish(0), ElementsAre("initiate", "read"));
  s.Initiated("u1");
  EXPECT_THAT(s.Store(), ElementsAre("part 4 "));
  s.Stored(4);
  s.Store();
  EXPECT_THAT(s.Store(), ElementsAre("complete u1 4:e4"));
}

TEST(SessionPublishTest, StreamLostAfterFinishStopsNothing) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "ef");
  s.Finish(6);
  EXPECT_THAT(s.Lose(), IsEmpty());
  s.Stored(1);
  s.Stored(2);
  s.Store();
  EXPECT_THAT(s.Store(), ElementsAre("seal"));
  s.Store();
  s.Publish(Published("abcdef", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("release"));
  EXPECT_EQ(s.stored->state, SessionState::kFinished);
}

TEST(SessionPublishTest, HalfCloseAfterFinishIsTheUsualEnd) {
  SessionHarness s;
  s.SealList("abcd");
  EXPECT_THAT(s.HalfClose(), IsEmpty());
  s.Publish(Published("abcd", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "release"));
}

TEST(SessionPublishTest, DrainAfterFinishWaitsForTheEnd) {
  SessionHarness s;
  s.StartUpload();
  s.Finish(4);
  EXPECT_THAT(s.Drain(), IsEmpty());
  s.Stored(1);
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/4", "seal"));
  s.Store();
  s.Publish(Published("abcd", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "release"));
}

TEST(SessionPublishTest, FrameAfterFinishEndsTheStreamButNotTheFinishing) {
  SessionHarness s;
  s.SealList("abcd");
  EXPECT_THAT(s.Chunk(4, "x"), ElementsAre("close FRAME_AFTER_FINISH"));
  ExpectError(s.closed_with(), Code::kInvalidArgument, "FRAME_AFTER_FINISH");
  s.Publish(Published("abcd", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("release"));
  EXPECT_EQ(s.stored->state, SessionState::kFinished);
}

TEST(SessionPublishTest, UnknownOutcomeIsAskedForAndOursIsFinished) {
  SessionHarness s;
  s.SealList("abcd");
  EXPECT_THAT(s.Publish(Unavailable()), ElementsAre("retry publish 200ms"));
  EXPECT_EQ(s.state(), State::kResolving);
  EXPECT_THAT(s.Fire(SessionTimer::kRetryPublish), ElementsAre("head"));
  EXPECT_THAT(s.Describe(Published("abcd", "mark-0")), ElementsAre("record finished"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "discard u1", "release"));
}

TEST(SessionPublishTest, UnknownOutcomeThatWasNoneIsPublishedAgain) {
  SessionHarness s;
  s.SealList("abcd");
  s.Publish(Unavailable());
  s.Fire(SessionTimer::kRetryPublish);
  EXPECT_THAT(s.Describe(NoSuchObject()), ElementsAre("complete u1 1:e1"));
}

TEST(SessionPublishTest, ObjectThatIsNotOursProvesNothing) {
  struct Case {
    const char* what;
    ObjectStat object;
  };
  const Case cases[] = {{"another mark", Published("abcd", "theirs")},
                        {"another size", Published("abcde", "mark-0")},
                        {"another content", Published("abcX", "mark-0")},
                        {"no mark", Published("abcd", "")}};
  for (const Case& c : cases) {
    SessionHarness s;
    s.SealList("abcd");
    s.Publish(Unavailable());
    s.Fire(SessionTimer::kRetryPublish);
    EXPECT_THAT(s.Describe(c.object), ElementsAre("complete u1 1:e1")) << c.what;
  }
}

TEST(SessionPublishTest, LostUploadAfterTheSealIsAskedForAndOursIsFinished) {
  SessionHarness s;
  s.SealList("abcd");
  EXPECT_THAT(s.Publish(NoSuchUpload()), ElementsAre("head"));
  EXPECT_THAT(s.Describe(Published("abcd", "mark-0")), ElementsAre("record finished"));
}

TEST(SessionPublishTest, LostUploadAfterTheSealIsNoSuccessWhenTheObjectIsNotOurs) {
  for (const absl::StatusOr<ObjectStat>& found :
       {absl::StatusOr<ObjectStat>(NoSuchObject()),
        absl::StatusOr<ObjectStat>(Published("abcd", "theirs"))}) {
    SessionHarness s;
    s.SealList("abcd");
    s.Publish(NoSuchUpload());
    EXPECT_THAT(s.Describe(found), ElementsAre("record failed OUTCOME_UNKNOWN"));
    EXPECT_THAT(s.Store(), ElementsAre("discard u1", "close OUTCOME_UNKNOWN", "release"));
    EXPECT_EQ(s.closed_with().code(), Code::kDataLoss);
  }
}

TEST(SessionPublishTest, RefusalsAreAskedForThenFailTheSessionWithTheirReason) {
  struct Case {
    Code code;
    const char* reason;
  };
  const Case cases[] = {{Code::kAlreadyExists, kReasonObjectExists},
                        {Code::kFailedPrecondition, kReasonInvalidPart},
                        {Code::kFailedPrecondition, kReasonConditionUnsupported},
                        {Code::kInvalidArgument, kReasonRejected},
                        {Code::kDataLoss, kReasonChecksumMismatch}};
  for (const Case& c : cases) {
    const std::string reason = c.reason;
    SessionHarness ours;
    ours.SealList("abcd");
    EXPECT_THAT(ours.Publish(MakeError(c.code, reason, "refused")), ElementsAre("head"));
    EXPECT_THAT(ours.Describe(Published("abcd", "mark-0")), ElementsAre("record finished"));

    SessionHarness s;
    s.SealList("abcd");
    s.Publish(MakeError(c.code, reason, "refused"));
    EXPECT_THAT(s.Describe(Published("abcd", "theirs")), ElementsAre("record failed " + reason));
    EXPECT_THAT(s.Store(), ElementsAre("discard u1", "close " + reason, "release"));
    EXPECT_EQ(s.stored->state, SessionState::kFailed);
    EXPECT_EQ(RetryDelay(s.closed_with()), std::nullopt);
  }
}

TEST(SessionPublishTest, DeniedLeavesTheSessionSealedForTheNextOpen) {
  SessionHarness s;
  s.SealList("abcd");
  const absl::Status denied = MakeError(Code::kPermissionDenied, kReasonDenied, "denied");
  EXPECT_THAT(s.Publish(denied), ElementsAre("close BACKEND_DENIED", "release"));
  EXPECT_EQ(s.stored->state, SessionState::kFinishing);
  s.Restart();
  EXPECT_THAT(s.Store(), ElementsAre("owner", "head"));
  EXPECT_THAT(s.Describe(NoSuchObject()), ElementsAre("opened 4", "tick 5s", "complete u1 1:e1"));
  EXPECT_EQ(s.opened().session.state, SessionState::kFinishing);
  s.Publish(Published("abcd", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "release"));
}

TEST(SessionPublishTest, ClaimedSealIsAskedForFirst) {
  SessionHarness s;
  s.SealList("abcd");
  s.Restart(Resume());
  EXPECT_THAT(s.Store(), ElementsAre("owner", "head"));
  EXPECT_THAT(s.Describe(Published("abcd", "mark-0")),
              ElementsAre("opened 4", "tick 5s", "record finished"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "discard u1", "release"));
}

TEST(SessionPublishTest, ClaimedSealIsResolvedThoughNobodyListens) {
  SessionHarness s;
  s.SealList("abcd");
  s.Restart(Resume(), Session::Purpose::kOutcome);
  EXPECT_THAT(s.Store(), ElementsAre("owner", "head"));
  EXPECT_THAT(s.Describe(NoSuchObject()), ElementsAre("tick 5s", "complete u1 1:e1"));
  s.Publish(Published("abcd", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("release"));
  EXPECT_EQ(s.stored->state, SessionState::kFinished);
}

TEST(SessionPublishTest, ClaimedSealIsResolvedThoughTheStreamIsLostMeanwhile) {
  SessionHarness s;
  s.SealList("abcd");
  s.Restart(Resume());
  s.Store();
  EXPECT_THAT(s.Lose(), IsEmpty());
  s.Describe(Published("abcd", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("discard u1", "release"));
  EXPECT_EQ(s.stored->state, SessionState::kFinished);
}

TEST(SessionPublishTest, AskingGivesUpWithTheSessionStillSealed) {
  SessionHarness s;
  s.SealList("abcd");
  s.Publish(Unavailable());
  for (int i = 2; i < SmallConfig().max_attempts; ++i) {
    s.Fire(SessionTimer::kRetryPublish);
    EXPECT_EQ(s.Describe(Unavailable()).size(), 1u);
  }
  s.Fire(SessionTimer::kRetryPublish);
  EXPECT_THAT(s.Describe(Unavailable()), ElementsAre("close BACKEND_UNAVAILABLE", "release"));
  EXPECT_EQ(s.stored->state, SessionState::kFinishing);
  EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
}

TEST(SessionPublishTest, PublishedContentThatDiffersFailsTheSession) {
  SessionHarness s;
  s.SealList("abcd");
  EXPECT_THAT(s.Publish(Published("abcX", "mark-0")),
              ElementsAre("record failed PUBLISHED_CONTENT_DIFFERS"));
  s.Store();
  ExpectError(s.closed_with(), Code::kDataLoss, "PUBLISHED_CONTENT_DIFFERS",
              {{"size", "4"}, {"got_size", "4"}});
}

TEST(SessionPublishTest, SealThatAnotherOwnerPreventedPublishesNothing) {
  SessionHarness s;
  s.Commit("abcd");
  s.Finish(4);
  s.ApplyToStore(ClaimByAnother());
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_WRITER", "release"));
  EXPECT_EQ(s.stored->state, SessionState::kOpen);
}

TEST(SessionPublishTest, ResultOfUnknownOutcomeIsRecordedAgain) {
  SessionHarness s;
  s.SealList("abcd");
  s.Publish(Published("abcd", "mark-0"));
  EXPECT_THAT(s.StoreAppliesAndForgets(), ElementsAre("retry store 200ms"));
  EXPECT_THAT(s.Fire(SessionTimer::kRetryStore), ElementsAre("record finished"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "release"));
}

TEST(SessionPublishTest, WrongCrc64FailsTheSessionAndPublishesNothing) {
  SessionHarness s;
  s.Commit("abcd");
  EXPECT_THAT(s.Finish(4, 7), ElementsAre("record failed CONTENT_MISMATCH", "read"));
  EXPECT_THAT(s.Store(), ElementsAre("discard u1", "close CONTENT_MISMATCH", "release"));
  ExpectError(s.closed_with(), Code::kDataLoss, "CONTENT_MISMATCH",
              {{"expected", "0000000000000007"}});
  EXPECT_EQ(RetryDelay(s.closed_with()), std::nullopt);
  s.Restart();
  EXPECT_THAT(s.Store(), ElementsAre("close CONTENT_MISMATCH", "release"));
  EXPECT_EQ(s.closed_with().code(), Code::kFailedPrecondition);
}

TEST(SessionPublishTest, WrongCrc64OfASmallObjectIsRecordedToo) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abc");
  EXPECT_THAT(s.Finish(3, 7), ElementsAre("create failed", "read"));
  EXPECT_THAT(s.Store(), ElementsAre("close CONTENT_MISMATCH", "release"));
  EXPECT_EQ(s.stored->state, SessionState::kFailed);
}

TEST(SessionPublishTest, WrongCrc64WhileCreatingFailsOnceTheRecordIsThere) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abcd");
  EXPECT_THAT(s.Finish(4, 7), ElementsAre("read"));
  EXPECT_THAT(s.Store(), ElementsAre("record failed CONTENT_MISMATCH"));
  EXPECT_THAT(s.Store(), ElementsAre("close CONTENT_MISMATCH", "release"));
}

TEST(SessionPublishTest, SupersededStreamStopsAtOnce) {
  SessionHarness s;
  s.SealList("abcd");
  EXPECT_THAT(s.Supersede(), ElementsAre("close STALE_WRITER", "release"));
  EXPECT_THAT(s.Publish(Published("abcd", "mark-0")), IsEmpty());
  EXPECT_EQ(s.stored->state, SessionState::kFinishing);
}

// Its last part is smaller than others may be: more behind it could never be published.
TEST(SessionPublishTest, NothingFollowsALastPart) {
  SessionHarness s;
  s.Commit("abcd");
  s.Chunk(4, "e");
  s.Finish(5);
  s.Stored(2);
  EXPECT_THAT(s.Store(), ElementsAre("progress 5/5", "seal"));
  s.Restart();  // the server dies before it is sealed
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 5", "tick 5s", "read"));
  EXPECT_THAT(s.Chunk(4, "e"), ElementsAre("read"));
  EXPECT_THAT(s.Chunk(5, "fg"), ElementsAre("close SIZE_MISMATCH", "release"));
  EXPECT_EQ(ErrorMetadataOf(s.closed_with()).at("expected"), "5");
  s.Restart();
  s.Store();
  EXPECT_THAT(s.Finish(5), ElementsAre("seal", "read"));
}

// What is sealed needs no room for more: here the client declares less memory than before.
TEST(SessionPublishTest, SealedSessionIsResolvedWhateverTheMemory) {
  SessionHarness s;
  s.SealList("abcd");
  s.stored->spec.total_size = 100'000;
  OpenFrame open = NewObject();
  open.replay_buffer_bytes = 8;
  s.Restart(open);
  EXPECT_THAT(s.Store(), ElementsAre("owner", "head"));
}

}  // namespace
}  // namespace penstock
