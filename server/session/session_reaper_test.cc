// What becomes of sessions that nobody comes back for.

#include "server/session/session_reaper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/session/service_fixture.h"
#include "server/store/session_times.h"
#include "tests/support/store_calls.h"

namespace penstock {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using Code = absl::StatusCode;

class SessionReaperTest : public ServiceFixture {
 protected:
  void RunOnce() {
    Notification over;
    reaper_.RunOnce([&] { over.Notify(); });
    over.WaitForNotification();
  }

  SessionRecord Record() { return *store_.Find(kPrincipal, kToken); }

  // A session that was sealed and whose outcome its owner could not establish.
  void LeaveFinishing() {
    backend_.FailWith("complete", MakeError(Code::kPermissionDenied, kReasonDenied, "denied"));
    auto stream = OpenAndCommit();
    stream->Give(FinishFrame{4, {}});
    EXPECT_EQ(ErrorReason(stream->AwaitClose()), kReasonDenied);
    AwaitDriver();  // it does not hold the session any more
    backend_.FailWith("complete", absl::OkStatus());
  }

  SessionReaper reaper_{*service_, SecureRandom()};
};

TEST_F(SessionReaperTest, LeavesWhatIsNotDue) {
  OpenAndCommit()->Break();
  clock_.Advance(Record().idle_ttl - absl::Minutes(1));
  RunOnce();
  EXPECT_EQ(Record().state, SessionState::kOpen);
}

TEST_F(SessionReaperTest, IdleSessionExpiresThenItsUploadIsDiscardedTwiceThenItIsForgotten) {
  OpenAndCommit()->Break();
  clock_.Advance(Record().idle_ttl);
  RunOnce();
  EXPECT_EQ(Record().state, SessionState::kExpired);
  EXPECT_EQ(Record().fence.epoch, 2);  // its owner, if there is one, cannot write any more
  ASSERT_THAT(Record().dead_uploads, SizeIs(1));
  EXPECT_EQ(Record().dead_uploads[0].aborts, 1);
  EXPECT_THAT(backend_.uploads(), IsEmpty());

  clock_.Advance(kSecondAbortDelay - absl::Seconds(1));
  RunOnce();
  EXPECT_THAT(Record().dead_uploads, SizeIs(1));  // not yet: a part may still arrive
  clock_.Advance(absl::Seconds(1));
  RunOnce();
  EXPECT_THAT(Record().dead_uploads, IsEmpty());

  EXPECT_EQ(ErrorReason(Open()->AwaitClose()), "SESSION_EXPIRED");
  clock_.Advance(Record().expire_time - clock_.Now() - absl::Seconds(1));
  RunOnce();
  EXPECT_TRUE(store_.Find(kPrincipal, kToken).has_value());
  clock_.Advance(absl::Seconds(1));
  RunOnce();
  EXPECT_FALSE(store_.Find(kPrincipal, kToken).has_value());
}

TEST_F(SessionReaperTest, UploadThatCannotBeDiscardedIsTriedAgain) {
  backend_.FailWith("abort", absl::UnavailableError("down"));
  OpenAndCommit()->Break();
  clock_.Advance(Record().idle_ttl);
  RunOnce();
  EXPECT_EQ(Record().state, SessionState::kExpired);  // the state moves first
  EXPECT_EQ(Record().dead_uploads[0].aborts, 0);
  EXPECT_THAT(backend_.uploads(), SizeIs(1));
  clock_.Advance(Record().retention);  // it is not forgotten before its upload is
  RunOnce();
  EXPECT_TRUE(store_.Find(kPrincipal, kToken).has_value());
  backend_.FailWith("abort", absl::OkStatus());
  clock_.Advance(kDiscardRetryDelay - absl::Seconds(1));
  RunOnce();
  EXPECT_THAT(backend_.uploads(), SizeIs(1));  // others have their turn first
  clock_.Advance(absl::Seconds(1));
  RunOnce();
  EXPECT_THAT(backend_.uploads(), IsEmpty());
}

TEST_F(SessionReaperTest, UploadOfARemoteThatIsNotConfiguredAnyMoreWaitsForItsReturn) {
  const SessionKey key = MakeSessionKey(kPrincipal, kToken);
  SessionRecord record = TestRecord(kPrincipal, "id");
  record.spec.remote = "gone";
  WriteNow(store_, key, CreateSession{record});
  WriteNow(store_, key, SetUpload{PositionOf(record), "upload", clock_.Now()});
  WriteNow(store_, key, AbortSession{"id", TestNonce("abort"), clock_.Now()});
  RunOnce();
  EXPECT_EQ(Record().reap_time, clock_.Now() + kDiscardRetryDelay);
  EXPECT_THAT(Record().dead_uploads, SizeIs(1));
}

// The upload of an earlier life is dead while the new one is open, and is discarded all the same.
TEST_F(SessionReaperTest, UploadOfAnEarlierLifeIsDiscardedWhileTheNewOneIsOpen) {
  backend_.FailWith("abort", absl::UnavailableError("down"));
  OpenAndCommit()->Break();
  clock_.Advance(Record().idle_ttl);
  RunOnce();
  ASSERT_EQ(Record().state, SessionState::kExpired);
  OpenFrame open = NewObject();
  open.ended_policy = EndedPolicy::kStartOver;
  auto stream = Open(open);
  store_.Await(kPrincipal, kToken, [](const SessionRecord& record) { return record.life == 2; });
  backend_.FailWith("abort", absl::OkStatus());
  clock_.Advance(kDiscardRetryDelay);
  RunOnce();
  EXPECT_THAT(backend_.uploads(), IsEmpty());
  EXPECT_EQ(Record().state, SessionState::kOpen);
  ASSERT_THAT(Record().dead_uploads, SizeIs(1));
  EXPECT_EQ(Record().dead_uploads[0].aborts, 1);
  stream->Break();
}

TEST_F(SessionReaperTest, StreamThatShowsLifeIsNotExpired) {
  auto stream = OpenAndCommit();
  clock_.Advance(Record().idle_ttl - absl::Minutes(1));
  stream->Give(ChunkFrame{4, {}, "efgh"});
  store_.Await(kPrincipal, kToken,
               [](const SessionRecord& record) { return record.committed_size == 8; });
  clock_.Advance(absl::Hours(1));
  RunOnce();
  EXPECT_EQ(Record().state, SessionState::kOpen);
  stream->Break();
}

TEST_F(SessionReaperTest, OutcomeThatItsOwnerLeftIsEstablished) {
  LeaveFinishing();
  clock_.Advance(kOutcomeDelay - absl::Seconds(1));
  RunOnce();
  EXPECT_EQ(Record().state, SessionState::kFinishing);
  clock_.Advance(absl::Seconds(1));
  RunOnce();
  EXPECT_EQ(Record().state, SessionState::kFinished);
  EXPECT_EQ(backend_.Find("key"), "abcd");
  RunOnce();  // nothing is due
  clock_.Advance(Record().retention);
  RunOnce();
  EXPECT_FALSE(store_.Find(kPrincipal, kToken).has_value());
  EXPECT_EQ(backend_.Find("key"), "abcd");  // the object stays
}

TEST_F(SessionReaperTest, OutcomeThatCannotBeEstablishedWaitsForALaterPass) {
  LeaveFinishing();
  backend_.FailWith("stat", MakeError(Code::kPermissionDenied, kReasonDenied, "denied"));
  clock_.Advance(kOutcomeDelay);
  RunOnce();
  EXPECT_EQ(Record().state, SessionState::kFinishing);
  backend_.FailWith("stat", absl::OkStatus());
  clock_.Advance(kOutcomeDelay);
  RunOnce();
  EXPECT_EQ(Record().state, SessionState::kFinished);
}

// Whoever opened it since it was found goes first.
TEST_F(SessionReaperTest, OutcomeIsNotEstablishedOfWhatSomebodyHasClaimedSince) {
  LeaveFinishing();
  SessionRecord seen = Record();
  --seen.fence.epoch;
  Notification over;
  service_->Resolve(seen, MakeSessionKey(kPrincipal, kToken), Session::Purpose::kOutcome,
                    [&] { over.Notify(); });
  over.WaitForNotification();
  EXPECT_EQ(Record().fence.epoch, seen.fence.epoch + 1);
  EXPECT_EQ(Record().state, SessionState::kFinishing);
}

TEST_F(SessionReaperTest, SessionThatIsBeingFinishedHereIsLeftToItsDriver) {
  auto stream = OpenAndCommit();
  backend_.Hold("complete");
  stream->Give(FinishFrame{4, {}});
  backend_.AwaitHeld("complete");
  clock_.Advance(kOutcomeDelay);
  RunOnce();
  EXPECT_EQ(Record().fence.epoch, 1);  // nobody else claimed it
  backend_.Release("complete");
  EXPECT_EQ(stream->AwaitClose(), absl::OkStatus());
}

// Each object that was put is one to be forgotten: what takes turns with the clock falls behind.
TEST_F(SessionReaperTest, OnePassTakesAllThatIsDue) {
  const auto token_of = [](int i) { return absl::StrCat("a-token-of-the-tests-", i); };
  constexpr int kCount = 5 * SessionReaper::kBatch / 2;
  for (int i = 0; i < kCount; ++i) {
    SessionRecord record = TestRecord(kPrincipal, absl::StrCat("id", i));
    record.update_time = clock_.Now();
    WriteNow(store_, MakeSessionKey(kPrincipal, token_of(i)), CreateSession{record});
  }
  clock_.Advance(TestRecord(kPrincipal, "id").idle_ttl);
  RunOnce();
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(store_.Find(kPrincipal, token_of(i))->state, SessionState::kExpired);
  }
  clock_.Advance(TestRecord(kPrincipal, "id").retention);
  RunOnce();
  for (int i = 0; i < kCount; ++i) EXPECT_FALSE(store_.Find(kPrincipal, token_of(i)).has_value());
}

TEST_F(SessionReaperTest, StopEndsAPassWithItsBatch) {
  backend_.Hold("abort");
  constexpr int kCount = 2 * SessionReaper::kBatch;
  for (int i = 0; i < kCount; ++i) {
    const SessionKey key = MakeSessionKey(kPrincipal, absl::StrCat("a-token-of-the-tests-", i));
    SessionRecord record = TestRecord(kPrincipal, absl::StrCat("id", i));
    WriteNow(store_, key, CreateSession{record});
    WriteNow(store_, key, SetUpload{PositionOf(record), absl::StrCat("upload", i), clock_.Now()});
    WriteNow(store_, key, AbortSession{record.session_id, TestNonce("abort"), clock_.Now()});
  }
  Notification over;
  reaper_.RunOnce([&] { over.Notify(); });
  backend_.AwaitHeld("abort");
  reaper_.Stop();
  backend_.Release("abort");
  over.WaitForNotification();
  int discarded = 0;
  for (int i = 0; i < kCount; ++i) {
    const auto record = store_.Find(kPrincipal, absl::StrCat("a-token-of-the-tests-", i));
    discarded += record->dead_uploads.front().aborts;
  }
  EXPECT_EQ(discarded, SessionReaper::kBatch);
}

TEST_F(SessionReaperTest, PassWaitsForWhatItBegan) {
  OpenAndCommit()->Break();
  clock_.Advance(Record().idle_ttl);
  backend_.Hold("abort");
  Notification over;
  reaper_.RunOnce([&] { over.Notify(); });
  backend_.AwaitHeld("abort");
  EXPECT_FALSE(over.HasBeenNotified());
  backend_.Release("abort");
  over.WaitForNotification();
}

}  // namespace
}  // namespace penstock
