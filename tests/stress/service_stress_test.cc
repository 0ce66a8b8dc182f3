// Many clients on many threads against the real service, SQLite store and local backend, without
// gRPC: what TSan can watch. Streams break, take sessions over from each other, sessions are
// aborted, the service is drained and destroyed in full flight and comes up again over what it
// left. In the end every object is what was sent.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/executor.h"
#include "base/notification.h"
#include "base/random.h"
#include "plugin/local/key_path.h"
#include "plugin/local/local_backend.h"
#include "server/session/session_service.h"
#include "server/store/sqlite_store.h"
#include "tests/stress/put_attempt.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

constexpr char kPrincipal[] = "alice";
constexpr int kThreads = 6;
constexpr int kSessions = 72;  // enough for three runs: a client that comes back gets on quickly
constexpr int kCuts = 6;       // of each session by its own client, before it goes on to the end
constexpr int kMostAttempts = 300;  // of one session: more mean that it does not get on

// What one run of the server consists of.
class Process {
 public:
  explicit Process(const testing_support::TempDir& directory) {
    std::filesystem::create_directories(directory.File("root/bucket"));
    BackendEnvironment outside;
    outside.executor = executor_.get();
    outside.blocking = blocking_.get();
    outside.clock = &SystemClock();
    outside.random = &SecureRandom();
    local::LocalSettings settings;
    settings.root = directory.File("root");
    backend_ = local::LocalBackend::Open(settings, outside).value();
    SqliteStoreOptions options;
    options.path = directory.File("sessions");
    store_ = OpenSqliteStore(options).value();
    SessionEnvironment environment;
    environment.config.claims_per_minute = 1'000'000;
    environment.config.retry_delay = absl::Milliseconds(1);
    environment.backends["here"] = backend_.get();
    environment.store = store_.get();
    environment.executor = executor_.get();
    environment.clock = &SystemClock();
    service_ = std::make_unique<SessionService>(std::move(environment), SecureRandom());
  }

  SessionService& service() { return *service_; }

 private:
  const std::unique_ptr<Executor> executor_ = MakeThreadPool(4);
  const std::unique_ptr<Executor> blocking_ = MakeThreadPool(3);
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<SessionStore> store_;
  std::unique_ptr<SessionService> service_;  // goes first
};

struct PutSession {
  std::string token;
  std::string key;
  std::string content;
  bool may_be_aborted = false;
  int cuts = 0;  // of its own thread alone, like the next
  int attempts = 0;
  bool ended = false;
  bool aborted = false;
};

class ServiceStressTest : public testing::Test {
 protected:
  ServiceStressTest() {
    std::mt19937_64 random(7);
    for (int i = 0; i < kSessions; ++i) {
      PutSession session;
      session.token = absl::StrCat("token-of-stress-session-", i);
      session.key = absl::StrCat("folder ", i % 3, "/object-", i);
      session.content.resize(random() % (i % 4 == 0 ? 20'000 : 400'000));
      for (char& byte : session.content) byte = static_cast<char>(random());
      session.may_be_aborted = i % 6 == 5;
      sessions_.push_back(std::move(session));
    }
  }

  // Starts the clients of one run. They leave when everything has ended, when the service drains,
  // or when they are told to stop.
  void StartClients(SessionService& service, uint64_t seed) {
    stop_ = false;
    {
      MutexLock lock(&mutex_);
      running_ = kThreads;
    }
    for (int i = 0; i < kThreads; ++i) {
      threads_.emplace_back([this, &service, seed, i] {
        PutAll(service, i, seed * kThreads + static_cast<uint64_t>(i));
        MutexLock lock(&mutex_);
        --running_;
      });
    }
  }

  void JoinClients() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  // Also returns when no client has anything left to do.
  void AwaitAttempts(int count) {
    MutexLock lock(&mutex_);
    const int enough = attempts_ + count;
    mutex_.Await([this, enough]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return attempts_ >= enough || running_ == 0;
    });
  }

  std::string Path(const PutSession& session) const {
    return directory_.File("root/bucket/") + local::KeyToPath(session.key);
  }

  testing_support::TempDir directory_;
  std::vector<PutSession> sessions_;  // each of the thread that puts it, but for constants
  std::atomic<bool> stop_ = false;

 private:
  // One client.
  void PutAll(SessionService& service, int client, uint64_t seed) {
    std::mt19937_64 random(seed);
    for (size_t s = static_cast<size_t>(client); s < sessions_.size(); s += kThreads) {
      if (!sessions_[s].ended && !PutToTheEnd(service, sessions_[s], random)) return;
    }
  }

  // False when the client has to leave.
  bool PutToTheEnd(SessionService& service, PutSession& session, std::mt19937_64& random) {
    while (!session.ended) {
      if (stop_) return false;
      if (++session.attempts > kMostAttempts) {
        ADD_FAILURE() << session.key << " does not get on";
        return false;
      }
      std::optional<PutAttempt::Cut> cut;
      if (session.cuts < kCuts && random() % 5 != 0) {
        ++session.cuts;
        cut = DrawCut(session, random);
      }
      const std::optional<absl::Status> status = Attempt(service, session, cut, random);
      if (status.has_value() && ErrorReason(*status) == "DRAINING") return false;
      if (status.has_value()) Judge(session, *status);
      // Some of the sessions are lost to an abort; the others are only taken over.
      const PutSession& other =
          session.may_be_aborted ? session : sessions_[random() % sessions_.size()];
      if (cut.has_value() && !Disturb(service, other, random)) return false;
    }
    return true;
  }

  static PutAttempt::Cut DrawCut(const PutSession& session, std::mt19937_64& random) {
    return {.after = static_cast<int64_t>(random() % (session.content.size() + 1)),
            .half_closed = random() % 2 == 0};
  }

  std::optional<absl::Status> Attempt(SessionService& service, const PutSession& session,
                                      std::optional<PutAttempt::Cut> cut, std::mt19937_64& random) {
    {
      MutexLock lock(&mutex_);
      ++attempts_;
    }
    OpenFrame open;
    open.spec.emplace();
    open.spec->remote = "here";
    open.spec->object = {"bucket", session.key};
    open.spec->part_size = 30'000;
    return std::make_shared<PutAttempt>(session.content, random())
        ->Run(service, kPrincipal, session.token, std::move(open), cut);
  }

  static void Judge(PutSession& session, const absl::Status& status) {
    if (status.ok()) {
      session.ended = true;
    } else if (ErrorReason(status) == "SESSION_ABORTED") {
      EXPECT_TRUE(session.may_be_aborted) << session.key;
      session.ended = session.aborted = true;
    } else {
      // Another stream took over, or opening again can help.
      EXPECT_TRUE(status.code() == absl::StatusCode::kAborted || RetryDelay(status).has_value())
          << session.key << ": " << status;
    }
  }

  // Takes somebody's session over and lets it go again, or aborts it. False: the service drains.
  bool Disturb(SessionService& service, const PutSession& other, std::mt19937_64& random) {
    if (other.may_be_aborted && random() % 2 == 0) {
      Notification answered;
      service.Abort({kPrincipal, other.token, ""}, [&](const absl::StatusOr<SessionView>& view) {
        // Not found: it has no record yet. Unavailable: it is being finished.
        EXPECT_TRUE(view.ok() || absl::IsNotFound(view.status()) ||
                    absl::IsUnavailable(view.status()))
            << view.status();
        answered.Notify();
      });
      answered.WaitForNotification();
      return true;
    }
    const auto status = Attempt(service, other, DrawCut(other, random), random);
    return !status.has_value() || ErrorReason(*status) != "DRAINING";
  }

  std::vector<std::thread> threads_;
  Mutex mutex_;  // guards what follows
  int attempts_ ABSL_GUARDED_BY(mutex_) = 0;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;  // clients
};

TEST_F(ServiceStressTest, EveryObjectIsWhatWasSent) {
  {
    auto process = std::make_unique<Process>(directory_);
    StartClients(process->service(), 1);
    AwaitAttempts(60);
    stop_ = true;
    JoinClients();
    process = nullptr;  // with calls under way, without a drain
  }
  {
    auto process = std::make_unique<Process>(directory_);
    StartClients(process->service(), 2);
    AwaitAttempts(60);
    Notification drained;
    process->service().Drain([&] { drained.Notify(); });
    drained.WaitForNotification();
    JoinClients();
  }
  {
    auto process = std::make_unique<Process>(directory_);
    StartClients(process->service(), 3);
    JoinClients();
  }
  int aborted = 0;
  for (const PutSession& session : sessions_) {
    EXPECT_TRUE(session.ended) << session.key;
    aborted += session.aborted ? 1 : 0;
    ASSERT_NE(std::filesystem::exists(Path(session)), session.aborted) << session.key;
    if (session.aborted) continue;
    EXPECT_TRUE(testing_support::ReadFile(Path(session)) == session.content)
        << session.key << " is not what was sent";
  }
  EXPECT_GT(aborted, 0);
}

}  // namespace
}  // namespace penstock
