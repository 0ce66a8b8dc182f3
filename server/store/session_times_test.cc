#include "server/store/session_times.h"

#include <gtest/gtest.h>

#include "server/store/one_session.h"

namespace penstock {
namespace {

constexpr absl::Duration kTick = absl::Nanoseconds(1);

void ExpectTimes(const OneSession& session, absl::Time expire, absl::Time reap) {
  EXPECT_EQ(session.record->expire_time, expire);
  EXPECT_EQ(session.record->reap_time, reap);
}

OneSession Begun() {
  OneSession session;
  SessionRecord record = TestRecord("alice", "id");
  record.idle_ttl = absl::Hours(48);
  record.retention = absl::Hours(72);
  EXPECT_EQ(session.Do(CreateSession{record}).code, StoreCode::kOk);
  return session;
}

TEST(SessionTimesTest, LifeFromCreationToTheEndOfItsRetention) {
  OneSession session = Begun();
  ExpectTimes(session, TestTime() + absl::Hours(48), TestTime() + absl::Hours(48));
  const absl::Time sealed = TestTime() + absl::Hours(2);
  session.Do(SealSession{session.position(), session.ListSeal(), sealed});
  ExpectTimes(session, absl::InfiniteFuture(), sealed + kOutcomeDelay);
  const absl::Time finished = TestTime() + absl::Hours(3);
  session.Do(FinishSession{session.position(), session.Result(), false, finished});
  ExpectTimes(session, finished + absl::Hours(72), finished + absl::Hours(72));
}

TEST(SessionTimesTest, OwnerThatIsTryingToFinishKeepsTheReaperAway) {
  OneSession session = SealedPut();
  ExpectTimes(session, absl::InfiniteFuture(), TestTime() + kOutcomeDelay);
  const absl::Time later = TestTime() + absl::Minutes(9);
  session.Do(RenewPut{session.position(), later, later});
  ExpectTimes(session, absl::InfiniteFuture(), later + kOutcomeDelay);
}

TEST(SessionTimesTest, ExpiryMovesWhenItWouldMoveByMoreThanAnHour) {
  OneSession session = Begun();
  const absl::Time begun = session.record->expire_time;
  session.Do(TouchSession{session.position(), TestTime() + absl::Hours(1)});
  EXPECT_FALSE(session.changed);
  CommitParts commit = TestCommit(*session.record, 1, 1);
  commit.now = TestTime() + absl::Hours(1);
  session.Do(commit);
  ExpectTimes(session, begun, begun);
  EXPECT_EQ(session.record->update_time, commit.now);
  session.Do(TouchSession{session.position(), TestTime() + absl::Hours(1) + kTick});
  EXPECT_TRUE(session.changed);
  ExpectTimes(session, begun + absl::Hours(1) + kTick, begun + absl::Hours(1) + kTick);
}

TEST(SessionTimesTest, EverySignOfLifePutsTheExpiryOff) {
  const absl::Time later = TestTime() + absl::Hours(5);
  const auto after = [later](auto make) {
    OneSession session = Begun();
    auto write = make(session);
    write.now = later;
    EXPECT_EQ(session.Do(write).code, StoreCode::kOk);
    ExpectTimes(session, later + absl::Hours(48), later + absl::Hours(48));
  };
  after([](OneSession&) { return TestClaim("new"); });
  after([](OneSession& s) { return TestCommit(*s.record, 1, 1); });
  after([](OneSession& s) { return TestTail(*s.record, "tail"); });
  after([](OneSession& s) { return SetUpload{s.position(), "upload", {}}; });
  after([](OneSession& s) { return TouchSession{s.position(), {}}; });
}

TEST(SessionTimesTest, ShortTtlMovesInShortSteps) {
  OneSession session = Begun();
  session.record->idle_ttl = absl::Minutes(8);
  session.record->expire_time = TestTime() + absl::Minutes(8);
  EXPECT_EQ(ExpiryStep(*session.record), absl::Minutes(2));
  session.Do(TouchSession{session.position(), TestTime() + absl::Minutes(2)});
  EXPECT_FALSE(session.changed);
  session.Do(TouchSession{session.position(), TestTime() + absl::Minutes(2) + kTick});
  EXPECT_EQ(session.record->expire_time, TestTime() + absl::Minutes(10) + kTick);
}

TEST(SessionTimesTest, ClockThatWasWrongIsPutRight) {
  OneSession session = Begun();
  session.Do(TouchSession{session.position(), TestTime() + absl::Hours(24 * 365)});
  session.Do(TouchSession{session.position(), TestTime() + absl::Hours(1)});
  EXPECT_EQ(session.record->expire_time, TestTime() + absl::Hours(49));
}

TEST(SessionTimesTest, EndWithADeadUploadIsDueAtOnce) {
  OneSession session = Begun();
  session.Do(SetUpload{session.position(), "upload", TestTime()});
  const absl::Time failed = TestTime() + absl::Hours(1);
  session.Do(FailSession{session.position(), "REASON", "", failed});
  ExpectTimes(session, failed + absl::Hours(72), failed);
}

TEST(SessionTimesTest, EndWithoutOneIsDueWhenItIsToBeForgotten) {
  OneSession session = Begun();
  session.Do(AbortSession{"", TestNonce("abort"), TestTime()});
  ExpectTimes(session, TestTime() + absl::Hours(72), TestTime() + absl::Hours(72));
}

// An earlier life may leave an upload to a session that is used.
TEST(SessionTimesTest, DeadUploadOfAnOpenSessionIsDueAndPutsNothingOff) {
  OneSession session = Begun();
  const absl::Time expiry = session.record->expire_time;
  session.record->dead_uploads = OnlyDeadUpload();
  session.record->reap_time = TestTime();
  session.Do(TestCommit(*session.record, 1, 1));
  ExpectTimes(session, expiry, TestTime());
  const SessionRecord before = *session.record;
  const absl::Time now = TestTime() + absl::Hours(7);
  session.Do(UploadAborted{"upload", now});
  ExpectTimes(session, expiry, now + kSecondAbortDelay);
  EXPECT_EQ(session.record->update_time, before.update_time) << "no sign of life";
  session.Do(UploadAborted{"upload", now + kSecondAbortDelay});
  ExpectTimes(session, expiry, expiry);
}

TEST(SessionTimesTest, DeadUploadNeverHidesTheExpiry) {
  OneSession session = Begun();
  const absl::Time expiry = session.record->expire_time;
  session.record->dead_uploads = OnlyDeadUpload();
  session.Do(UploadAborted{"upload", expiry - absl::Minutes(1)});
  ExpectTimes(session, expiry, expiry);
}

TEST(SessionTimesTest, SealedSessionIsNotDisturbedForADeadUpload) {
  OneSession session = Begun();
  session.record->dead_uploads = OnlyDeadUpload();
  session.record->reap_time = TestTime();
  session.Do(SealSession{session.position(), session.ListSeal(), TestTime()});
  EXPECT_EQ(session.record->reap_time, TestTime() + kOutcomeDelay);
  session.Do(UploadAborted{"upload", TestTime()});
  EXPECT_EQ(session.record->reap_time, TestTime() + kOutcomeDelay);
}

}  // namespace
}  // namespace penstock
