// The service and its drivers on real strands, over a store and a backend in memory.

#include "server/session/session_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "base/checksum.h"
#include "base/error.h"
#include "base/notification.h"
#include "server/session/service_fixture.h"

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Code = absl::StatusCode;

class SessionServiceTest : public ServiceFixture {};

TEST_F(SessionServiceTest, PutsAnObjectByParts) {
  auto stream = Open();
  EXPECT_FALSE(stream->Await<OpenedFrame>().resumed);
  stream->Give(ChunkFrame{0, {}, "abcdefgh"});
  stream->Give(ChunkFrame{8, {}, "ij"});
  stream->Give(FinishFrame{10, Crc64("abcdefghij")});
  EXPECT_EQ(stream->AwaitClose(), absl::OkStatus());
  EXPECT_EQ(stream->Await<FinishedFrame>().session.result->size, 10);
  EXPECT_EQ(backend_.Find("key"), "abcdefghij");
  EXPECT_THAT(backend_.uploads(), IsEmpty());
}

TEST_F(SessionServiceTest, PutsASmallObjectInOneRequest) {
  backend_.FailWith("initiate", absl::InternalError("no upload is expected"));
  auto stream = Open();
  stream->Give(ChunkFrame{0, {}, "abc"});
  stream->Give(FinishFrame{3, {}});
  EXPECT_EQ(stream->AwaitClose(), absl::OkStatus());
  EXPECT_EQ(backend_.Find("key"), "abc");
}

TEST_F(SessionServiceTest, ResumesAfterTheStreamBroke) {
  OpenAndCommit()->Break();
  auto stream = Open();
  EXPECT_EQ(stream->Await<OpenedFrame>().resume_offset, 4);
  stream->Give(ChunkFrame{4, {}, "ef"});
  stream->Give(FinishFrame{6, Crc64("abcdef")});
  EXPECT_EQ(stream->AwaitClose(), absl::OkStatus());
  EXPECT_EQ(backend_.Find("key"), "abcdef");
}

TEST_F(SessionServiceTest, NewestOpenEndsTheOlderStreamAtOnce) {
  auto older = OpenAndCommit();
  auto newer = Open();
  EXPECT_EQ(ErrorReason(older->AwaitClose()), "STALE_WRITER");
  EXPECT_EQ(newer->Await<OpenedFrame>().resume_offset, 4);
  newer->Give(FinishFrame{4, {}});
  EXPECT_EQ(newer->AwaitClose(), absl::OkStatus());
}

TEST_F(SessionServiceTest, NewestOpenEndsAnOlderFreshStream) {
  auto older = Open();
  older->Await<OpenedFrame>();
  auto newer = Open();
  EXPECT_EQ(ErrorReason(older->AwaitClose()), "STALE_WRITER");
  newer->Give(FinishFrame{0, {}});
  EXPECT_EQ(newer->AwaitClose(), absl::OkStatus());
}

TEST_F(SessionServiceTest, GetTellsTheRecordAndWhetherAStreamHoldsIt) {
  auto stream = OpenAndCommit();
  absl::StatusOr<SessionView> view = Get(ByToken());
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_TRUE(view->connected);
  EXPECT_EQ(view->record.committed_size, 4);
  const std::string id = view->record.session_id;
  EXPECT_TRUE(Get({kPrincipal, "", id}).ok());
  EXPECT_EQ(ErrorReason(Get({"mallory", "", id}).status()), "SESSION_NOT_FOUND");
  EXPECT_EQ(ErrorReason(Get({"mallory", kToken, ""}).status()), "SESSION_NOT_FOUND");
  stream->Give(ChunkFrame{9, {}, "x"});
  EXPECT_EQ(ErrorReason(stream->AwaitClose()), "OFFSET_GAP");
  Notification drained;
  service_->Drain([&] { drained.Notify(); });
  drained.WaitForNotification();
  EXPECT_FALSE(Get(ByToken())->connected);
}

TEST_F(SessionServiceTest, ListTellsWhichSessionsAreConnected) {
  auto stream = OpenAndCommit();
  SessionQuery query;
  query.principal = kPrincipal;
  Notification listed;
  service_->List(query, [&](absl::StatusOr<SessionViews> views) {
    ASSERT_TRUE(views.ok());
    ASSERT_THAT(views->sessions, SizeIs(1));
    EXPECT_TRUE(views->sessions[0].connected);
    EXPECT_EQ(views->next_page_token, "");
    listed.Notify();
  });
  listed.WaitForNotification();
  stream->Break();
}

TEST_F(SessionServiceTest, DamageOfTheStoreIsToldInOneWay) {
  store_.FailWith(StoreCode::kCorrupt);
  const absl::Status got = Get(ByToken()).status();
  absl::Status listed;
  Notification done;
  service_->List(SessionQuery(), [&](const absl::StatusOr<SessionViews>& views) {
    listed = views.status();
    done.Notify();
  });
  done.WaitForNotification();
  for (const absl::Status& status : {got, listed}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
    EXPECT_EQ(ErrorReason(status), "STORE_CORRUPT");
    EXPECT_TRUE(RetryDelay(status).has_value());
  }
}

// The upload was discarded once; the second time is the reaper's.
bool IsDiscarded(const SessionRecord& record) {
  return record.dead_uploads.size() == 1 && record.dead_uploads[0].aborts == 1;
}

TEST_F(SessionServiceTest, AbortEndsTheStreamAndDiscardsTheUpload) {
  auto stream = OpenAndCommit();
  absl::StatusOr<SessionView> view = Abort(ByToken());
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->record.state, SessionState::kAborted);
  EXPECT_EQ(ErrorReason(stream->AwaitClose()), "SESSION_ABORTED");
  store_.Await(kPrincipal, kToken, IsDiscarded);
  EXPECT_THAT(backend_.uploads(), IsEmpty());
  EXPECT_TRUE(Abort({kPrincipal, "", view->record.session_id}).ok());  // idempotent
  EXPECT_EQ(ErrorReason(Open()->AwaitClose()), "SESSION_ABORTED");
}

TEST_F(SessionServiceTest, AbortKeepsTheUploadIdUntilTheBackendDiscardedIt) {
  backend_.FailWith("abort", absl::UnavailableError("down"));
  OpenAndCommit()->Break();
  ASSERT_TRUE(Abort(ByToken()).ok());
  EXPECT_THAT(backend_.uploads(), SizeIs(1));
  backend_.FailWith("abort", absl::OkStatus());
  ASSERT_TRUE(Abort(ByToken()).ok());
  store_.Await(kPrincipal, kToken, IsDiscarded);
  EXPECT_THAT(backend_.uploads(), IsEmpty());
}

TEST_F(SessionServiceTest, AbortOfAnUnknownSessionIsNotFound) {
  const absl::Status status = Abort(ByToken()).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(ErrorReason(status), "SESSION_NOT_FOUND");
  EXPECT_THAT(status.ToString(), Not(HasSubstr(kToken)));
}

TEST_F(SessionServiceTest, AbortLeavesAFinishedSessionAsItIs) {
  auto stream = Open();
  stream->Give(FinishFrame{0, {}});
  ASSERT_EQ(stream->AwaitClose(), absl::OkStatus());
  absl::StatusOr<SessionView> view = Abort(ByToken());
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->record.state, SessionState::kFinished);
  EXPECT_EQ(backend_.Find("key"), "");
}

TEST_F(SessionServiceTest, AbortOfAFinishingSessionEstablishesItsOutcomeFirst) {
  const absl::Status denied = MakeError(Code::kPermissionDenied, kReasonDenied, "denied");
  backend_.FailWith("complete", denied);
  auto stream = OpenAndCommit();
  stream->Give(FinishFrame{4, {}});
  ASSERT_EQ(stream->AwaitClose(), denied);
  AwaitDriver();  // who is still at it would be left to it

  const absl::Status pending = Abort(ByToken()).status();
  EXPECT_EQ(pending.code(), Code::kUnavailable);
  EXPECT_EQ(ErrorReason(pending), "OUTCOME_PENDING");
  EXPECT_TRUE(RetryDelay(pending).has_value());

  backend_.FailWith("complete", absl::OkStatus());
  absl::StatusOr<SessionView> view = Abort(ByToken());
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->record.state, SessionState::kFinished);
  EXPECT_EQ(backend_.Find("key"), "abcd");
}

// Another owner would tell the client that somebody else has taken its session over.
TEST_F(SessionServiceTest, AbortLeavesASessionToWhoFinishesItHere) {
  auto stream = Open();
  backend_.Hold("put");
  stream->Give(FinishFrame{0, {}});
  backend_.AwaitHeld("put");
  const absl::Status pending = Abort(ByToken()).status();
  EXPECT_EQ(ErrorReason(pending), "OUTCOME_PENDING");
  EXPECT_EQ(RetryDelay(pending), absl::Seconds(5));  // and not as long as the put may arrive
  backend_.Release("put");
  EXPECT_EQ(stream->AwaitClose(), absl::OkStatus());
  EXPECT_EQ(Abort(ByToken())->record.state, SessionState::kFinished);
}

TEST_F(SessionServiceTest, AbortEndsASmallObjectWhoseContentIsGone) {
  backend_.FailWith("put", MakeError(Code::kPermissionDenied, kReasonDenied, "denied"));
  auto stream = Open();
  stream->Give(ChunkFrame{0, {}, "a"});
  stream->Give(FinishFrame{1, {}});
  EXPECT_EQ(ErrorReason(stream->AwaitClose()), kReasonDenied);
  AwaitDriver();

  const absl::Status pending = Abort(ByToken()).status();
  EXPECT_EQ(ErrorReason(pending), "OUTCOME_PENDING");
  EXPECT_GT(RetryDelay(pending), absl::Minutes(10));  // until the put cannot arrive any more
  clock_.Advance(absl::Minutes(16));
  const absl::StatusOr<SessionView> view = Abort(ByToken());
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->record.state, SessionState::kFailed);
  EXPECT_EQ(view->record.failure_reason, "SESSION_ABORTED");
  EXPECT_EQ(backend_.Find("key"), std::nullopt);
}

TEST_F(SessionServiceTest, DrainWithoutStreamsAnswersAtOnceAndRefusesNewOnes) {
  bool drained = false;
  service_->Drain([&] { drained = true; });
  EXPECT_TRUE(drained);
  const auto refused = service_->Start(kPrincipal, kToken, std::make_shared<FakeStream>());
  EXPECT_EQ(ErrorReason(refused.status()), "DRAINING");
  EXPECT_EQ(refused.status().code(), Code::kUnavailable);
  EXPECT_TRUE(RetryDelay(refused.status()).has_value());
}

TEST_F(SessionServiceTest, DrainCommitsPartsInFlightAndTellsEveryStream) {
  auto stream = OpenAndCommit();
  backend_.Hold("part");
  stream->Give(ChunkFrame{4, {}, "efgh"});
  backend_.AwaitHeld("part");
  Notification drained;
  service_->Drain([&] { drained.Notify(); });
  AwaitQuiet();
  EXPECT_FALSE(drained.HasBeenNotified());
  backend_.Release("part");
  EXPECT_EQ(ErrorReason(stream->AwaitClose()), "DRAINING");
  EXPECT_EQ(stream->Await<DrainingFrame>().committed_size, 8);
  drained.WaitForNotification();
  EXPECT_EQ(store_.Find(kPrincipal, kToken)->committed_size, 8);
}

TEST_F(SessionServiceTest, DrainWaitsForAnObjectThatIsBeingFinished) {
  auto stream = OpenAndCommit();
  backend_.Hold("complete");
  stream->Give(FinishFrame{4, {}});
  backend_.AwaitHeld("complete");
  Notification drained;
  service_->Drain([&] { drained.Notify(); });
  AwaitQuiet();
  EXPECT_FALSE(drained.HasBeenNotified());
  backend_.Release("complete");
  EXPECT_EQ(stream->AwaitClose(), absl::OkStatus());
  drained.WaitForNotification();
  EXPECT_EQ(store_.Find(kPrincipal, kToken)->state, SessionState::kFinished);
}

TEST_F(SessionServiceTest, DestructorWaitsForCallsThatAreUnderWay) {
  auto stream = OpenAndCommit();
  backend_.Hold("part");
  stream->Give(ChunkFrame{4, {}, "efgh"});
  backend_.AwaitHeld("part");
  Open()->Break();  // the older stream ends, with its part still under way
  EXPECT_EQ(ErrorReason(stream->AwaitClose()), "STALE_WRITER");
  stream = nullptr;
  executor_.PostAfter(absl::Milliseconds(20), [this] { backend_.Release("part"); });
  service_ = nullptr;  // under ASan, an answer that comes later is found
}

TEST_F(SessionServiceTest, DestructorNeedsNoDrain) {
  auto stream = OpenAndCommit();
  backend_.Hold("part");
  stream->Give(ChunkFrame{4, {}, "efgh"});
  backend_.AwaitHeld("part");
  stream->LetGo();
  executor_.PostAfter(absl::Milliseconds(20), [this] { backend_.Release("part"); });
  service_ = nullptr;
}

TEST_F(SessionServiceTest, StoreThatDoesNotAnswerIsToldByName) {
  store_.FailWith(StoreCode::kUnavailable);
  EXPECT_EQ(ErrorReason(Open()->AwaitClose()), "STORE_UNAVAILABLE");
  EXPECT_EQ(ErrorReason(Get(ByToken()).status()), "STORE_UNAVAILABLE");
  store_.FailWith(StoreCode::kExhausted);
  EXPECT_EQ(ErrorReason(Open()->AwaitClose()), "STORE_FULL");
  EXPECT_EQ(ErrorReason(Abort(ByToken()).status()), "STORE_FULL");
  store_.FailWith(StoreCode::kOk);
  auto stream = Open();
  stream->Give(FinishFrame{0, {}});
  EXPECT_EQ(stream->AwaitClose(), absl::OkStatus());  // the service resumes
}

TEST_F(SessionServiceTest, TokensAreCheckedAndNeverTold) {
  const std::string bad[] = {"", std::string(15, 'a'), std::string(129, 'a'),
                             "has a space in the token", "umlaut-\xc3\xa4-in-the-token"};
  for (const std::string& token : bad) {
    const absl::Status status = service_->CheckOpen(token, NewObject());
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_EQ(ErrorReason(status), "BAD_SESSION_TOKEN");
    EXPECT_EQ(ErrorMetadataOf(status).at("got"), std::to_string(token.size()));
    if (!token.empty()) {
      EXPECT_THAT(status.ToString(), Not(HasSubstr(token)));
    }
  }
  EXPECT_TRUE(service_->CheckOpen(std::string(16, 'a'), NewObject()).ok());
  EXPECT_TRUE(service_->CheckOpen("AZaz09._~-AZaz09", OpenFrame()).ok());
  EXPECT_TRUE(service_->CheckOpen(std::string(128, '~'), OpenFrame()).ok());
}

TEST_F(SessionServiceTest, ObjectIsCheckedByItsBackend) {
  OpenFrame open = NewObject();
  open.spec->object.key = "refused";
  EXPECT_EQ(ErrorReason(service_->CheckOpen(kToken, open)), "BAD_KEY");
  open.spec->remote = "nowhere";
  EXPECT_EQ(ErrorReason(service_->CheckOpen(kToken, open)), "UNKNOWN_REMOTE");
}

TEST_F(SessionServiceTest, ResumeMayNameAnyPartOfTheObject) {
  OpenAndCommit()->Break();
  for (const ObjectName& object : {ObjectName{"", ""}, ObjectName{"bucket", ""}}) {
    OpenFrame open = NewObject();
    open.mode = OpenMode::kResume;
    open.spec->object = object;
    EXPECT_TRUE(service_->CheckOpen(kToken, open).ok());
    auto stream = Open(open);
    EXPECT_EQ(stream->Await<OpenedFrame>().session.committed_size, 4);
    stream->Break();
    open.mode = OpenMode::kCreateOrResume;
    EXPECT_EQ(ErrorReason(service_->CheckOpen(kToken, open)), "BAD_KEY");
  }
}

}  // namespace
}  // namespace penstock
