// The service and its drivers on real strands, over a store and a backend in memory.

#include "server/session/session_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <utility>

#include "base/checksum.h"
#include "base/error.h"
#include "base/notification.h"
#include "server/session/service_test_util.h"
#include "server/session/session_test_util.h"

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Code = absl::StatusCode;

constexpr char kToken[] = "a-token-of-the-tests";
constexpr char kPrincipal[] = "alice";

// The client's and gRPC's side of one stream: keeps what is sent, gives a frame whenever one is
// asked for and there is one.
class FakeStream final : public PutStream {
 public:
  void Send(ServerFrame frame) override {
    MutexLock lock(&mutex_);
    frames_.push_back(std::move(frame));
  }
  void Read() override {
    MutexLock lock(&mutex_);
    asked_ = true;
    Offer();
  }
  void Close(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    closed_with_ = status;
  }

  void Start(std::shared_ptr<SessionDriver> driver, OpenFrame open) {
    MutexLock lock(&mutex_);
    driver_ = std::move(driver);
    driver_->OnFrame(std::move(open));
  }
  void Give(ClientFrame frame) {
    MutexLock lock(&mutex_);
    to_give_.push_back(std::move(frame));
    Offer();
  }
  void Break() {
    MutexLock lock(&mutex_);
    std::exchange(driver_, nullptr)->OnStreamLost();
  }
  void LetGo() {
    MutexLock lock(&mutex_);
    driver_ = nullptr;
  }

  absl::Status AwaitClose() {
    const auto closed = [this]()
                            ABSL_NO_THREAD_SAFETY_ANALYSIS { return closed_with_.has_value(); };
    MutexLock lock(&mutex_);
    mutex_.Await(closed);
    driver_ = nullptr;
    return *closed_with_;
  }
  // The first frame of a kind; waits for it.
  template <typename Frame>
  Frame Await() {
    const auto has = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return Find<Frame>() != nullptr; };
    MutexLock lock(&mutex_);
    mutex_.Await(has);
    return *Find<Frame>();
  }

 private:
  void Offer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!asked_ || to_give_.empty()) return;
    asked_ = false;
    driver_->OnFrame(std::move(to_give_.front()));
    to_give_.pop_front();
  }
  template <typename Frame>
  const Frame* Find() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const ServerFrame& frame : frames_) {
      if (const auto* found = std::get_if<Frame>(&frame)) return found;
    }
    return nullptr;
  }

  Mutex mutex_;  // guards what follows
  std::shared_ptr<SessionDriver> driver_ ABSL_GUARDED_BY(mutex_);
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<ClientFrame> to_give_ ABSL_GUARDED_BY(mutex_);
  std::vector<ServerFrame> frames_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> closed_with_ ABSL_GUARDED_BY(mutex_);
};

class SessionServiceTest : public testing::Test {
 protected:
  SessionServiceTest() {
    SessionEnvironment environment;
    environment.config = SmallConfig();
    environment.config.retry_delay = absl::Milliseconds(1);
    environment.config.remotes.clear();
    environment.backends[kTestRemote] = &backend_;
    environment.store = &store_;
    environment.executor = executor_.get();
    environment.clock = &SystemClock();
    service_ = std::make_unique<SessionService>(std::move(environment), SecureRandom());
  }

  std::shared_ptr<FakeStream> Open(OpenFrame open = NewObject()) {
    auto stream = std::make_shared<FakeStream>();
    auto driver = service_->Start(kPrincipal, kToken, stream);
    EXPECT_TRUE(driver.ok()) << driver.status();
    stream->Start(*driver, std::move(open));
    return stream;
  }

  // A stream that has committed "abcd".
  std::shared_ptr<FakeStream> OpenAndCommit() {
    auto stream = Open();
    stream->Give(ChunkFrame{0, {}, "abcd"});
    EXPECT_EQ(stream->Await<ProgressFrame>().committed_size, 4);
    return stream;
  }

  absl::StatusOr<SessionView> Get(const SessionService::SessionName& name) {
    return Wait([&](auto done) { service_->Get(name, std::move(done)); });
  }
  absl::StatusOr<SessionView> Abort(const SessionService::SessionName& name) {
    return Wait([&](auto done) { service_->Abort(name, std::move(done)); });
  }
  static SessionService::SessionName ByToken() { return {kPrincipal, kToken, ""}; }

  MemoryStore store_;
  FakeBackend backend_;
  const std::unique_ptr<Executor> executor_ = MakeThreadPool(2);
  std::unique_ptr<SessionService> service_;

 private:
  template <typename Begin>
  static absl::StatusOr<SessionView> Wait(Begin begin) {
    absl::StatusOr<SessionView> answer;
    Notification answered;
    begin([&](absl::StatusOr<SessionView> view) {
      answer = std::move(view);
      answered.Notify();
    });
    answered.WaitForNotification();
    return answer;
  }
};

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

TEST_F(SessionServiceTest, AbortEndsTheStreamAndDiscardsTheUpload) {
  auto stream = OpenAndCommit();
  absl::StatusOr<SessionView> view = Abort(ByToken());
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->record.state, SessionState::kAborted);
  EXPECT_EQ(ErrorReason(stream->AwaitClose()), "SESSION_ABORTED");
  store_.Await(kPrincipal, kToken, [](const SessionRecord& r) { return r.upload_id.empty(); });
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
  store_.Await(kPrincipal, kToken, [](const SessionRecord& r) { return r.upload_id.empty(); });
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
  executor_->PostAfter(absl::Milliseconds(20), [this] { backend_.Release("part"); });
  service_ = nullptr;  // under ASan, an answer that comes later is found
}

TEST_F(SessionServiceTest, DestructorNeedsNoDrain) {
  auto stream = OpenAndCommit();
  backend_.Hold("part");
  stream->Give(ChunkFrame{4, {}, "efgh"});
  backend_.AwaitHeld("part");
  stream->LetGo();
  executor_->PostAfter(absl::Milliseconds(20), [this] { backend_.Release("part"); });
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

}  // namespace
}  // namespace penstock
