// The short way of small objects: rule 13.

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
absl::Status NoSuchObject() {
  return MakeError(Code::kNotFound, kReasonNoSuchObject, "no such object");
}

// A session sealed as a single put of "abc", claimed by another server that finds no object.
void AwaitContent(SessionHarness& s) {
  s.SealPut("abc");
  s.Restart();
  s.Store();
  s.Describe(NoSuchObject());
}

TEST(SessionPutTest, SmallObjectIsSignedThenSealedThenSent) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abc");
  EXPECT_THAT(s.Finish(3, Crc64("abc")), ElementsAre("prepare abc", "read"));
  EXPECT_EQ(s.state(), State::kPreparing);
  EXPECT_THAT(s.Prepared(), ElementsAre("create finishing"));
  EXPECT_EQ(s.state(), State::kSealing);
  EXPECT_THAT(s.Store(), ElementsAre("put"));
  EXPECT_TRUE(s.stored->seal->single_put);
  EXPECT_EQ(s.stored->seal->size, 3);
  EXPECT_EQ(s.stored->seal->crc64, Crc64("abc"));
  EXPECT_THAT(s.Publish(Published("abc", "mark-0")), ElementsAre("record finished"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "release"));
  EXPECT_EQ(s.stored->committed_size, 3);
}

TEST(SessionPutTest, EmptyObjectGoesTheShortWay) {
  SessionHarness s;
  s.OpenFresh();
  EXPECT_THAT(s.Finish(0, 0), ElementsAre("prepare ", "read"));
  EXPECT_THAT(s.Prepared(), ElementsAre("create finishing"));
  EXPECT_THAT(s.Store(), ElementsAre("put"));
  s.Publish(Published("", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "release"));
}

TEST(SessionPutTest, DeclaredLengthThatFillsThePartExactlyGoesTheShortWay) {
  OpenFrame open = NewObject();
  open.spec->total_size = 4;
  SessionHarness s;
  s.OpenFresh(open);
  EXPECT_THAT(s.Chunk(0, "abcd"), ElementsAre("read"));
  EXPECT_THAT(s.Finish(4), ElementsAre("prepare abcd", "read"));
}

TEST(SessionPutTest, ObjectThatTheRemoteCannotTakeInOnePutGoesByMultipart) {
  SessionConfig config = SmallConfig();
  config.remotes[kTestRemote].max_put_size = 2;
  SessionHarness s(config);
  s.OpenFresh();
  s.Chunk(0, "abc");
  EXPECT_THAT(s.Finish(3), ElementsAre("create open", "read"));
  EXPECT_THAT(s.Store(), ElementsAre("initiate"));
}

TEST(SessionPutTest, TakenTokenSendsNothing) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abc");
  s.Finish(3);
  s.stored = s.record();
  s.stored->session_id = "theirs";
  const SessionRecord before = *s.stored;
  s.Prepared();
  EXPECT_THAT(s.Store(), ElementsAre("close TOKEN_TAKEN", "release"));
  EXPECT_EQ(s.closed_with().code(), Code::kAborted);
  EXPECT_EQ(*s.stored, before);
}

TEST(SessionPutTest, RequestThatCannotBePreparedRecordsNothing) {
  SessionHarness s;
  s.OpenFresh();
  s.Finish(0);
  EXPECT_THAT(s.PrepareFails(Unavailable()), ElementsAre("close BACKEND_UNAVAILABLE", "release"));
  EXPECT_FALSE(s.stored.has_value());
}

TEST(SessionPutTest, SealOfUnknownOutcomeIsRepeatedBeforeAnythingIsSent) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abc");
  s.Finish(3);
  s.Prepared();
  EXPECT_THAT(s.StoreAppliesAndForgets(), ElementsAre("retry store 200ms"));
  EXPECT_THAT(s.Fire(SessionTimer::kRetryStore), ElementsAre("create finishing"));
  EXPECT_THAT(s.Store(), ElementsAre("put"));
}

TEST(SessionPutTest, RefusalAtOnceIsTold) {
  SessionHarness s;
  s.SealPut("abc");
  s.Wait(absl::Minutes(2));
  EXPECT_THAT(s.Publish(MakeError(Code::kPermissionDenied, kReasonDenied, "you may not")),
              ElementsAre("close BACKEND_DENIED", "release"));
}

// Half of the validity may have been all of it: the clock may have been set back meanwhile.
TEST(SessionPutTest, RefusalOfWhatMayHaveBeenSentTooLateIsAskedFor) {
  SessionHarness s;
  s.SealPut("abc");
  s.Wait(kPutValidity / 2);
  EXPECT_THAT(s.Publish(MakeError(Code::kPermissionDenied, kReasonDenied, "it has expired")),
              ElementsAre("retry publish 200ms"));
  EXPECT_THAT(s.Fire(SessionTimer::kRetryPublish), ElementsAre("head"));
  EXPECT_THAT(s.Describe(NoSuchObject()), ElementsAre("prepare abc"));
  EXPECT_THAT(s.Prepared(), ElementsAre("renew"));
}

TEST(SessionPutTest, EveryFurtherAttemptIsSignedAnewAndAsksTheStore) {
  SessionHarness s;
  s.SealPut("abc");
  EXPECT_THAT(s.Publish(Unavailable()), ElementsAre("retry publish 200ms"));
  EXPECT_THAT(s.Fire(SessionTimer::kRetryPublish), ElementsAre("head"));
  EXPECT_THAT(s.Describe(NoSuchObject()), ElementsAre("prepare abc"));
  EXPECT_THAT(s.Prepared(), ElementsAre("renew"));
  EXPECT_THAT(s.Store(), ElementsAre("put"));
}

TEST(SessionPutTest, RenewalThatAnotherOwnerPreventedSendsNothing) {
  SessionHarness s;
  s.SealPut("abc");
  s.Publish(Unavailable());
  s.Fire(SessionTimer::kRetryPublish);
  s.Describe(NoSuchObject());
  s.Prepared();
  s.ApplyToStore(ClaimByAnother());
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_WRITER", "release"));
}

TEST(SessionPutTest, StreamLostAfterFinishStopsNothing) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abc");
  s.Finish(3);
  EXPECT_THAT(s.Lose(), IsEmpty());
  s.Prepared();
  EXPECT_THAT(s.Store(), ElementsAre("put"));
  s.Publish(Published("abc", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("release"));
  EXPECT_EQ(s.stored->state, SessionState::kFinished);
}

TEST(SessionPutTest, ClaimedSealThatWasPublishedIsFinished) {
  SessionHarness s;
  s.SealPut("abc");
  s.Restart();
  EXPECT_THAT(s.Store(), ElementsAre("owner", "head"));
  EXPECT_THAT(s.Describe(Published("abc", "mark-0")),
              ElementsAre("opened 0", "tick 5s", "record finished"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "release"));
}

TEST(SessionPutTest, ClaimedSealThatWasNotPublishedAcceptsTheSameContentAgain) {
  SessionHarness s;
  s.SealPut("abc");
  s.Restart();
  s.Store();
  EXPECT_THAT(s.Describe(NoSuchObject()), ElementsAre("opened 0", "tick 5s", "read"));
  EXPECT_EQ(s.state(), State::kAwaitingContent);
  EXPECT_EQ(s.opened().session.state, SessionState::kFinishing);
  EXPECT_THAT(s.Chunk(0, "ab"), ElementsAre("read"));
  EXPECT_THAT(s.Chunk(1, "bc"), ElementsAre("read"));
  EXPECT_THAT(s.Finish(3, Crc64("abc")), ElementsAre("prepare abc", "read"));
  EXPECT_THAT(s.Prepared(), ElementsAre("renew"));
  EXPECT_THAT(s.Store(), ElementsAre("put"));
  s.Publish(Published("abc", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "release"));
}

TEST(SessionPutTest, FlushOfNothingIsAnsweredWhileContentIsAwaited) {
  SessionHarness s;
  AwaitContent(s);
  EXPECT_THAT(s.Flush(), ElementsAre("progress 0/0", "read"));
  EXPECT_THAT(s.Chunk(0, "abc"), ElementsAre("read"));
}

// Nothing of a put is durable before `finish`: who waits for a flush of it would wait for ever.
TEST(SessionPutTest, WhoWaitsForAFlushOfSealedContentIsTold) {
  SessionHarness s;
  AwaitContent(s);
  s.Chunk(0, "ab");
  EXPECT_THAT(s.Flush(), ElementsAre("read"));
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Seconds(5)),
              ElementsAre("tick 5s", "progress 0/2", "close FLUSH_TOO_OFTEN", "release"));
  EXPECT_EQ(s.stored->state, SessionState::kFinishing);

  SessionHarness goes_on;
  AwaitContent(goes_on);
  goes_on.Chunk(0, "ab");
  goes_on.Flush();
  goes_on.Wait(absl::Seconds(4));
  goes_on.Chunk(2, "c");
  EXPECT_THAT(goes_on.Fire(SessionTimer::kTick, absl::Seconds(1)),
              ElementsAre("tick 5s", "progress 0/3"));
  EXPECT_THAT(goes_on.Finish(3), ElementsAre("prepare abc", "read"));
}

TEST(SessionPutTest, ReplayBufferThatCannotHoldSealedContentIsRefused) {
  SessionHarness s;
  OpenFrame open = NewObject();
  open.spec->part_size = 16;
  s.OpenFresh(open);
  s.Chunk(0, "abcdefghi");
  s.Finish(9);
  s.Prepared();
  s.Store();
  open.replay_buffer_bytes = 8;
  s.Restart(open);
  s.Store();
  EXPECT_THAT(s.Describe(NoSuchObject()), ElementsAre("close REPLAY_BUFFER_TOO_SMALL", "release"));
  EXPECT_EQ(ErrorMetadataOf(s.closed_with()).at("minimum"), "9");
  EXPECT_EQ(s.stored->state, SessionState::kFinishing);
}

TEST(SessionPutTest, SealedSessionRefusesOtherContentAndStaysSealed) {
  SessionHarness longer;
  AwaitContent(longer);
  EXPECT_THAT(longer.Chunk(0, "abcd"), ElementsAre("close SEALED_CONTENT_DIFFERS", "release"));
  ExpectError(longer.closed_with(), Code::kFailedPrecondition, "SEALED_CONTENT_DIFFERS",
              {{"size", "3"}});

  SessionHarness other;
  AwaitContent(other);
  other.Chunk(0, "abX");
  EXPECT_THAT(other.Finish(3), ElementsAre("close SEALED_CONTENT_DIFFERS", "release"));
  EXPECT_EQ(other.stored->state, SessionState::kFinishing);

  SessionHarness shorter;
  AwaitContent(shorter);
  shorter.Chunk(0, "ab");
  EXPECT_THAT(shorter.Finish(2), ElementsAre("close SEALED_CONTENT_DIFFERS", "release"));
}

// The bytes are right, but what the client believes to have sent is not what would be published.
TEST(SessionPutTest, SealedSessionRefusesAFinishThatContradictsItself) {
  SessionHarness crc;
  AwaitContent(crc);
  crc.Chunk(0, "abc");
  EXPECT_THAT(crc.Finish(3, Crc64("xyz")), ElementsAre("close SEALED_CONTENT_DIFFERS", "release"));

  SessionHarness size;
  AwaitContent(size);
  size.Chunk(0, "abc");
  EXPECT_THAT(size.Finish(5), ElementsAre("close SEALED_CONTENT_DIFFERS", "release"));

  SessionHarness unsent;
  AwaitContent(unsent);
  unsent.Chunk(0, "ab");
  EXPECT_THAT(unsent.Finish(3), ElementsAre("close SIZE_MISMATCH", "release"));
}

TEST(SessionPutTest, SealedSessionWaitsForItsContentOnlyWhileSomebodyCanSendIt) {
  SessionHarness lost;
  AwaitContent(lost);
  EXPECT_THAT(lost.Lose(), ElementsAre("release"));

  SessionHarness half_closed;
  AwaitContent(half_closed);
  EXPECT_THAT(half_closed.HalfClose(), ElementsAre("close NOT_FINISHED", "release"));

  SessionHarness drained;
  AwaitContent(drained);
  EXPECT_THAT(drained.Drain(), ElementsAre("draining 0", "close DRAINING", "release"));

  SessionHarness unattended;
  unattended.SealPut("abc");
  unattended.Restart(Resume(), Session::Purpose::kOutcome);
  unattended.Store();
  EXPECT_THAT(unattended.Describe(NoSuchObject()), ElementsAre("release"));

  SessionHarness draining;
  draining.SealPut("abc");
  draining.Restart();
  draining.Store();
  draining.Drain();
  EXPECT_THAT(draining.Describe(NoSuchObject()), ElementsAre("close DRAINING", "release"));
}

// Nobody has the content any more, and from some time on no put of it can arrive.
TEST(SessionPutTest, SealedSessionWithoutContentEndsWhenNothingCanArrive) {
  struct Case {
    Session::Purpose purpose;
    absl::Duration after;
    const char* reason;
  };
  const Case cases[] = {
      {Session::Purpose::kAbort, kPutValidity, "SESSION_ABORTED"},
      {Session::Purpose::kOutcome, kPutValidity + SmallConfig().idle_ttl, "SESSION_EXPIRED"}};
  for (const Case& each : cases) {
    SessionHarness early;
    early.SealPut("abc");
    early.Wait(each.after - absl::Seconds(1));
    early.Restart(Resume(), each.purpose);
    EXPECT_THAT(early.Store(), ElementsAre("owner", "head"));
    early.Wait(absl::Seconds(2));  // it was asked for before
    EXPECT_THAT(early.Describe(NoSuchObject()), ElementsAre("release"));
    EXPECT_EQ(early.stored->state, SessionState::kFinishing);

    SessionHarness s;
    s.SealPut("abc");
    s.Wait(each.after);
    s.Restart(Resume(), each.purpose);
    s.Store();
    EXPECT_THAT(s.Describe(NoSuchObject()),
                ElementsAre(absl::StrCat("record failed ", each.reason)));
    EXPECT_THAT(s.Store(), ElementsAre("release"));
    EXPECT_EQ(s.stored->state, SessionState::kFailed);
    EXPECT_EQ(s.stored->failure_reason, each.reason);
  }
}

TEST(SessionPutTest, SealedSessionWithoutContentIsStillOurs) {
  SessionHarness s;
  s.SealPut("abc");
  s.Wait(kPutValidity);
  s.Restart(Resume(), Session::Purpose::kAbort);
  s.Store();
  s.Describe(Published("abc", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("release"));
  EXPECT_EQ(s.stored->state, SessionState::kFinished);
}

TEST(SessionPutTest, OverwriteThatIsForbiddenIsOursOrRefused) {
  const absl::Status exists = MakeError(Code::kAlreadyExists, kReasonObjectExists, "exists");
  SessionHarness ours;
  ours.SealPut("abc");
  EXPECT_THAT(ours.Publish(exists), ElementsAre("head"));
  EXPECT_THAT(ours.Describe(Published("abc", "mark-0")), ElementsAre("record finished"));

  SessionHarness theirs;
  theirs.SealPut("abc");
  theirs.Publish(exists);
  EXPECT_THAT(theirs.Describe(Published("abc", "theirs")),
              ElementsAre("record failed OBJECT_EXISTS"));
  EXPECT_THAT(theirs.Store(), ElementsAre("close OBJECT_EXISTS", "release"));
}

}  // namespace
}  // namespace penstock
