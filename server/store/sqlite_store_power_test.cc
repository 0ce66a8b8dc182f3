// A loss of power, and a disk that lost what it had: what a store finds, and what it refuses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/store/faulty_vfs.h"
#include "server/store/log_check.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_store.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

using testing_support::ReadFile;
using testing_support::TempDir;
using testing_support::WriteFile;
using Change = FaultyVfs::Change;

constexpr int kCommits = 40;
constexpr size_t kSectorBytes = 512;  // a disk writes one of these or does not
constexpr size_t kLogHeaderBytes = 32;
constexpr size_t kFrameBytes = 24 + 4096;

SessionKey Key() { return MakeSessionKey("alice", "token"); }

class SqliteStorePowerTest : public testing::Test {
 protected:
  SqliteStorePowerTest() {
    options_.path = directory_.path() + "/sessions.db";
    options_.vfs = "power";
    options_.checkpoint_pages = 10;
  }

  // Commits rows of one session, one at a time; `acknowledged_` says how many there are.
  void Fill(SessionStore& store) {
    SessionRecord record = TestRecord("alice", "id");
    ASSERT_EQ(WriteNow(store, Key(), CreateSession{record}).code, StoreCode::kOk);
    acknowledged_ = 0;
    for (int i = 1; i <= kCommits; ++i) {
      const StoreAnswer answer = WriteNow(store, Key(), TestCommit(record, i, 1));
      ASSERT_EQ(answer.code, StoreCode::kOk) << answer.message;
      record = *answer.record;
      acknowledged_ = i;
    }
  }

  // Opens what is left in `directory`, without faults.
  static absl::StatusOr<std::unique_ptr<SessionStore>> OpenIn(const TempDir& directory) {
    SqliteStoreOptions options;
    options.path = directory.File("sessions.db");
    return OpenSqliteStore(options);
  }

  // How many rows the store has, of a session that is as its record says; -1: it has none.
  static int64_t Rows(SessionStore& store) {
    const StoreAnswer claimed = WriteNow(store, Key(), TestClaim("new"));
    if (claimed.code == StoreCode::kNotFound) return -1;
    EXPECT_EQ(claimed.code, StoreCode::kOk) << claimed.message;
    EXPECT_EQ(std::ssize(claimed.ledger), claimed.record->next_sequence);
    return claimed.record->next_sequence;
  }

  FaultyVfs vfs_{"power"};
  const TempDir directory_;
  SqliteStoreOptions options_;
  std::atomic<int> acknowledged_ = -1;  // rows; -1: there is no session yet
};

// What is on the disk after a loss of power, and what was acknowledged then.
struct Loss {
  FaultyVfs::Files files;       // what had been synchronized
  std::vector<Change> pending;  // and in which order the rest was asked for
  int acknowledged = 0;
};

void Apply(const Change& change, FaultyVfs::Files& files) {
  std::string& file = files[change.path];
  const auto offset = static_cast<size_t>(change.offset);
  if (change.truncate) {
    file.resize(std::min(offset, file.size()));
    return;
  }
  file.resize(std::max(file.size(), offset + change.bytes.size()));
  file.replace(offset, change.bytes.size(), change.bytes);
}

// The change as far as its first sectors.
Change Torn(Change change) {
  const size_t end =
      (static_cast<size_t>(change.offset) + change.bytes.size() / 2) / kSectorBytes * kSectorBytes;
  const auto begin = static_cast<size_t>(change.offset);
  change.bytes.resize(end > begin ? end - begin : 0);
  return change;
}

// Every outcome that is tried of one loss: nothing that was not synchronized, all of it, every
// beginning with the last write torn, and what a disk makes of it that writes in another order.
std::vector<FaultyVfs::Files> Outcomes(const Loss& loss) {
  std::vector<FaultyVfs::Files> outcomes = {loss.files};
  const size_t count = loss.pending.size();
  for (size_t last = 0; last < count; ++last) {
    FaultyVfs::Files torn = loss.files;
    for (size_t i = 0; i < last; ++i) Apply(loss.pending[i], torn);
    Apply(Torn(loss.pending[last]), torn);
    outcomes.push_back(std::move(torn));
  }
  const auto some = [&](const std::function<bool(size_t)>& kept) {
    FaultyVfs::Files files = loss.files;
    for (size_t i = 0; i < count; ++i) {
      if (kept(i)) Apply(loss.pending[i], files);
    }
    outcomes.push_back(std::move(files));
  };
  some([](size_t) { return true; });
  some([](size_t i) { return i % 2 == 0; });
  some([](size_t i) { return i % 2 == 1; });
  some([](size_t i) { return i > 1; });
  some([count](size_t i) { return i + 1 == count; });
  return outcomes;
}

TEST_F(SqliteStorePowerTest, LossTakesNothingThatWasAcknowledged) {
  std::vector<Loss> losses;
  vfs_.BeforeSync([&] { losses.push_back({vfs_.Durable(), vfs_.Pending(), acknowledged_}); });
  {
    const auto store = OpenSqliteStore(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    Fill(**store);
  }
  vfs_.BeforeSync(nullptr);
  EXPECT_GT(losses.size(), 40u);
  size_t outcomes = 0;
  for (const Loss& loss : losses) {
    for (const FaultyVfs::Files& files : Outcomes(loss)) {
      const TempDir after;
      for (const auto& [path, content] : files) {
        WriteFile(after.File(std::filesystem::path(path).filename()), content);
      }
      const auto store = OpenIn(after);
      ASSERT_TRUE(store.ok()) << store.status();
      EXPECT_GE(Rows(**store), loss.acknowledged);
      ++outcomes;
    }
  }
  EXPECT_GT(outcomes, 6 * losses.size()) << "there was something to lose";
}

// The files of a process that is killed after kCommits transactions, all of them in the log.
class DamagedLogTest : public SqliteStorePowerTest {
 protected:
  void SetUp() override {
    options_.checkpoint_pages = 100'000;
    const auto store = OpenSqliteStore(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    Fill(**store);
    database_ = ReadFile(options_.path);
    log_ = ReadFile(options_.path + "-wal");
    frames_ = (log_.size() - kLogHeaderBytes) / kFrameBytes;
    ASSERT_GT(frames_, static_cast<size_t>(kCommits));
    // The last transaction begins behind the frame that ended the one before.
    last_transaction_ = frames_ - 1;
    while (!Ends(last_transaction_ - 1)) --last_transaction_;
  }

  char* Frame(size_t frame) { return log_.data() + kLogHeaderBytes + frame * kFrameBytes; }
  bool Ends(size_t frame) { return std::string(Frame(frame) + 4, 4) != std::string(4, '\0'); }

  // Opens the database with the log as it is now.
  absl::StatusOr<std::unique_ptr<SessionStore>> OpenDamaged(const TempDir& directory) {
    WriteFile(directory.File("sessions.db"), database_);
    WriteFile(directory.File("sessions.db-wal"), log_);
    return OpenIn(directory);
  }

  std::string database_;
  std::string log_;
  size_t frames_ = 0;
  size_t last_transaction_ = 0;  // its first frame
};

TEST_F(DamagedLogTest, SoundLogIsTakenWhole) {
  const TempDir directory;
  const auto store = OpenDamaged(directory);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(Rows(**store), kCommits);
}

// One bit, anywhere in any frame: in its header, its sum, its page.
TEST_F(DamagedLogTest, DamageBeforeTheLastTransactionIsRefused) {
  for (size_t frame = 0; frame < frames_; ++frame) {
    for (const size_t byte : {size_t{0}, size_t{9}, size_t{17}, size_t{24}, size_t{3000}}) {
      Frame(frame)[byte] ^= 0x10;
      const TempDir directory;
      const auto store = OpenDamaged(directory);
      if (frame < last_transaction_) {
        EXPECT_EQ(ErrorReason(store.status()), "STORE_CORRUPT") << frame << ", byte " << byte;
        EXPECT_EQ(ReadFile(directory.File("sessions.db-wal")), log_) << "it is left alone";
      } else {
        // It may never have been complete: nobody can tell.
        ASSERT_TRUE(store.ok()) << store.status();
        EXPECT_GE(Rows(**store), kCommits - 1) << frame << ", byte " << byte;
      }
      Frame(frame)[byte] ^= 0x10;
    }
  }
}

TEST_F(DamagedLogTest, LostSectorsAndHeadersAreRefused) {
  const std::string sound = log_;
  for (const size_t offset : {size_t{0}, size_t{4096}, size_t{16384}}) {
    log_.replace(offset, 4096, 4096, '\0');
    const TempDir directory;
    EXPECT_EQ(ErrorReason(OpenDamaged(directory).status()), "STORE_CORRUPT") << offset;
    log_ = sound;
  }
}

// As a kill leaves it: the last transaction is half there.
TEST_F(DamagedLogTest, LogThatEndsWithinTheLastTransactionIsTaken) {
  const size_t begin = kLogHeaderBytes + last_transaction_ * kFrameBytes;
  for (size_t size = begin; size < log_.size(); size += 1000) {
    const std::string sound = log_;
    log_.resize(size);
    const TempDir directory;
    const auto store = OpenDamaged(directory);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(Rows(**store), kCommits - 1);
    log_ = sound;
  }
}

TEST_F(DamagedLogTest, NoLogAndAnEmptyOneAreSound) {
  EXPECT_TRUE(CheckLog(directory_.File("none")).ok());
  WriteFile(directory_.File("empty"), "");
  EXPECT_TRUE(CheckLog(directory_.File("empty")).ok());
  EXPECT_EQ(ErrorReason(CheckLog(directory_.path() + "/none/none")), "");
  WriteFile(directory_.File("short"), std::string(20, 'x'));
  EXPECT_TRUE(CheckLog(directory_.File("short")).ok());
}

}  // namespace
}  // namespace penstock
