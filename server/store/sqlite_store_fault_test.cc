// A store whose disk fails: what it answers, and what is left.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/notification.h"
#include "server/store/faulty_vfs.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_store.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

using testing::Each;

SessionKey Key(int i) { return MakeSessionKey("alice", absl::StrCat("token-", i)); }
CreateSession Create(int i) { return {TestRecord("alice", absl::StrCat("id ", i))}; }

class SqliteStoreFaultTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open(int max_batch = 256) {
    store_.reset();
    SqliteStoreOptions options;
    options.path = path_;
    options.vfs = "faulty";
    options.max_batch = max_batch;
    auto store = OpenSqliteStore(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  StoreCode Code(int session, SessionWrite write) {
    return WriteNow(*store_, Key(session), std::move(write)).code;
  }

  // Keeps the store's thread busy until `go`, so that what is called meanwhile gathers.
  void Hold(Notification& go) {
    Notification held;
    store_->Get(Key(0), [&](const StoreAnswer&) {
      held.Notify();
      go.WaitForNotification();
    });
    held.WaitForNotification();
  }

  // Has the store do these writes in one batch, each to a session of its own, from `first` on.
  std::vector<StoreCode> InOneBatch(int first, std::vector<SessionWrite> writes) {
    std::vector<StoreCode> codes(writes.size());
    Notification go;
    BlockingCounter answered(static_cast<int>(writes.size()));
    Hold(go);
    for (size_t i = 0; i < writes.size(); ++i) {
      store_->Write(Key(first + static_cast<int>(i)), std::move(writes[i]),
                    [&codes, &answered, i](const StoreAnswer& answer) {
                      codes[i] = answer.code;
                      answered.DecrementCount();
                    });
    }
    go.Notify();
    answered.Wait();
    return codes;
  }

  static std::vector<SessionWrite> Creates(int first, int count) {
    std::vector<SessionWrite> writes;
    for (int i = first; i < first + count; ++i) writes.push_back(Create(i));
    return writes;
  }

  FaultyVfs vfs_{"faulty"};
  const testing_support::TempDir directory_;
  const std::string path_ = directory_.path() + "/sessions.db";
  std::unique_ptr<SessionStore> store_;
};

TEST_F(SqliteStoreFaultTest, WritesThatGatherShareOneSynchronization) {
  ASSERT_EQ(Code(0, Create(0)), StoreCode::kOk);
  const int before = vfs_.syncs();
  EXPECT_THAT(InOneBatch(1, Creates(1, 100)), Each(StoreCode::kOk));
  EXPECT_EQ(vfs_.syncs(), before + 1);
}

TEST_F(SqliteStoreFaultTest, BatchIsBounded) {
  Open(10);
  ASSERT_EQ(Code(0, Create(0)), StoreCode::kOk);
  const int before = vfs_.syncs();
  EXPECT_THAT(InOneBatch(1, Creates(1, 100)), Each(StoreCode::kOk));
  EXPECT_EQ(vfs_.syncs(), before + 10);
}

TEST_F(SqliteStoreFaultTest, NothingIsAnsweredBeforeItIsSynchronized) {
  std::atomic<bool> answered = false;
  bool answered_before = false;
  vfs_.BeforeSync([&] { answered_before = answered_before || answered; });
  Notification done;
  store_->Write(Key(1), Create(1), [&](const StoreAnswer&) {
    answered = true;
    done.Notify();
  });
  done.WaitForNotification();
  vfs_.BeforeSync(nullptr);
  EXPECT_FALSE(answered_before);
}

TEST_F(SqliteStoreFaultTest, OneFailingWriteDoesNotSpoilTheRest) {
  std::vector<SessionWrite> writes = Creates(1, 5);
  std::get<CreateSession>(writes[2]).record.session_id = "id 1";  // taken by the first
  EXPECT_THAT(InOneBatch(1, std::move(writes)),
              testing::ElementsAre(StoreCode::kOk, StoreCode::kOk, StoreCode::kCorrupt,
                                   StoreCode::kOk, StoreCode::kOk));
  Open();
  for (const int i : {1, 2, 4, 5}) EXPECT_EQ(GetNow(*store_, Key(i)).code, StoreCode::kOk);
  EXPECT_EQ(GetNow(*store_, Key(3)).code, StoreCode::kNotFound);
}

TEST_F(SqliteStoreFaultTest, WriteThatFailsHalfwayIsTakenBackAlone) {
  const SessionRecord record = Create(1).record;
  ASSERT_EQ(Code(1, Create(1)), StoreCode::kOk);
  store_.reset();
  // A row that no commit wrote: the second of the two that follow collides with it.
  auto other = SqliteDatabase::Open(path_, "").value();
  ASSERT_TRUE(other->Execute("INSERT INTO parts VALUES(1, 1, 9, 0, 0, 0, '')").ok());
  other.reset();
  Open();
  std::vector<SessionWrite> writes = Creates(1, 3);
  writes[0] = TestCommit(record, 1, 2);
  EXPECT_THAT(InOneBatch(1, std::move(writes)),
              testing::ElementsAre(StoreCode::kCorrupt, StoreCode::kOk, StoreCode::kOk));
  Open();
  EXPECT_EQ(GetNow(*store_, Key(1)).record, record);
  EXPECT_THAT(WriteNow(*store_, Key(1), TestClaim("new")).ledger, testing::IsEmpty());
  EXPECT_EQ(GetNow(*store_, Key(2)).code, StoreCode::kOk);
}

TEST_F(SqliteStoreFaultTest, WithoutSpaceNothingIsDoneAndLaterItWorksAgain) {
  const SessionRecord record = Create(1).record;
  ASSERT_EQ(Code(1, Create(1)), StoreCode::kOk);
  const CommitParts commit = TestCommit(record, 1, 2);
  vfs_.FailWrites(SQLITE_FULL);
  std::vector<SessionWrite> writes = Creates(1, 10);
  writes[0] = commit;
  EXPECT_THAT(InOneBatch(1, writes), Each(StoreCode::kExhausted));
  EXPECT_EQ(GetNow(*store_, Key(1)).record, record) << "reads need no space";
  EXPECT_EQ(GetNow(*store_, Key(2)).code, StoreCode::kNotFound);
  vfs_.FailWrites(SQLITE_OK);
  EXPECT_THAT(InOneBatch(1, writes), Each(StoreCode::kOk));
  Open();
  EXPECT_EQ(WriteNow(*store_, Key(1), TestClaim("new")).ledger, commit.rows);
}

// The space ends with the n-th write of a commit, for every n: headers of frames, pages, the frame
// that commits. A half-written transaction is in the log then; nothing of it may ever be seen.
TEST_F(SqliteStoreFaultTest, SpaceThatEndsInTheMiddleOfACommitLeavesNothingHalfDone) {
  SessionRecord record = Create(1).record;
  ASSERT_EQ(Code(1, Create(1)), StoreCode::kOk);
  int failed = 0;
  bool stored = false;
  for (int writes = 0; !stored; ++writes) {
    const CommitParts commit =
        TestCommit(record, 1 + static_cast<int32_t>(record.next_sequence), 1);
    vfs_.FailWritesAfter(writes, SQLITE_FULL);
    const StoreAnswer answer = WriteNow(*store_, Key(1), commit);
    stored = vfs_.failed_writes() == 0;
    vfs_.FailWrites(SQLITE_OK);
    ASSERT_EQ(answer.code, stored ? StoreCode::kOk : StoreCode::kExhausted) << answer.message;
    if (stored) break;
    ++failed;
    EXPECT_EQ(GetNow(*store_, Key(1)).record, record) << "after " << writes << " writes";
    // A crash now, with the half-written transaction in the log.
    const testing_support::TempDir after;
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::copy_file(path_ + suffix, after.path() + "/sessions.db" + suffix);
    }
    SqliteStoreOptions options;
    options.path = after.path() + "/sessions.db";
    const auto crashed = OpenSqliteStore(options);
    ASSERT_TRUE(crashed.ok()) << crashed.status();
    EXPECT_EQ(GetNow(**crashed, Key(1)).record, record) << "after " << writes << " writes";
    // And there is space again.
    const StoreAnswer again = WriteNow(*store_, Key(1), commit);
    ASSERT_EQ(again.code, StoreCode::kOk) << again.message;
    record = *again.record;
  }
  EXPECT_GE(failed, 4) << "two frames at least, of two writes each";
}

TEST_F(SqliteStoreFaultTest, ReadsOfAFailedBatchDoNotSeeItsWrites) {
  vfs_.FailWrites(SQLITE_FULL);
  Notification go;
  Notification answered;
  StoreCode write = StoreCode::kOk;
  StoreCode read = StoreCode::kOk;
  Hold(go);
  store_->Write(Key(1), Create(1), [&](const StoreAnswer& answer) { write = answer.code; });
  store_->Get(Key(1), [&](const StoreAnswer& answer) {
    read = answer.code;
    answered.Notify();
  });
  go.Notify();
  answered.WaitForNotification();
  EXPECT_EQ(write, StoreCode::kExhausted);
  EXPECT_EQ(read, StoreCode::kNotFound);
  vfs_.FailWrites(SQLITE_OK);
}

TEST_F(SqliteStoreFaultTest, FailedSynchronizationLeavesTheOutcomeOpenUntilItIsRepeated) {
  const SessionRecord record = Create(1).record;
  ASSERT_EQ(Code(1, Create(1)), StoreCode::kOk);
  const CommitParts commit = TestCommit(record, 1, 2);
  vfs_.FailSyncs(SQLITE_IOERR_FSYNC);
  EXPECT_EQ(Code(1, commit), StoreCode::kUnknown);
  EXPECT_EQ(Code(1, commit), StoreCode::kUnavailable) << "nothing is decided meanwhile";
  EXPECT_EQ(GetNow(*store_, Key(1)).code, StoreCode::kUnavailable) << "nor told";
  vfs_.FailSyncs(SQLITE_OK);
  const StoreAnswer again = WriteNow(*store_, Key(1), commit);
  EXPECT_EQ(again.code, StoreCode::kOk) << again.message;
  EXPECT_EQ(again.record->next_sequence, 2);
  Open();
  EXPECT_EQ(WriteNow(*store_, Key(1), TestClaim("new")).ledger, commit.rows);
}

TEST_F(SqliteStoreFaultTest, FailedWriteOfACommitLeavesTheOutcomeOpen) {
  ASSERT_EQ(Code(1, Create(1)), StoreCode::kOk);
  vfs_.FailWrites(SQLITE_IOERR_WRITE);
  EXPECT_THAT(InOneBatch(2, Creates(2, 5)), Each(StoreCode::kUnknown));
  vfs_.FailWrites(SQLITE_OK);
  EXPECT_THAT(InOneBatch(2, Creates(2, 5)), Each(StoreCode::kOk));
  EXPECT_EQ(GetNow(*store_, Key(1)).code, StoreCode::kOk);
}

TEST_F(SqliteStoreFaultTest, FullDiskOfTheSystem) {
  store_.reset();
  const testing_support::TempDir disk;
  if (mount("tmpfs", disk.path().c_str(), "tmpfs", 0, "size=3m") != 0) {
    GTEST_SKIP() << "a small file system needs a mount, which is not allowed here";
  }
  SqliteStoreOptions options;
  options.path = disk.path() + "/sessions.db";
  auto opened = OpenSqliteStore(options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  store_ = *std::move(opened);
  const std::string ballast = disk.path() + "/ballast";
  std::ofstream(ballast) << std::string(1 << 20, 'x');
  int stored = 0;
  StoreAnswer answer;
  while (true) {
    CreateSession create = Create(stored);
    create.record.failure_message = std::string(20'000, 'x');
    answer = WriteNow(*store_, Key(stored), create);
    if (answer.code != StoreCode::kOk) break;
    ++stored;
  }
  EXPECT_EQ(answer.code, StoreCode::kExhausted) << answer.message;
  EXPECT_GT(stored, 10);
  EXPECT_EQ(GetNow(*store_, Key(stored)).code, StoreCode::kNotFound);
  std::filesystem::remove(ballast);
  EXPECT_EQ(Code(stored, Create(stored)), StoreCode::kOk);
  store_.reset();
  opened = OpenSqliteStore(options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  for (int i = 0; i <= stored; ++i) EXPECT_EQ(GetNow(**opened, Key(i)).code, StoreCode::kOk) << i;
  opened->reset();
  EXPECT_EQ(umount2(disk.path().c_str(), MNT_DETACH), 0);
}

TEST_F(SqliteStoreFaultTest, EveryQueuedCallIsAnsweredWhenTheStoreEnds) {
  constexpr int kWrites = 500;
  Open(1);
  std::vector<StoreCode> codes(kWrites, StoreCode::kFenced);
  std::atomic<int> answers = 0;
  Notification go;
  Hold(go);
  for (int i = 0; i < kWrites; ++i) {
    store_->Write(Key(i), Create(i), [&codes, &answers, i](const StoreAnswer& answer) {
      codes[static_cast<size_t>(i)] = answer.code;
      ++answers;
    });
  }
  std::thread ending([&] {
    go.Notify();
    store_.reset();
  });
  ending.join();
  EXPECT_EQ(answers, kWrites);
  Open();
  for (int i = 0; i < kWrites; ++i) {
    const bool done = codes[static_cast<size_t>(i)] == StoreCode::kOk;
    if (!done) {
      EXPECT_EQ(codes[static_cast<size_t>(i)], StoreCode::kUnavailable);
    }
    EXPECT_EQ(GetNow(*store_, Key(i)).code, done ? StoreCode::kOk : StoreCode::kNotFound);
  }
}

}  // namespace
}  // namespace penstock
