// Committing parts to the SQLite store, durable when it answers: one session after the other, and
// 64 at a time, which share transactions. The folder is TMPDIR's: whether its disk synchronizes is
// what decides the figures.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "server/store/sqlite_store.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

// One session of many, and what its owner knows of it.
struct OpenSession {
  SessionKey key;
  SessionRecord record;
};

class Sessions {
 public:
  explicit Sessions(int count) {
    SqliteStoreOptions options;
    options.path = directory_.File("sessions");
    store_ = OpenSqliteStore(options).value();
    for (int i = 0; i < count; ++i) {
      OpenSession session{MakeSessionKey("alice", absl::StrCat("token-of-session-", i)),
                          TestRecord("alice", absl::StrCat("id-", i))};
      WriteNow(*store_, session.key, CreateSession{session.record});
      sessions_.push_back(std::move(session));
    }
  }

  // Commits one part of every session, all at once; false when a commit failed.
  bool CommitOneEach() {
    const int32_t number = next_number_++;
    MutexLock lock(&mutex_);
    open_ = std::ssize(sessions_);
    for (OpenSession& session : sessions_) {
      store_->Write(session.key, TestCommit(session.record, number, 1), [&](StoreAnswer answer) {
        MutexLock answered(&mutex_);
        --open_;
        if (answer.code == StoreCode::kOk) {
          session.record = *std::move(answer.record);
        } else {
          failed_ = true;
        }
      });
    }
    mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return open_ == 0; });
    return !failed_;
  }

 private:
  const testing_support::TempDir directory_;
  std::vector<OpenSession> sessions_;
  int32_t next_number_ = 1;

  Mutex mutex_;  // guards what follows, and the records while commits are under way
  ptrdiff_t open_ ABSL_GUARDED_BY(mutex_) = 0;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;

  std::unique_ptr<SessionStore> store_;  // goes first
};

void CommitParts(benchmark::State& state) {
  Sessions sessions(static_cast<int>(state.range(0)));
  while (state.KeepRunning()) {
    if (!sessions.CommitOneEach()) {
      state.SkipWithError("a commit failed");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(CommitParts)->ArgName("sessions")->Arg(1)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace penstock
