// Who may open a store, and what it is on the disk. What it does as a store: tests/conformance.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/store/sqlite_store_fixture.h"

namespace penstock {
namespace {

mode_t ModeOf(const std::string& path) {
  struct stat status = {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

TEST_F(SqliteStoreTest, FilesAreTheOwnersAloneWhateverTheUmask) {
  const mode_t before = umask(0);
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(WriteNow(**store, key_, CreateSession{TestRecord("alice", "id")}).code, StoreCode::kOk);
  umask(before);
  for (const char* suffix : {"", "-wal", ".lock"}) {
    EXPECT_EQ(ModeOf(path_ + suffix), mode_t{0600}) << suffix;
  }
  EXPECT_NE(access((path_ + "-shm").c_str(), F_OK), 0) << "the index of the log is in memory";
}

TEST_F(SqliteStoreTest, FilesThatOthersCouldReadAreRestricted) {
  ASSERT_TRUE(Open().ok());
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(ModeOf(path_), mode_t{0600});
}

TEST_F(SqliteStoreTest, SecondStoreOnTheSameFileIsRefused) {
  auto first = Open();
  ASSERT_TRUE(first.ok()) << first.status();
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "STORE_IN_USE");
  const absl::Status refused = Open().status();
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr(path_));
  EXPECT_EQ(ErrorMetadataOf(refused)["pid"], absl::StrCat(getpid()));
  EXPECT_EQ(WriteNow(**first, key_, CreateSession{TestRecord("alice", "id")}).code, StoreCode::kOk)
      << "the first is none the worse";
  first->reset();
  EXPECT_TRUE(Open().ok());
}

TEST_F(SqliteStoreTest, OtherProgramsAreKeptOutWhileItIsOpen) {
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(Foreign()->Integer("SELECT count(*) FROM sessions").status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(SqliteStoreTest, FileThatAnotherProgramHoldsIsRefused) {
  ASSERT_TRUE(Open().ok());
  const auto other = Foreign();
  ASSERT_TRUE(other->Execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE").ok());
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "STORE_IN_USE");
}

TEST_F(SqliteStoreTest, DatabaseOfAnotherApplicationIsRefusedAndLeftAlone) {
  std::ofstream(path_).close();
  Execute("CREATE TABLE notes(a)");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "STORE_FOREIGN");
  EXPECT_EQ(Foreign()->Text("PRAGMA journal_mode").value(), "delete");
  Execute("DROP TABLE notes; PRAGMA application_id=1");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "STORE_FOREIGN");
}

TEST_F(SqliteStoreTest, BytesOfATailAreGoneFromTheFileWithIt) {
  const std::string secret = "these bytes are the client's, and are not kept without need";
  const auto stored_bytes = [this] {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const auto write = [this](const SessionWrite& write) {
    const auto store = Open();  // what is closed is in the file
    EXPECT_TRUE(store.ok()) << store.status();
    const StoreAnswer answer = WriteNow(**store, key_, write);
    EXPECT_EQ(answer.code, StoreCode::kOk) << answer.message;
    return answer.record.value_or(SessionRecord());
  };
  SessionRecord record = write(CreateSession{TestRecord("alice", "id")});
  record = write(TestTail(record, secret));
  EXPECT_NE(stored_bytes().find(secret), std::string::npos);
  write(TestCommit(record, 1, 1, 1000));
  EXPECT_EQ(stored_bytes().find(secret), std::string::npos);
}

TEST_F(SqliteStoreTest, TailThatIsNotWhatTheRecordSaysIsNeverClaimed) {
  for (const char* damage : {"DELETE FROM tails", "UPDATE tails SET bytes=x'7461'",
                             "UPDATE tails SET bytes=x'7461696d'"}) {
    const SessionKey key = MakeSessionKey("alice", damage);
    SessionRecord record = TestRecord("alice", damage);
    {
      const auto store = Open();
      ASSERT_TRUE(store.ok()) << store.status();
      WriteNow(**store, key, CreateSession{record});
      ASSERT_EQ(WriteNow(**store, key, TestTail(record, "tail")).code, StoreCode::kOk);
    }
    Execute(damage);
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(WriteNow(**store, key, TestClaim("new")).code, StoreCode::kCorrupt) << damage;
    EXPECT_EQ(GetNow(**store, key).record->fence.epoch, 1) << damage;
  }
}

// The pages that a commit writes are what it costs.
TEST_F(SqliteStoreTest, OrdinaryCommitsLeaveTheIndexOfTheReaperAlone) {
  {
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_EQ(WriteNow(**store, key_, CreateSession{TestRecord("alice", "id")}).code,
              StoreCode::kOk);
  }
  // Whoever touches the column is refused.
  Execute(
      "CREATE TRIGGER touched BEFORE UPDATE OF reap_time ON sessions "
      "BEGIN SELECT RAISE(ABORT, 'touched'); END");
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  CommitParts commit = TestCommit(TestRecord("alice", "id"), 1, 1);
  commit.now = TestTime() + absl::Hours(1);
  const StoreAnswer answer = WriteNow(**store, key_, commit);
  ASSERT_EQ(answer.code, StoreCode::kOk) << answer.message;
  commit = TestCommit(*answer.record, 2, 1);
  commit.now = TestTime() + absl::Hours(2);
  EXPECT_EQ(WriteNow(**store, key_, commit).code, StoreCode::kCorrupt) << "the trigger works";
}

TEST_F(SqliteStoreTest, OrdinaryCommitsLeaveTheTableOfUploadsAlone) {
  SessionRecord record = TestRecord("alice", "id");
  {
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    WriteNow(**store, key_, CreateSession{record});
    record = *WriteNow(**store, key_, SetUpload{PositionOf(record), "one", TestTime()}).record;
  }
  Execute(
      "CREATE TRIGGER added BEFORE INSERT ON uploads BEGIN SELECT RAISE(ABORT, 'added'); END;"
      "CREATE TRIGGER removed BEFORE DELETE ON uploads BEGIN SELECT RAISE(ABORT, 'removed'); END");
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  const StoreAnswer answer = WriteNow(**store, key_, TestCommit(record, 1, 1));
  ASSERT_EQ(answer.code, StoreCode::kOk) << answer.message;
  const SessionKey other = MakeSessionKey("alice", "another token 16");
  WriteNow(**store, other, CreateSession{TestRecord("alice", "other")});
  EXPECT_EQ(WriteNow(**store, other,
                     SetUpload{PositionOf(TestRecord("alice", "other")), "two", TestTime()})
                .code,
            StoreCode::kCorrupt)
      << "the trigger works";
}

TEST_F(SqliteStoreTest, FileThatIsNoDatabaseIsCorrupt) {
  std::ofstream(path_) << std::string(10'000, 'x');
  ExpectRefused(absl::StatusCode::kDataLoss, "STORE_CORRUPT");
}

TEST_F(SqliteStoreTest, DamagedPageIsFoundWhenItIsOpened) {
  ASSERT_TRUE(Open().ok());
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);  // the second page, the first of a table
  file << std::string(4096, '\xaa');
  file.close();
  ExpectRefused(absl::StatusCode::kDataLoss, "STORE_CORRUPT");
}

TEST_F(SqliteStoreTest, PathsThatCannotBeUsedAreRefused) {
  for (const std::string& path : {directory_.path() + "/none/sessions.db", directory_.path()}) {
    SqliteStoreOptions options;
    options.path = path;
    const absl::Status status = OpenSqliteStore(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(ErrorReason(status), "STORE_UNUSABLE") << status;
  }
}

TEST_F(SqliteStoreTest, DirectoryThatCannotBeWrittenIsRefused) {
  // Permissions do not bind root, a file system that is read-only does.
  const bool root = geteuid() == 0;
  if (root && mount("tmpfs", directory_.path().c_str(), "tmpfs", MS_RDONLY, "size=1m") != 0) {
    GTEST_SKIP() << "as root this needs a mount, which is not allowed here";
  }
  if (!root) {
    ASSERT_EQ(chmod(directory_.path().c_str(), 0500), 0);
  }
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "STORE_UNUSABLE");
  EXPECT_THAT(std::string(Open().status().message()), testing::HasSubstr(directory_.path()));
  if (root) umount2(directory_.path().c_str(), MNT_DETACH);
  if (!root) chmod(directory_.path().c_str(), 0700);
}

TEST_F(SqliteStoreTest, RecordThatCannotBeReadFailsAlone) {
  const SessionKey other = MakeSessionKey("alice", "another token 16");
  {
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    WriteNow(**store, key_, CreateSession{TestRecord("alice", "id")});
    WriteNow(**store, other, CreateSession{TestRecord("alice", "other")});
  }
  Execute("UPDATE sessions SET record=x'0802' WHERE session_id='id'");  // of version 2
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(GetNow(**store, key_).code, StoreCode::kCorrupt);
  EXPECT_EQ(WriteNow(**store, key_, TestClaim("new")).code, StoreCode::kCorrupt);
  EXPECT_EQ(GetByIdNow(**store, "alice", "id").answer.code, StoreCode::kCorrupt);
  EXPECT_EQ(WriteNow(**store, other, TestClaim("new")).code, StoreCode::kOk);
  SessionQuery query;
  query.principal = "alice";
  EXPECT_EQ(ListNow(**store, query).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteStoreTest, LedgerThatIsNotWhatTheRecordSaysIsNeverClaimed) {
  for (const char* damage :
       {"DELETE FROM parts WHERE sequence=1", "DELETE FROM parts WHERE sequence=2",
        "UPDATE parts SET size=size-1 WHERE sequence=2",
        "UPDATE parts SET offset=offset+1 WHERE sequence=0"}) {
    const SessionKey key = MakeSessionKey("alice", damage);
    {
      const auto store = Open();
      ASSERT_TRUE(store.ok()) << store.status();
      const SessionRecord record = TestRecord("alice", damage);
      WriteNow(**store, key, CreateSession{record});
      ASSERT_EQ(WriteNow(**store, key, TestCommit(record, 1, 3)).code, StoreCode::kOk);
    }
    Execute(damage);
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(WriteNow(**store, key, TestClaim("new")).code, StoreCode::kCorrupt) << damage;
  }
}

TEST_F(SqliteStoreTest, TwoSessionsNeverShareAPublicName) {
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  const SessionRecord record = TestRecord("alice", "id");
  ASSERT_EQ(WriteNow(**store, key_, CreateSession{record}).code, StoreCode::kOk);
  const SessionKey other = MakeSessionKey("alice", "another token 16");
  EXPECT_EQ(WriteNow(**store, other, CreateSession{record}).code, StoreCode::kCorrupt);
  EXPECT_EQ(GetNow(**store, other).code, StoreCode::kNotFound);
  EXPECT_EQ(WriteNow(**store, key_, TestClaim("new")).code, StoreCode::kOk);
}

}  // namespace
}  // namespace penstock
