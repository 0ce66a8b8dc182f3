#ifndef PENSTOCK_SERVER_SESSION_SERVICE_FIXTURE_H_
#define PENSTOCK_SERVER_SESSION_SERVICE_FIXTURE_H_

// A SessionService with its drivers on real strands, over a store and a backend in memory, and the
// streams that its tests open.

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "base/notification.h"
#include "server/session/service_test_util.h"
#include "server/session/session_service.h"
#include "server/session/session_test_util.h"

namespace penstock {

// A clock that the test moves. Thread-safe.
class TestClock final : public Clock {
 public:
  absl::Time Now() const override {
    MutexLock lock(&mutex_);
    return now_;
  }
  void Advance(absl::Duration duration) {
    MutexLock lock(&mutex_);
    now_ += duration;
  }

 private:
  mutable Mutex mutex_;  // guards what follows
  absl::Time now_ ABSL_GUARDED_BY(mutex_) = absl::Now();
};

// Runs closures on threads. Those with a delay of at least a second can be held: then they run when
// the test says so. Thread-safe.
class TestExecutor final : public Executor {
 public:
  void Post(Closure closure) override {
    MutexLock lock(&mutex_);
    PostCounted(std::move(closure));
  }
  void PostAfter(absl::Duration delay, Closure closure) override {
    MutexLock lock(&mutex_);
    if (!holding_ || delay < absl::Seconds(1)) {
      threads_->PostAfter(delay, std::move(closure));
    } else {
      held_.emplace(delay, std::move(closure));
    }
  }

  void HoldDelayed() {
    MutexLock lock(&mutex_);
    holding_ = true;
  }
  // Blocks until a closure with this delay is held, and runs it.
  void RunHeld(absl::Duration delay) {
    const auto has = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return held_.contains(delay); };
    MutexLock lock(&mutex_);
    mutex_.Await(has);
    const auto found = held_.find(delay);
    PostCounted(std::move(found->second));
    held_.erase(found);
  }
  // Blocks until everything has run that was posted without a delay, or was held, and that it
  // posted itself.
  void AwaitIdle() {
    const auto idle = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return under_way_ == 0; };
    MutexLock lock(&mutex_);
    mutex_.Await(idle);
  }

 private:
  void PostCounted(Closure closure) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ++under_way_;
    threads_->Post([this, closure = std::move(closure)]() mutable {
      std::move(closure)();
      closure = nullptr;  // what it holds may post as well
      MutexLock lock(&mutex_);
      --under_way_;
    });
  }

  Mutex mutex_;  // guards what follows
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  std::multimap<absl::Duration, Closure> held_ ABSL_GUARDED_BY(mutex_);

  const std::unique_ptr<Executor> threads_ = MakeThreadPool(2);  // last: its closures use the rest
};

// The client's and gRPC's side of one stream: keeps what is sent, gives a frame whenever one is
// asked for and there is one.
class FakeStream final : public PutStream {
 public:
  void Send(ServerFrame frame) override {
    MutexLock lock(&mutex_);
    frames_.push_back(std::move(frame));
  }
  void Read() override {
    {
      MutexLock lock(&mutex_);
      EXPECT_FALSE(asked_) << "the frame asked for before has not come";
      asked_ = true;
    }
    Offer();
  }
  void Close(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    closed_with_ = status;
  }

  void Start(const std::shared_ptr<StreamInput>& input, OpenFrame open) {
    {
      MutexLock lock(&mutex_);
      input_ = input;
    }
    input->OnFrame(std::move(open));
  }
  void Give(ClientFrame frame) {
    {
      MutexLock lock(&mutex_);
      to_give_.push_back(std::move(frame));
    }
    Offer();
  }
  void Break() {
    if (const auto input = LetGo(); input != nullptr) input->OnStreamLost();
  }
  void HalfClose() {
    std::shared_ptr<StreamInput> input;
    {
      MutexLock lock(&mutex_);
      input = input_;
    }
    input->OnInputEnded();
  }
  // The stream is not counted in the budget any more.
  std::shared_ptr<StreamInput> LetGo() {
    MutexLock lock(&mutex_);
    return std::exchange(input_, nullptr);
  }

  absl::Status AwaitClose() {
    const auto closed = [this]()
                            ABSL_NO_THREAD_SAFETY_ANALYSIS { return closed_with_.has_value(); };
    absl::Status status;
    {
      MutexLock lock(&mutex_);
      mutex_.Await(closed);
      status = *closed_with_;
    }
    LetGo();
    return status;
  }
  // Blocks until everything was taken, and one more frame is asked for.
  void AwaitTaken() {
    const auto taken = [this]()
                           ABSL_NO_THREAD_SAFETY_ANALYSIS { return to_give_.empty() && asked_; };
    MutexLock lock(&mutex_);
    mutex_.Await(taken);
  }
  // Blocks until everything was taken.
  void AwaitGiven() {
    const auto given = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return to_give_.empty(); };
    MutexLock lock(&mutex_);
    mutex_.Await(given);
  }
  // A frame waits to be asked for.
  bool has_more() {
    MutexLock lock(&mutex_);
    return !to_give_.empty();
  }
  // A frame is asked for and has not come.
  bool asked() {
    MutexLock lock(&mutex_);
    return asked_;
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
  void Offer() {
    std::shared_ptr<StreamInput> input;
    ClientFrame frame;
    {
      MutexLock lock(&mutex_);
      if (!asked_ || to_give_.empty() || input_ == nullptr) return;
      asked_ = false;
      input = input_;
      frame = std::move(to_give_.front());
      to_give_.pop_front();
    }
    input->OnFrame(std::move(frame));
  }
  template <typename Frame>
  const Frame* Find() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const ServerFrame& frame : frames_) {
      if (const auto* found = std::get_if<Frame>(&frame)) return found;
    }
    return nullptr;
  }

  Mutex mutex_;  // guards what follows
  std::shared_ptr<StreamInput> input_ ABSL_GUARDED_BY(mutex_);
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<ClientFrame> to_give_ ABSL_GUARDED_BY(mutex_);
  std::vector<ServerFrame> frames_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> closed_with_ ABSL_GUARDED_BY(mutex_);
};

class ServiceFixture : public testing::Test {
 protected:
  static constexpr char kToken[] = "a-token-of-the-tests";
  static constexpr char kPrincipal[] = "alice";
  static constexpr int kMaxStreams = 8;  // half of the budget carries no more

  // `read_rate`: bytes per second that are read of all streams; 0: no limit.
  explicit ServiceFixture(int64_t read_rate = 0) {
    SessionEnvironment environment;
    environment.config = SmallConfig();
    environment.config.retry_delay = absl::Milliseconds(1);
    environment.config.progress_interval = absl::Hours(1);  // progress tells of commits alone
    environment.config.slab_bytes = 4;
    environment.config.stream_bytes = environment.config.memory_budget / 2 / kMaxStreams;
    environment.config.remotes.clear();
    environment.backends[kTestRemote] = &backend_;
    environment.store = &store_;
    environment.executor = &executor_;
    environment.clock = &clock_;
    if (read_rate > 0) {
      limit_ = std::make_shared<RateLimit>(read_rate, clock_);
      environment.reads[kTestRemote].Add(limit_);
    }
    service_ = std::make_unique<SessionService>(std::move(environment), SecureRandom());
  }

  std::shared_ptr<FakeStream> Open(OpenFrame open = NewObject()) {
    auto stream = std::make_shared<FakeStream>();
    auto input = service_->Start(kPrincipal, kToken, stream);
    EXPECT_TRUE(input.ok()) << input.status();
    streams_.push_back(stream);
    stream->Start(*input, std::move(open));
    return stream;
  }

  // A stream and its input hold each other: those that a test left open are let go.
  void TearDown() override {
    for (const auto& weak : streams_) {
      if (const auto stream = weak.lock(); stream != nullptr) stream->LetGo();
    }
  }

  // A stream that has committed "abcd".
  std::shared_ptr<FakeStream> OpenAndCommit() {
    auto stream = Open();
    stream->Give(ChunkFrame{0, {}, "abcd"});
    EXPECT_EQ(stream->Await<ProgressFrame>().committed_size, 4);
    return stream;
  }

  // A stream that has committed "abcd" and has sent "ef".
  std::shared_ptr<FakeStream> OpenAndSendMore() {
    auto stream = OpenAndCommit();
    stream->Give(ChunkFrame{4, {}, "ef"});
    stream->AwaitTaken();
    return stream;
  }

  // Blocks until the driver that has the session knows what happened to its stream, or is gone:
  // only then another one is refused.
  void AwaitDriver() {
    OpenFrame other = NewObject();
    other.spec->object.key = "other";
    EXPECT_EQ(ErrorReason(Open(other)->AwaitClose()), "SPEC_MISMATCH");
  }

  // Blocks until drivers have dealt with all that has happened, and with what the store answered
  // them for it. (Its answers come in the order of its calls.)
  void AwaitQuiet() {
    executor_.AwaitIdle();
    (void)Get(ByToken());
    executor_.AwaitIdle();
  }

  absl::StatusOr<SessionView> Get(const SessionService::SessionName& name) {
    return Wait([&](auto done) { service_->Get(name, std::move(done)); });
  }
  absl::StatusOr<SessionView> Abort(const SessionService::SessionName& name) {
    return Wait([&](auto done) { service_->Abort(name, std::move(done)); });
  }
  static SessionService::SessionName ByToken() { return {kPrincipal, kToken, ""}; }

  TestClock clock_;
  MemoryStore store_;
  FakeBackend backend_;
  TestExecutor executor_;
  std::shared_ptr<RateLimit> limit_;  // null: none
  std::unique_ptr<SessionService> service_;

 private:
  std::vector<std::weak_ptr<FakeStream>> streams_;  // all that were opened

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

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SERVICE_FIXTURE_H_
