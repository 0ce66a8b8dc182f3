// PutService over real streams.

#include "server/rpc/put_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "base/notification.h"
#include "server/rpc/rpc_test_util.h"

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::Not;
using Code = absl::StatusCode;
using PutServiceTest = ServedTest;

TEST_F(PutServiceTest, ClientThatReadsNothingBeforeTheEndSucceeds) {
  EXPECT_EQ(PutBlindly("abcdefghijklmnopqrstuvwxyz"), absl::OkStatus());
  EXPECT_EQ(backend_.Find("key"), "abcdefghijklmnopqrstuvwxyz");
}

TEST_F(PutServiceTest, RepeatedPutIsReplayed) {
  ASSERT_EQ(PutBlindly("abcdefghij"), absl::OkStatus());
  backend_.FailWith("initiate", absl::InternalError("nothing is put again"));
  Call call(*stub_);
  call.Send(OpenRequest());
  const v1::ObjectFinished finished = call.ReadUntil(v1::PutObjectResponse::kFinished).finished();
  EXPECT_TRUE(finished.replayed());
  EXPECT_EQ(finished.object().size(), 10);
  EXPECT_EQ(finished.object().crc64_ecma(), Crc64("abcdefghij"));
  EXPECT_EQ(call.Finish(), absl::OkStatus());
}

TEST_F(PutServiceTest, CancelledStreamIsResumedByToken) {
  {
    Call call(*stub_);
    call.Send(OpenRequest());
    call.Send(ChunkRequest(0, "abcdef"));
    EXPECT_EQ(call.ReadUntil(v1::PutObjectResponse::kProgress).progress().committed_size(), 4);
    call.Cancel();
    EXPECT_EQ(call.Finish().code(), Code::kCancelled);
  }
  Call call(*stub_);
  call.Send(OpenRequest());
  const v1::SessionOpened opened = call.ReadUntil(v1::PutObjectResponse::kOpened).opened();
  EXPECT_TRUE(opened.resumed());
  EXPECT_EQ(opened.session().committed_size(), 4);
  EXPECT_EQ(opened.resume_offset(), 6);  // what was received lingers
  EXPECT_EQ(opened.resume_crc64_ecma(), Crc64("abcdef"));
  EXPECT_EQ(opened.session().session_token(), kTestToken);
  call.Send(ChunkRequest(6, "gh"));
  call.Send(FinishRequest("abcdefgh"));
  EXPECT_EQ(call.Finish(), absl::OkStatus());
  EXPECT_EQ(backend_.Find("key"), "abcdefgh");
}

TEST_F(PutServiceTest, FlushCommitsLessThanAPart) {
  Call call(*stub_);
  call.Send(OpenRequest());
  call.Send(ChunkRequest(0, "a"));
  v1::PutObjectRequest flush;
  flush.mutable_flush();
  call.Send(flush);
  EXPECT_EQ(call.ReadUntil(v1::PutObjectResponse::kProgress).progress().committed_size(), 1);
  call.Send(FinishRequest("a"));
  EXPECT_EQ(call.Finish(), absl::OkStatus());
  EXPECT_EQ(backend_.Find("key"), "a");
}

TEST_F(PutServiceTest, EndedPolicyIsObeyed) {
  ASSERT_EQ(PutBlindly("abc"), absl::OkStatus());
  grpc::ClientContext context;
  v1::GetSessionRequest request;
  request.set_session_token(kTestToken);
  v1::GetSessionResponse response;
  ASSERT_TRUE(stub_->GetSession(&context, request, &response).ok());
  // Another specification is another object: the token begins anew.
  Call call(*stub_);
  v1::PutObjectRequest open = OpenRequest();
  open.mutable_open()->set_ended_policy(v1::ENDED_POLICY_START_OVER);
  open.mutable_open()->mutable_object()->set_key("other");
  call.Send(open);
  const v1::SessionOpened opened = call.ReadUntil(v1::PutObjectResponse::kOpened).opened();
  EXPECT_FALSE(opened.resumed());
  EXPECT_NE(opened.session().session_id(), response.session().session_id());
  call.Send(ChunkRequest(0, "xyz"));
  call.Send(FinishRequest("xyz"));
  EXPECT_EQ(call.Finish(), absl::OkStatus());
  EXPECT_EQ(backend_.Find("other"), "xyz");
}

TEST_F(PutServiceTest, SessionTellsItsTimes) {
  Call call(*stub_);
  v1::PutObjectRequest open = OpenRequest();
  open.mutable_open()->mutable_object()->mutable_idle_ttl()->set_seconds(90);
  call.Send(open);
  call.Send(ChunkRequest(0, "abcd"));
  call.ReadUntil(v1::PutObjectResponse::kProgress);
  grpc::ClientContext context;
  v1::GetSessionRequest request;
  request.set_session_token(kTestToken);
  v1::GetSessionResponse response;
  ASSERT_TRUE(stub_->GetSession(&context, request, &response).ok());
  const v1::Session& session = response.session();
  EXPECT_EQ(session.object().idle_ttl().seconds(), 90);
  EXPECT_NEAR(static_cast<double>(session.expire_time().seconds()),
              static_cast<double>(session.create_time().seconds() + 90), 2);
  call.Cancel();
  (void)call.Finish();
}

TEST_F(PutServiceTest, BlindClientResumesToo) {
  {
    Call call(*stub_);
    call.Send(OpenRequest());
    call.Send(ChunkRequest(0, "abcd"));
    call.ReadUntil(v1::PutObjectResponse::kProgress);
    call.Cancel();
    (void)call.Finish();
  }
  EXPECT_EQ(PutBlindly("abcdefghij"), absl::OkStatus());
  EXPECT_EQ(backend_.Find("key"), "abcdefghij");
}

TEST_F(PutServiceTest, ErrorsCarryTheirDetails) {
  Call call(*stub_);
  call.Send(OpenRequest());
  call.Send(ChunkRequest(0, std::string(33, 'x')));
  const absl::Status status = call.Finish();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(ErrorReason(status), "CHUNK_TOO_LARGE");
  EXPECT_EQ(ErrorMetadataOf(status).at("max_chunk_bytes"), "32");
  EXPECT_EQ(ErrorMetadataOf(status).at("got"), "33");
  EXPECT_EQ(RetryDelay(status), std::nullopt);
  EXPECT_THAT(status.ToString(), Not(HasSubstr(kTestToken)));
}

TEST_F(PutServiceTest, ErrorThatComingBackCanHelpCarriesARetryDelay) {
  store_.FailWith(StoreCode::kExhausted);
  const absl::Status status = PutBlindly("abc");
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(ErrorReason(status), "STORE_FULL");
  EXPECT_TRUE(RetryDelay(status).has_value());
  store_.FailWith(StoreCode::kOk);
  EXPECT_EQ(PutBlindly("abc"), absl::OkStatus());
}

TEST_F(PutServiceTest, BadFirstFramesAreRefused) {
  const std::string other = "not-the-same-token-x";
  struct Case {
    v1::PutObjectRequest request;
    const char* reason;
  };
  std::vector<Case> cases = {
      {ChunkRequest(0, "x"), "OPEN_EXPECTED"},     {v1::PutObjectRequest(), "EMPTY_FRAME"},
      {OpenRequest("short"), "BAD_SESSION_TOKEN"}, {OpenRequest(), "BAD_KEY"},
      {OpenRequest(), "UNKNOWN_REMOTE"},           {OpenRequest(), "UNIMPLEMENTED_FIELD"}};
  cases[3].request.mutable_open()->mutable_object()->set_key("refused");
  cases[4].request.mutable_open()->mutable_object()->set_remote("nowhere");
  cases[5].request.mutable_open()->set_ended_policy(static_cast<v1::EndedPolicy>(9));
  for (const Case& c : cases) {
    Call call(*stub_);
    call.Send(c.request);
    EXPECT_EQ(ErrorReason(call.Finish()), c.reason);
  }
  Call silent(*stub_);
  silent.HalfClose();
  EXPECT_EQ(ErrorReason(silent.Finish()), "OPEN_EXPECTED");
}

TEST_F(PutServiceTest, MessageWithoutAFrameEndsTheStreamButNotTheSession) {
  Call call(*stub_);
  call.Send(OpenRequest());
  call.Send(ChunkRequest(0, "abcd"));
  call.ReadUntil(v1::PutObjectResponse::kProgress);
  call.Send(v1::PutObjectRequest());
  EXPECT_EQ(ErrorReason(call.Finish()), "EMPTY_FRAME");
  EXPECT_EQ(PutBlindly("abcdef"), absl::OkStatus());
}

TEST_F(PutServiceTest, HalfCloseBeforeFinishKeepsTheSessionOpen) {
  Call call(*stub_);
  call.Send(OpenRequest());
  call.Send(ChunkRequest(0, "abcd"));
  call.HalfClose();
  const absl::Status status = call.Finish();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(status), "NOT_FINISHED");
  EXPECT_EQ(PutBlindly("abcdef"), absl::OkStatus());
}

TEST_F(PutServiceTest, FinishGoesOnThoughTheClientIsGone) {
  backend_.Hold("complete");
  Call call(*stub_);
  call.Send(OpenRequest());
  call.Send(ChunkRequest(0, "abcdefgh"));
  call.Send(FinishRequest("abcdefgh"));
  backend_.AwaitHeld("complete");
  call.Cancel();
  EXPECT_EQ(call.Finish().code(), Code::kCancelled);
  backend_.Release("complete");
  store_.Await("", kTestToken,
               [](const SessionRecord& r) { return r.state == SessionState::kFinished; });
  EXPECT_EQ(backend_.Find("key"), "abcdefgh");
}

// The server ends the call while it waits for a frame that the client never sends.
TEST_F(PutServiceTest, AbortEndsACallThatIsBeingRead) {
  Call call(*stub_);
  call.Send(OpenRequest());
  call.Send(ChunkRequest(0, "abcd"));
  call.ReadUntil(v1::PutObjectResponse::kProgress);
  grpc::ClientContext context;
  v1::AbortSessionRequest request;
  request.set_session_token(kTestToken);
  v1::AbortSessionResponse response;
  ASSERT_TRUE(stub_->AbortSession(&context, request, &response).ok());
  EXPECT_EQ(response.session().state(), v1::Session::STATE_ABORTED);
  EXPECT_EQ(response.session().session_token(), kTestToken);
  EXPECT_EQ(ErrorReason(call.Finish()), "SESSION_ABORTED");
}

TEST_F(PutServiceTest, NewestOpenEndsTheOlderCall) {
  Call older(*stub_);
  older.Send(OpenRequest());
  older.Send(ChunkRequest(0, "abcd"));
  older.ReadUntil(v1::PutObjectResponse::kProgress);
  Call newer(*stub_);
  newer.Send(OpenRequest());
  EXPECT_EQ(newer.ReadUntil(v1::PutObjectResponse::kOpened).opened().session().epoch(), 2);
  const absl::Status status = older.Finish();
  EXPECT_EQ(status.code(), Code::kAborted);
  EXPECT_EQ(ErrorReason(status), "STALE_WRITER");
  newer.Cancel();
  (void)newer.Finish();
}

TEST_F(PutServiceTest, DrainTellsHowFarItCame) {
  Call call(*stub_);
  call.Send(OpenRequest());
  call.Send(ChunkRequest(0, "abcd"));
  call.ReadUntil(v1::PutObjectResponse::kProgress);
  Notification drained;
  service_->Drain([&] { drained.Notify(); });
  EXPECT_EQ(call.ReadUntil(v1::PutObjectResponse::kDraining).draining().committed_size(), 4);
  const absl::Status status = call.Finish();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(ErrorReason(status), "DRAINING");
  drained.WaitForNotification();
  EXPECT_EQ(ErrorReason(PutBlindly("abc")), "DRAINING");
}

TEST_F(PutServiceTest, ShutdownEndsCallsThatAreUnderWay) {
  Call call(*stub_);
  call.Send(OpenRequest());
  call.ReadUntil(v1::PutObjectResponse::kOpened);
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_FALSE(call.Finish().ok());
}

TEST_F(PutServiceTest, SessionsAreToldListedAndNamedByIdOrToken) {
  ASSERT_EQ(PutBlindly("abcdefgh"), absl::OkStatus());
  v1::GetSessionRequest request;
  request.set_session_token(kTestToken);
  v1::GetSessionResponse by_token;
  grpc::ClientContext first;
  ASSERT_TRUE(stub_->GetSession(&first, request, &by_token).ok());
  EXPECT_EQ(by_token.session().state(), v1::Session::STATE_FINISHED);
  EXPECT_EQ(by_token.session().result().size(), 8);
  EXPECT_EQ(by_token.session().session_token(), kTestToken);
  request.set_session_id(by_token.session().session_id());
  v1::GetSessionResponse by_id;
  grpc::ClientContext second;
  ASSERT_TRUE(stub_->GetSession(&second, request, &by_id).ok());
  EXPECT_EQ(by_id.session().session_token(), "");
  v1::ListSessionsResponse list;
  grpc::ClientContext third;
  ASSERT_TRUE(stub_->ListSessions(&third, v1::ListSessionsRequest(), &list).ok());
  ASSERT_EQ(list.sessions_size(), 1);
  EXPECT_EQ(list.sessions(0).session_id(), by_token.session().session_id());
  EXPECT_EQ(list.sessions(0).session_token(), "");
}

TEST_F(PutServiceTest, UnaryErrorsCarryTheirDetails) {
  v1::GetSessionResponse response;
  grpc::ClientContext first;
  absl::Status status = FromGrpc(stub_->GetSession(&first, v1::GetSessionRequest(), &response));
  EXPECT_EQ(ErrorReason(status), "NAME_REQUIRED");
  v1::AbortSessionRequest unknown;
  unknown.set_session_token(kTestToken);
  v1::AbortSessionResponse aborted;
  grpc::ClientContext second;
  status = FromGrpc(stub_->AbortSession(&second, unknown, &aborted));
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(ErrorReason(status), "SESSION_NOT_FOUND");
  v1::ListSessionsRequest bad;
  bad.set_page_size(-1);
  v1::ListSessionsResponse list;
  grpc::ClientContext third;
  EXPECT_EQ(ErrorReason(FromGrpc(stub_->ListSessions(&third, bad, &list))), "BAD_PAGE_SIZE");
}

TEST_F(PutServiceTest, RemotesAreListed) {
  v1::ListRemotesResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->ListRemotes(&context, v1::ListRemotesRequest(), &response).ok());
  ASSERT_EQ(response.remotes_size(), 1);
  EXPECT_EQ(response.remotes(0).name(), kTestRemote);
  EXPECT_EQ(response.remotes(0).backend(), "fake");
  EXPECT_EQ(response.remotes(0).min_part_size(), 2);
}

// Calls that end in every way at every moment, many at once: for the sanitizers.
TEST_F(PutServiceTest, CallsThatEndAtAnyMomentLeaveNothingBehind) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 60;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      for (int i = 0; i < kCalls; ++i) {
        const std::string token = "stress-token-number-" + std::to_string(random() % 3);
        Call call(*stub_);
        const unsigned chunks = random() % 5;
        const bool opens = random() % 8 != 0;
        if (opens) call.Send(OpenRequest(token));
        for (unsigned c = 0; c < chunks; ++c) call.Send(ChunkRequest(c * 5, "xxxxx"));
        const unsigned end = random() % 5;
        if (end == 0) call.Send(FinishRequest(std::string(5 * chunks, 'x')));
        if (end == 1) call.Send(v1::PutObjectRequest());
        if (end == 2 && opens) call.ReadUntil(v1::PutObjectResponse::kOpened);
        if (end >= 2 && end < 4) call.Cancel();
        call.HalfClose();
        (void)call.Finish();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  server_ = nullptr;
  Notification drained;
  service_->Drain([&] { drained.Notify(); });
  drained.WaitForNotification();
}

}  // namespace
}  // namespace penstock
