// Other processes and the same store: one is refused while another has it, and one that is killed
// loses nothing that it was told is kept.

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/checksum.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_store.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

// A run of store_writer.
class Writer {
 public:
  Writer(const std::string& path, int run, int first_generation) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    output_ = fdopen(ends[0], "r");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    std::vector<std::string> arguments = {STORE_WRITER, path, absl::StrCat(run),
                                          absl::StrCat(first_generation)};
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&process_, STORE_WRITER, &actions, nullptr, pointers.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
  }

  ~Writer() {
    Kill();
    std::fclose(output_);
  }

  // The next line without its end; empty when there are no more.
  std::string Line() {
    char line[256];
    if (std::fgets(line, sizeof(line), output_) == nullptr) return "";
    std::string text(line);
    if (text.back() == '\n') text.pop_back();
    return text;
  }

  void Kill() {
    if (process_ > 0) kill(process_, SIGKILL);
    Wait();
  }

  // The status of waitpid, once.
  int Wait() {
    int status = 0;
    if (process_ > 0) waitpid(process_, &status, 0);
    process_ = 0;
    return status;
  }

 private:
  FILE* output_ = nullptr;
  pid_t process_ = 0;
};

// What a token was told is kept.
struct Acknowledged {
  int64_t epoch = 0;
  int64_t rows = 0;
  bool finished = false;
};

class SqliteStoreKillTest : public testing::Test {
 protected:
  std::unique_ptr<SessionStore> Open() {
    SqliteStoreOptions options;
    options.path = path_;
    auto store = OpenSqliteStore(options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  void Note(const std::string& line) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    ASSERT_EQ(words.size(), 3u) << line;
    int64_t value = 0;
    ASSERT_TRUE(absl::SimpleAtoi(words[2], &value)) << line;
    Acknowledged& token = acknowledged_[words[0]];
    if (words[1] == "epoch") token.epoch = std::max(token.epoch, value);
    if (words[1] == "rows") token.rows = std::max(token.rows, value);
    if (words[1] == "finished") token.finished = true;
    const std::vector<std::string> name = absl::StrSplit(words[0], '-');
    ASSERT_TRUE(absl::SimpleAtoi(name.at(2), &generation_[name.at(1)])) << line;
  }

  // As SQLite sees it, of what the kill left: every page, every index, every row.
  void CheckIntegrity() {
    auto database = SqliteDatabase::Open(path_, "").value();
    ASSERT_TRUE(database->Execute("PRAGMA locking_mode=EXCLUSIVE").ok());
    EXPECT_EQ(database->Text("PRAGMA integrity_check").value(), "ok");
  }

  // The oldest generation that a session may have been left in.
  int FirstGeneration() const {
    int first = 1 << 30;
    for (const auto& [session, generation] : generation_) first = std::min(first, generation);
    return generation_.empty() ? 0 : first;
  }

  void Check(SessionStore& store, const std::string& token, const Acknowledged& told) {
    const SessionKey key = MakeSessionKey("alice", token);
    const StoreAnswer got = GetNow(store, key);
    ASSERT_EQ(got.code, StoreCode::kOk) << token;
    EXPECT_GE(got.record->fence.epoch, told.epoch) << token;
    EXPECT_GE(got.record->next_sequence, told.rows) << token;
    if (told.finished) {
      EXPECT_EQ(got.record->state, SessionState::kFinished) << token;
    }
    if (Ended(got.record->state)) return;
    ClaimSession claim = TestClaim("the test");
    claim.now = TestTime() + absl::Hours(24) + absl::Minutes(++checks_);
    const StoreAnswer claimed = WriteNow(store, key, claim);
    ASSERT_EQ(claimed.code, StoreCode::kOk) << token << ": " << claimed.message;
    uint64_t crc64 = 0;
    int64_t size = 0;
    for (const PartRecord& row : claimed.ledger) {
      EXPECT_EQ(row.offset, size);
      crc64 = CombineCrc64(crc64, row.crc64, row.size);
      size += row.size;
    }
    EXPECT_EQ(std::ssize(claimed.ledger), claimed.record->next_sequence);
    EXPECT_EQ(size, claimed.record->committed_size);
    EXPECT_EQ(crc64, claimed.record->committed_crc64);
  }

  const testing_support::TempDir directory_;
  const std::string path_ = directory_.path() + "/sessions.db";
  std::map<std::string, Acknowledged> acknowledged_;  // by token
  std::map<std::string, int> generation_;             // the newest that each session was told of
  int checks_ = 0;
};

TEST_F(SqliteStoreKillTest, SecondProcessIsRefused) {
  auto store = Open();
  Writer refused(path_, 1, 0);
  const std::string line = refused.Line();
  EXPECT_TRUE(line.starts_with("STORE_IN_USE ")) << line;
  EXPECT_NE(line.find(path_), std::string::npos) << line;
  EXPECT_NE(line.find(absl::StrCat("process ", getpid())), std::string::npos) << line;
  EXPECT_EQ(WEXITSTATUS(refused.Wait()), 3);
  store.reset();
  Writer accepted(path_, 1, 0);
  EXPECT_TRUE(accepted.Line().starts_with("token-"));
  SqliteStoreOptions options;
  options.path = path_;
  EXPECT_FALSE(OpenSqliteStore(options).ok());
  accepted.Kill();
  EXPECT_TRUE(OpenSqliteStore(options).ok()) << "the lock dies with its process";
}

TEST_F(SqliteStoreKillTest, KilledProcessLosesNothingThatWasAcknowledged) {
  constexpr int kKills = 200;
  std::minstd_rand random(7);  // seeded: the numbers of lines are the same each time
  for (int run = 1; run <= kKills && !HasFatalFailure(); ++run) {
    std::map<std::string, Acknowledged> before;
    acknowledged_.swap(before);
    {
      Writer writer(path_, run, FirstGeneration());
      for (auto lines = random() % 300 + 1; lines > 0; --lines) {
        const std::string line = writer.Line();
        ASSERT_NE(line, "") << "the writer ended by itself in run " << run;
        Note(line);
      }
      writer.Kill();
      for (std::string line = writer.Line(); !line.empty(); line = writer.Line()) Note(line);
    }
    auto store = Open();
    ASSERT_NE(store, nullptr);
    for (const auto& [token, told] : acknowledged_) Check(*store, token, told);
    for (const auto& [token, told] : before) {  // nor does a later crash undo an earlier success
      if (!acknowledged_.contains(token)) Check(*store, token, told);
    }
    store.reset();
    CheckIntegrity();
  }
}

}  // namespace
}  // namespace penstock
