// How a life ends, begins anew, and is forgotten.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "server/store/one_session.h"
#include "server/store/session_times.h"

namespace penstock {
namespace {

using testing::IsEmpty;

Fence Next(const Fence& fence, const std::string& name) {
  return {fence.epoch + 1, TestNonce(name)};
}

TEST(AbortSessionTest, AbortOfAnotherLifeFindsNothing) {
  for (const SessionState state : {SessionState::kOpen, SessionState::kFailed}) {
    OneSession session = OneSession::In(state);
    const StoreAnswer answer =
        session.Do(AbortSession{"another id", TestNonce("abort"), TestTime()});
    EXPECT_EQ(answer.code, StoreCode::kNotFound);
    EXPECT_EQ(answer.record, std::nullopt);
  }
  OneSession session = OneSession::In(SessionState::kOpen);
  EXPECT_EQ(session.Do(AbortSession{"id", TestNonce("abort"), TestTime()}).code, StoreCode::kOk);
  EXPECT_EQ(session.record->state, SessionState::kAborted);
}

ExpireSession Expiry(const OneSession& session) {
  return {session.record->fence, TestNonce("reaper"), session.record->expire_time};
}

TEST(ExpireSessionTest, ExpiryFencesTheOwnerAndIsRepeatable) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const CommitParts commit = TestCommit(*session.record, 3, 1);
  const ExpireSession expire = Expiry(session);
  EXPECT_EQ(session.Do(expire).code, StoreCode::kOk);
  EXPECT_EQ(session.record->state, SessionState::kExpired);
  EXPECT_EQ(session.record->fence, Next(expire.seen, "reaper"));
  EXPECT_EQ(session.record->dead_uploads, OnlyDeadUpload());
  EXPECT_EQ(session.Do(commit).code, StoreCode::kFenced);
  EXPECT_EQ(session.Do(expire).code, StoreCode::kOk) << "its outcome was unknown";
  EXPECT_FALSE(session.changed);
}

TEST(ExpireSessionTest, ClientThatCameBackHasWon) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const ExpireSession expire = Expiry(session);
  session.Do(TestClaim("back"));
  EXPECT_EQ(session.Do(expire).code, StoreCode::kFenced);
  EXPECT_EQ(session.record->state, SessionState::kOpen);
}

TEST(ExpireSessionTest, SignOfLifeOfTheSameOwnerHasWon) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const ExpireSession expire = Expiry(session);
  EXPECT_EQ(session.Do(TouchSession{session.position(), expire.now}).code, StoreCode::kOk);
  EXPECT_EQ(session.Do(expire).code, StoreCode::kFenced);
}

TEST(ExpireSessionTest, NothingExpiresEarly) {
  OneSession session = OneSession::In(SessionState::kOpen);
  ExpireSession expire = Expiry(session);
  expire.now -= absl::Nanoseconds(1);
  EXPECT_EQ(session.Do(expire).code, StoreCode::kFenced);
}

TEST(ExpireSessionTest, OnlyOpenSessionsExpire) {
  for (const SessionState state : kAllStates) {
    if (state == SessionState::kOpen) continue;
    OneSession session = OneSession::In(state);
    EXPECT_EQ(session.Do(Expiry(session)).code,
              Ended(state) ? StoreCode::kOk : StoreCode::kWrongState);
    EXPECT_FALSE(session.changed);
  }
}

TEST(ClaimKeepTest, OwnerThatIsStillCurrentKeepsItsNumbers) {
  OneSession session = OneSession::In(SessionState::kOpen);
  session.Do(TestTail(*session.record, "tail"));
  ClaimSession claim = TestClaim("again");
  claim.keep = session.record->fence;
  for (int i = 0; i < 2; ++i) {  // a repeat too
    const StoreAnswer answer = session.Do(claim);
    ASSERT_EQ(answer.code, StoreCode::kOk);
    EXPECT_TRUE(answer.kept);
    EXPECT_EQ(answer.record->fence, Next(*claim.keep, "again"));
    EXPECT_EQ(answer.record->reserved_number, 10);
    EXPECT_THAT(answer.ledger, IsEmpty());
    EXPECT_EQ(answer.tail, "");
    EXPECT_EQ(session.changed, i == 0);
  }
}

TEST(ClaimKeepTest, OwnerThatLostItsSessionClaimsLikeAnyOther) {
  OneSession session = OneSession::In(SessionState::kOpen);
  ClaimSession claim = TestClaim("again");
  claim.keep = session.record->fence;
  session.Do(TestClaim("another"));
  for (int i = 0; i < 2; ++i) {
    const StoreAnswer answer = session.Do(claim);
    ASSERT_EQ(answer.code, StoreCode::kOk);
    EXPECT_FALSE(answer.kept);
    EXPECT_EQ(answer.first_number, 15);
    EXPECT_EQ(answer.record->reserved_number, 18);
    EXPECT_EQ(answer.ledger, session.ledger);
  }
}

TEST(ClaimKeepTest, NonceIsComparedToo) {
  OneSession session = OneSession::In(SessionState::kOpen);
  ClaimSession claim = TestClaim("again");
  claim.keep = Fence{session.record->fence.epoch, TestNonce("other")};
  const StoreAnswer answer = session.Do(claim);
  EXPECT_FALSE(answer.kept);
  EXPECT_EQ(answer.ledger, session.ledger);
}

TEST(ClaimKeepTest, OpeningAgainCountsAsAClaim) {
  OneSession session = OneSession::In(SessionState::kOpen);
  ClaimSession claim = TestClaim("again");
  claim.keep = session.record->fence;
  claim.claims_per_minute = 0;
  EXPECT_EQ(session.Do(claim).code, StoreCode::kBusy);
}

TEST(ClaimSpecTest, EndedSessionIsAnsweredWhateverItPutWhereAsked) {
  for (const SessionState state : kAllStates) {
    OneSession session = OneSession::In(state);
    ClaimSession claim = TestClaim("new");
    claim.expect_spec = session.record->spec;
    claim.expect_spec->object.key = "another object";
    EXPECT_EQ(session.Do(claim).code, StoreCode::kSpecMismatch);
    claim.any_spec_if_ended = true;
    EXPECT_EQ(session.Do(claim).code, Ended(state) ? StoreCode::kOk : StoreCode::kSpecMismatch);
    EXPECT_FALSE(session.changed);
  }
}

StartOver NewLife(const OneSession& session) {
  StartOver start{session.record->fence, session.record->state, TestRecord("alice", "next", "new"),
                  TestTime() + absl::Hours(1)};
  start.record.fence.nonce = TestNonce("next");
  return start;
}

TEST(StartOverTest, NewLifeBeginsEmptyAndAboveEveryEpoch) {
  for (const SessionState state : kAllStates) {
    if (!Ended(state)) continue;
    OneSession session = OneSession::In(state);
    session.record->dead_uploads = OnlyDeadUpload();
    const SessionRecord old = *session.record;
    const StartOver start = NewLife(session);
    ASSERT_EQ(session.Do(start).code, StoreCode::kOk);
    SessionRecord expected = start.record;
    expected.fence = Next(old.fence, "next");
    expected.life = 2;
    expected.dead_uploads = old.dead_uploads;
    expected.update_time = start.now;
    expected.expire_time = start.now + expected.idle_ttl;
    expected.reap_time = old.reap_time;  // the dead upload is as due as before
    EXPECT_EQ(session.record, expected);
    EXPECT_THAT(session.ledger, IsEmpty());
    EXPECT_EQ(session.Do(start).code, StoreCode::kOk) << "its outcome was unknown";
    EXPECT_FALSE(session.changed);
    EXPECT_EQ(session.Do(TestCommit(*session.record, 1, 1)).code, StoreCode::kOk);
    EXPECT_EQ(session.ledger.size(), 1u);
  }
}

TEST(StartOverTest, WritesOfTheEarlierLifeAreFenced) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const CommitParts late = TestCommit(*session.record, 3, 1);
  const ExpireSession expire = Expiry(session);
  session.Do(FailSession{session.position(), "REASON", "", TestTime()});
  session.Do(NewLife(session));
  EXPECT_EQ(session.Do(late).code, StoreCode::kFenced);
  EXPECT_EQ(session.Do(expire).code, StoreCode::kFenced);
  EXPECT_EQ(session.Do(AbortSession{"id", TestNonce("abort"), TestTime()}).code,
            StoreCode::kNotFound);
}

TEST(StartOverTest, WhoeverChangedItSinceHasWon) {
  OneSession session = OneSession::In(SessionState::kFailed);
  const StartOver start = NewLife(session);
  StartOver other = start;
  other.record.session_id = "other";
  other.record.fence.nonce = TestNonce("other");
  session.Do(other);
  const StoreAnswer answer = session.Do(start);
  EXPECT_EQ(answer.code, StoreCode::kFenced);
  EXPECT_EQ(answer.record->session_id, "other");
}

TEST(StartOverTest, StateAndFenceSeenAreCompared) {
  OneSession session = OneSession::In(SessionState::kFailed);
  StartOver start = NewLife(session);
  start.seen_state = SessionState::kFinished;
  EXPECT_EQ(session.Do(start).code, StoreCode::kFenced);
  start = NewLife(session);
  ++start.seen.epoch;
  EXPECT_EQ(session.Do(start).code, StoreCode::kFenced);
  start = NewLife(session);
  start.seen.nonce = TestNonce("other");
  EXPECT_EQ(session.Do(start).code, StoreCode::kFenced);
}

TEST(StartOverTest, OnlyEndedSessionsBeginAnew) {
  for (const SessionState state : {SessionState::kOpen, SessionState::kFinishing}) {
    OneSession session = OneSession::In(state);
    EXPECT_EQ(session.Do(NewLife(session)).code, StoreCode::kWrongState);
  }
}

TEST(StartOverTest, TakesOnlyAnOpenRecordThatBegins) {
  void (*const changes[])(SessionRecord&) = {
      [](SessionRecord& r) { r.state = SessionState::kFailed; },
      [](SessionRecord& r) { r.committed_size = 1; },
      [](SessionRecord& r) { r.next_sequence = 1; },
      [](SessionRecord& r) { r.fence.epoch = 2; },
  };
  for (const auto& change : changes) {
    OneSession session = OneSession::In(SessionState::kFailed);
    StartOver start = NewLife(session);
    change(start.record);
    EXPECT_EQ(session.Do(start).code, StoreCode::kCorrupt) << &change - changes;
  }
}

TEST(UploadAbortedTest, DeadUploadIsDiscardedTwiceAndThenForgotten) {
  OneSession session = OneSession::In(SessionState::kOpen);
  session.Do(AbortSession{"", TestNonce("abort"), TestTime()});
  EXPECT_EQ(session.record->reap_time, TestTime()) << "at once";
  UploadAborted aborted{"upload", TestTime() + absl::Seconds(1)};
  EXPECT_EQ(session.Do(aborted).code, StoreCode::kOk);
  ASSERT_EQ(session.record->dead_uploads.size(), 1u);
  EXPECT_EQ(session.record->dead_uploads[0].aborts, 1);
  EXPECT_EQ(session.record->reap_time, aborted.now + kSecondAbortDelay);
  aborted.now += kSecondAbortDelay;
  EXPECT_EQ(session.Do(aborted).code, StoreCode::kOk);
  EXPECT_THAT(session.record->dead_uploads, IsEmpty());
  EXPECT_EQ(session.record->reap_time, session.record->expire_time);
  EXPECT_EQ(session.Do(aborted).code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
}

TEST(UploadAbortedTest, TwoThatDiscardAtTheSameTimeCountAsOne) {
  OneSession session = OneSession::In(SessionState::kOpen);
  session.Do(AbortSession{"", TestNonce("abort"), TestTime()});
  session.Do(UploadAborted{"upload", TestTime()});
  const SessionRecord once = *session.record;
  const absl::Time due = TestTime() + kSecondAbortDelay;
  for (const absl::Time now : {TestTime(), due - absl::Nanoseconds(1)}) {
    EXPECT_EQ(session.Do(UploadAborted{"upload", now}).code, StoreCode::kOk);
    EXPECT_FALSE(session.changed);
    EXPECT_EQ(session.record, once);
  }
}

TEST(UploadAbortedTest, OtherUploadsAreLeftAlone) {
  for (const SessionState state : kAllStates) {
    OneSession session = OneSession::In(state);
    session.record->dead_uploads = OnlyDeadUpload();
    EXPECT_EQ(session.Do(UploadAborted{"another", TestTime()}).code, StoreCode::kOk);
    EXPECT_FALSE(session.changed);
  }
  OneSession session = OneSession::In(SessionState::kOpen);
  session.Do(UploadAborted{"upload", TestTime()});
  EXPECT_FALSE(session.changed) << "it is alive";
}

TEST(UploadAbortedTest, UploadThatWasNeverDiscardedStaysDue) {
  OneSession session = OneSession::In(SessionState::kFailed);
  session.record->dead_uploads = {{"remote", {"bucket", "object"}, "one", 0},
                                  {"remote", {"bucket", "object"}, "two", 0}};
  session.record->reap_time = TestTime();
  session.Do(UploadAborted{"one", TestTime() + absl::Minutes(1)});
  EXPECT_LE(session.record->reap_time, TestTime() + absl::Minutes(1));
  session.Do(UploadAborted{"two", TestTime() + absl::Minutes(2)});
  EXPECT_EQ(session.record->reap_time, TestTime() + absl::Minutes(2) + kSecondAbortDelay);
}

TEST(UploadNotAbortedTest, PutsTheReaperOff) {
  struct Row {
    SessionState state;
    absl::Duration expiry;  // from now on
    absl::Duration reap;    // likewise, expected
  };
  const Row rows[] = {
      {SessionState::kFailed, absl::Hours(1), kDiscardRetryDelay},
      {SessionState::kFailed, -absl::Hours(1), kDiscardRetryDelay},  // kept for its upload
      {SessionState::kOpen, absl::Hours(1), kDiscardRetryDelay},
      {SessionState::kOpen, absl::Minutes(1), absl::Minutes(1)},  // it expires then
      {SessionState::kFinishing, absl::InfiniteDuration(), absl::ZeroDuration()},
  };
  const absl::Time now = TestTime();
  for (const Row& row : rows) {
    OneSession session = OneSession::In(row.state);
    session.record->dead_uploads = OnlyDeadUpload();
    session.record->expire_time = now + row.expiry;
    session.record->reap_time = now;
    SessionRecord expected = *session.record;
    expected.reap_time = now + row.reap;
    EXPECT_EQ(session.Do(UploadNotAborted{"another", now}).code, StoreCode::kOk);
    EXPECT_FALSE(session.changed);
    const UploadNotAborted write{expected.dead_uploads[0].upload_id, now};
    EXPECT_EQ(session.Do(write).code, StoreCode::kOk);
    EXPECT_EQ(session.record, expected) << &row - rows;
    EXPECT_EQ(session.Do(write).code, StoreCode::kOk);
    EXPECT_FALSE(session.changed) << "a repeat";
  }
}

TEST(ForgetSessionTest, EndedSessionIsForgottenAfterItsRetention) {
  for (const SessionState state : kAllStates) {
    OneSession session = OneSession::In(state);
    const ForgetSession forget{session.record->fence, session.record->expire_time};
    EXPECT_EQ(session.Do(forget).code, Ended(state) ? StoreCode::kOk : StoreCode::kWrongState);
    EXPECT_EQ(session.record.has_value(), !Ended(state));
    if (!Ended(state)) continue;
    EXPECT_THAT(session.ledger, IsEmpty());
    EXPECT_EQ(session.Do(forget).code, StoreCode::kNotFound) << "a repeat finds nothing";
    EXPECT_EQ(session.Do(CreateSession{TestRecord("alice", "new")}).code, StoreCode::kOk);
  }
}

TEST(ForgetSessionTest, WhatIsStillNeededStays) {
  OneSession session = OneSession::In(SessionState::kFinished);
  const ForgetSession forget{session.record->fence, session.record->expire_time};
  ForgetSession early = forget;
  early.now -= absl::Nanoseconds(1);
  EXPECT_EQ(session.Do(early).code, StoreCode::kWrongState);
  ForgetSession late = forget;
  ++late.seen.epoch;
  EXPECT_EQ(session.Do(late).code, StoreCode::kFenced);
  session.record->dead_uploads = OnlyDeadUpload();
  EXPECT_EQ(session.Do(forget).code, StoreCode::kWrongState);
  session.record->dead_uploads.clear();
  EXPECT_EQ(session.Do(forget).code, StoreCode::kOk);
}

}  // namespace
}  // namespace penstock
