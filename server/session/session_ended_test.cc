// What a session that has ended answers: its result, what became of it, or a new life (rule 8).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "server/session/session_test_util.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using State = Session::State;
using Code = absl::StatusCode;

absl::Status NoSuchObject() {
  return MakeError(Code::kNotFound, kReasonNoSuchObject, "no such object");
}

OpenFrame With(EndedPolicy policy, OpenFrame open = NewObject()) {
  open.ended_policy = policy;
  return open;
}

OpenFrame AnotherObject(EndedPolicy policy) {
  OpenFrame open = With(policy);
  open.spec->object.key = "other";
  return open;
}

void Finished(SessionHarness& s) {
  s.SealList("abcd");
  s.Publish(Published("abcd", "mark-0"));
  s.Store();
}

void Failed(SessionHarness& s) {
  s.Commit("abcd");
  s.Finish(4, 7);
  s.Store();
}

void Aborted(SessionHarness& s) {
  s.Commit("abcd");
  s.ApplyToStore(AbortSession{"", "aborter", s.now()});
}

void Expired(SessionHarness& s) {
  s.Commit("abcd");
  s.ApplyToStore(ExpireSession{s.stored->fence, "reaper", s.stored->expire_time});
}

// Its stream is lost within a part, and another server aborts it.
void LingerAborted(SessionHarness& s) {
  s.Commit("abcd");
  s.Chunk(4, "ef");
  s.Lose();
  s.ApplyToStore(AbortSession{"", "aborter", s.now()});
}

// The session began anew under its token.
void ExpectNewLife(SessionHarness& s, const SessionRecord& before) {
  EXPECT_EQ(s.state(), State::kOpen);
  EXPECT_FALSE(s.opened().resumed);
  EXPECT_EQ(s.opened().resume_crc64, 0u);
  EXPECT_EQ(s.stored->life, before.life + 1);
  EXPECT_EQ(s.stored->fence.epoch, before.fence.epoch + 1);
  EXPECT_NE(s.stored->session_id, before.session_id);
  EXPECT_NE(s.stored->mark, before.mark);
  EXPECT_EQ(s.stored->dead_uploads, before.dead_uploads);
  EXPECT_EQ(s.stored->upload_id, "");
  EXPECT_THAT(s.ledger, IsEmpty());
  EXPECT_THAT(s.Chunk(0, "ABCD"), ElementsAre("initiate", "read"));
}

TEST(SessionEndedTest, SessionThatDidNotFinishIsToldOrBeginsAnew) {
  struct Case {
    void (*end)(SessionHarness&);
    const char* reason;
  };
  const Case cases[] = {
      {Failed, "CONTENT_MISMATCH"}, {Aborted, "SESSION_ABORTED"}, {Expired, "SESSION_EXPIRED"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.reason);
    for (const EndedPolicy policy : {EndedPolicy::kReplay, EndedPolicy::kReplayIfCurrent}) {
      SessionHarness s;
      c.end(s);
      s.Restart(With(policy));
      EXPECT_THAT(s.Store(), ElementsAre(std::string("close ") + c.reason, "release"));
      ExpectError(s.closed_with(), Code::kFailedPrecondition, c.reason);
      EXPECT_EQ(RetryDelay(s.closed_with()), std::nullopt);
    }
    SessionHarness s;
    c.end(s);
    const SessionRecord before = *s.stored;
    EXPECT_THAT(before.dead_uploads, SizeIs(1));
    s.Restart(With(EndedPolicy::kStartOver));
    EXPECT_THAT(s.Store(), ElementsAre("start over"));
    EXPECT_EQ(s.state(), State::kStartingOver);
    EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 0", "tick 5s", "read"));
    ExpectNewLife(s, before);
  }
}

TEST(SessionEndedTest, ResultIsReplayedWithoutALookAtTheObjectUnlessAskedFor) {
  SessionHarness s;
  Finished(s);
  s.Restart(With(EndedPolicy::kReplay));
  EXPECT_THAT(s.Store(), ElementsAre("opened 4", "finished before", "close OK", "release"));
}

TEST(SessionEndedTest, ObjectThatIsStillOursIsReplayed) {
  for (const EndedPolicy policy : {EndedPolicy::kReplayIfCurrent, EndedPolicy::kStartOver}) {
    SessionHarness s;
    Finished(s);
    const SessionRecord before = *s.stored;
    s.Restart(With(policy));
    EXPECT_THAT(s.Store(), ElementsAre("head"));
    EXPECT_EQ(s.state(), State::kLooking);
    EXPECT_THAT(s.Describe(Published("abcd", "mark-0")),
                ElementsAre("opened 4", "finished before", "close OK", "release"));
    EXPECT_EQ(*s.stored, before);
  }
}

TEST(SessionEndedTest, ObjectThatIsNotOursAnyMoreIsToldOrPutAgain) {
  const absl::StatusOr<ObjectStat> found[] = {NoSuchObject(), Published("abcd", "theirs"),
                                              Published("abcX", "mark-0"),
                                              Published("abcde", "mark-0")};
  for (const absl::StatusOr<ObjectStat>& object : found) {
    SessionHarness told;
    Finished(told);
    told.Restart(With(EndedPolicy::kReplayIfCurrent));
    told.Store();
    EXPECT_THAT(told.Describe(object), ElementsAre("close OBJECT_CHANGED", "release"));
    EXPECT_EQ(told.closed_with().code(), Code::kFailedPrecondition);
    EXPECT_EQ(told.stored->state, SessionState::kFinished);

    SessionHarness again;
    Finished(again);
    const SessionRecord before = *again.stored;
    again.Restart(With(EndedPolicy::kStartOver));
    again.Store();
    EXPECT_THAT(again.Describe(object), ElementsAre("start over"));
    EXPECT_THAT(again.Store(), ElementsAre("owner", "opened 0", "tick 5s", "read"));
    ExpectNewLife(again, before);
  }
}

TEST(SessionEndedTest, ObjectThatCannotBeLookedAtChangesNothing) {
  SessionHarness s;
  Finished(s);
  const SessionRecord before = *s.stored;
  s.Restart(With(EndedPolicy::kStartOver));
  s.Store();
  const absl::Status unavailable =
      MakeError(Code::kUnavailable, kReasonUnavailable, "simulated", {}, absl::Seconds(1));
  EXPECT_THAT(s.Describe(unavailable), ElementsAre("close BACKEND_UNAVAILABLE", "release"));
  EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
  EXPECT_EQ(*s.stored, before);
}

TEST(SessionEndedTest, ObjectOfARemoteThatIsGoneCannotBeLookedAt) {
  SessionHarness s;
  Finished(s);
  s.stored->spec.remote = "gone";
  s.Restart(With(EndedPolicy::kReplayIfCurrent, Resume()));
  EXPECT_THAT(s.Store(), ElementsAre("close UNKNOWN_REMOTE", "release"));
}

TEST(SessionEndedTest, AnotherObjectNeedsAnotherLife) {
  for (const EndedPolicy policy : {EndedPolicy::kReplay, EndedPolicy::kReplayIfCurrent}) {
    SessionHarness s;
    Finished(s);
    s.Restart(AnotherObject(policy));
    EXPECT_THAT(s.Store(), ElementsAre("close SPEC_MISMATCH", "release"));
  }
  SessionHarness s;
  Finished(s);
  const SessionRecord before = *s.stored;
  s.Restart(AnotherObject(EndedPolicy::kStartOver));
  EXPECT_THAT(s.Store(), ElementsAre("start over"));  // its own object may be current: no matter
  s.Store();
  EXPECT_EQ(s.stored->spec.object.key, "other");
  ExpectNewLife(s, before);
}

TEST(SessionEndedTest, NewLifeNeedsAnObject) {
  SessionHarness s;
  Aborted(s);
  s.Restart(With(EndedPolicy::kStartOver, Resume()));
  EXPECT_THAT(s.Store(), ElementsAre("close OBJECT_REQUIRED", "release"));
  EXPECT_EQ(s.stored->state, SessionState::kAborted);
  for (const ObjectName& part : {ObjectName{"", ""}, ObjectName{"bucket", ""}}) {
    OpenFrame open = With(EndedPolicy::kStartOver);
    open.mode = OpenMode::kResume;
    open.spec->object = part;
    s.Restart(open);
    EXPECT_THAT(s.Store(), ElementsAre("close OBJECT_REQUIRED", "release"));
    EXPECT_EQ(s.stored->state, SessionState::kAborted);
  }
}

TEST(SessionEndedTest, OpenSessionIsResumedWhateverThePolicy) {
  SessionHarness s;
  s.Commit("abcd");
  s.Restart(With(EndedPolicy::kStartOver));
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 4", "tick 5s", "read"));
}

// A put whose outcome nobody knows would undo the new life if it arrived late.
TEST(SessionEndedTest, NewLifeWaitsForAPutThatMayStillArrive) {
  SessionHarness s;
  s.SealPut("abc");
  s.Publish(MakeError(Code::kAlreadyExists, kReasonObjectExists, "exists"));
  s.Describe(Published("abc", "theirs"));
  s.Store();
  ASSERT_EQ(s.stored->state, SessionState::kFailed);
  s.Restart(With(EndedPolicy::kStartOver));
  EXPECT_THAT(s.Store(), ElementsAre("close PUT_PENDING", "release"));
  ExpectError(s.closed_with(), Code::kUnavailable, "PUT_PENDING");
  EXPECT_EQ(RetryDelay(s.closed_with()), absl::Minutes(15));
  s.Wait(absl::Minutes(15) - absl::Seconds(1));
  s.Restart(With(EndedPolicy::kStartOver));
  EXPECT_THAT(s.Store(), ElementsAre("close PUT_PENDING", "release"));
  s.Wait(absl::Seconds(1));
  s.Restart(With(EndedPolicy::kStartOver));
  EXPECT_THAT(s.Store(), ElementsAre("start over"));
}

TEST(SessionEndedTest, PutThatWasAnsweredIsNotWaitedFor) {
  SessionHarness s;
  s.SealPut("abc");
  s.Publish(Published("abc", "mark-0"));
  s.Store();
  s.Restart(With(EndedPolicy::kStartOver));
  s.Store();
  EXPECT_THAT(s.Describe(NoSuchObject()), ElementsAre("start over"));
}

TEST(SessionEndedTest, OneOfTwoThatBeginAnewWins) {
  SessionHarness s;
  Aborted(s);
  s.Restart(With(EndedPolicy::kStartOver));
  s.Store();
  SessionRecord theirs = *s.stored;
  theirs.session_id = "theirs";
  theirs.state = SessionState::kOpen;
  theirs.fence = {1, "theirs"};
  theirs.next_sequence = theirs.committed_size = 0;
  theirs.committed_crc64 = 0;
  const StartOver other{s.stored->fence, SessionState::kAborted, theirs, s.now()};
  ASSERT_EQ(s.ApplyToStore(other).code, StoreCode::kOk);
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_WRITER", "release"));
  EXPECT_EQ(s.stored->session_id, "theirs");
  EXPECT_EQ(s.stored->life, 2);
}

TEST(SessionEndedTest, NewLifeOfUnknownOutcomeIsBegunOnce) {
  SessionHarness s;
  Aborted(s);
  s.Restart(With(EndedPolicy::kStartOver));
  s.Store();
  EXPECT_THAT(s.StoreAppliesAndForgets(), ElementsAre("retry store 200ms"));
  EXPECT_THAT(s.Fire(SessionTimer::kRetryStore), ElementsAre("start over"));
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 0", "tick 5s", "read"));
  EXPECT_EQ(s.stored->life, 2);
}

TEST(SessionEndedTest, NobodyBeginsAnewForAStreamThatIsGone) {
  SessionHarness looking;
  Finished(looking);
  looking.Restart(With(EndedPolicy::kStartOver));
  looking.Store();
  EXPECT_THAT(looking.Lose(), IsEmpty());
  EXPECT_THAT(looking.Describe(NoSuchObject()), ElementsAre("release"));
  EXPECT_EQ(looking.stored->state, SessionState::kFinished);

  SessionHarness starting;
  Aborted(starting);
  starting.Restart(With(EndedPolicy::kStartOver));
  starting.Store();
  EXPECT_THAT(starting.Lose(), IsEmpty());
  starting.Store();
  EXPECT_EQ(starting.state(), State::kEnded);
}

TEST(SessionEndedTest, DrainStopsALifeThatWouldBegin) {
  SessionHarness s;
  Finished(s);
  s.Restart(With(EndedPolicy::kStartOver));
  s.Store();
  EXPECT_THAT(s.Drain(), IsEmpty());
  EXPECT_THAT(s.Describe(NoSuchObject()), ElementsAre("close DRAINING", "release"));
}

TEST(SessionEndedTest, DrainEndsALifeThatBeginsMeanwhile) {
  SessionHarness s;
  Aborted(s);
  s.Restart(With(EndedPolicy::kStartOver));
  s.Store();
  EXPECT_THAT(s.Drain(), IsEmpty());
  s.Store();
  EXPECT_EQ(s.state(), State::kEnded);
  EXPECT_EQ(ErrorReason(s.closed_with()), "DRAINING");
}

// A reopened session may turn out to have ended, and then begins anew as any other.
TEST(SessionEndedTest, LingeringSessionThatEndedElsewhereBeginsAnew) {
  SessionHarness s;
  LingerAborted(s);
  const SessionRecord before = *s.stored;
  s.Reopen(AnotherObject(EndedPolicy::kStartOver));
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "start over"));
  EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 0", "read"));
  EXPECT_EQ(s.stored->spec.object.key, "other");
  ExpectNewLife(s, before);
}

TEST(SessionEndedTest, NewLifeOfALingeringSessionIsPlannedAsItsOpenAsks) {
  SessionHarness s;
  LingerAborted(s);
  OpenFrame open = AnotherObject(EndedPolicy::kStartOver);
  open.spec->part_size = 8;
  open.spec->max_parallel_parts = 1;
  s.Reopen(open);
  s.Store();
  s.Store();
  EXPECT_EQ(s.opened().part_size, 8);
  EXPECT_EQ(s.opened().max_unacked_bytes, 2 * 8 + 32);
}

TEST(SessionEndedTest, LingeringSessionBeginsNoLifeThatAnotherServerWouldRefuse) {
  for (const int64_t total_size : {int64_t{-1}, int64_t{64 * 9500 + 1}}) {
    SessionHarness s;
    LingerAborted(s);
    OpenFrame bad = AnotherObject(EndedPolicy::kStartOver);
    bad.spec->total_size = total_size;
    s.Reopen(bad);
    if (s.refused_with().ok()) s.Store();
    EXPECT_NE(s.state(), State::kStartingOver) << total_size;
  }
}

}  // namespace
}  // namespace penstock
