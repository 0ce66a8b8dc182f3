// Who may open a store, and what it is on the disk. What it does as a store: tests/conformance.

#include "server/store/sqlite_store.h"

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
#include "base/random.h"
#include "server/store/record_codec.h"
#include "server/store/sqlite.h"
#include "server/store/stored_record.pb.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

class SqliteStoreTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<SessionStore>> Open() {
    SqliteStoreOptions options;
    options.path = path_;
    return OpenSqliteStore(options);
  }

  void ExpectRefused(absl::StatusCode code, const std::string& reason) {
    const absl::Status status = Open().status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(ErrorReason(status), reason) << status;
  }

  // Another program's access to the file.
  std::unique_ptr<SqliteDatabase> Foreign() { return SqliteDatabase::Open(path_, "").value(); }
  void Execute(const std::string& sql) {
    const absl::Status status = Foreign()->Execute(sql);
    ASSERT_TRUE(status.ok()) << status;
  }

  const testing_support::TempDir directory_;
  const std::string path_ = directory_.path() + "/sessions.db";
  const SessionKey key_ = MakeSessionKey("alice", "0123456789abcdef");
};

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

TEST_F(SqliteStoreTest, NewerSchemaIsRefused) {
  ASSERT_TRUE(Open().ok());
  Execute("PRAGMA user_version=3");
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(status), "STORE_TOO_NEW");
  EXPECT_EQ(ErrorMetadataOf(status)["got"], "3");
  Execute("PRAGMA user_version=2");
  EXPECT_TRUE(Open().ok());
}

// What servers wrote until tails and expiry came: the tables of version 1, and a record of then.
constexpr char kVersion1[] = R"sql(
CREATE TABLE sessions(
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  session_id TEXT NOT NULL UNIQUE,
  principal TEXT NOT NULL,
  state INTEGER NOT NULL,
  remote TEXT NOT NULL,
  bucket TEXT NOT NULL,
  object_key TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  committed_size INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  record BLOB NOT NULL
) STRICT;
CREATE INDEX sessions_list ON sessions(principal, session_id, state, remote, bucket, object_key);
CREATE TABLE parts(
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  number INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  size INTEGER NOT NULL,
  crc64 INTEGER NOT NULL,
  etag TEXT NOT NULL,
  PRIMARY KEY(session, sequence)
) STRICT, WITHOUT ROWID;
PRAGMA application_id=0x504e5354;
PRAGMA user_version=1;
)sql";

std::string OldBytes(const SessionRecord& record) {
  store::StoredRecord stored;
  EXPECT_TRUE(stored.ParseFromString(EncodeRecord(record)));
  stored.clear_idle_ttl();
  stored.clear_retention();
  stored.clear_expire_time();
  stored.clear_reap_time();
  return stored.SerializeAsString();
}

TEST_F(SqliteStoreTest, FileOfTheFirstVersionIsBroughtUp) {
  const auto key_of = [](const std::string& id) {
    return MakeSessionKey("alice", id + " 0123456");
  };
  std::ofstream(path_).close();
  Execute(kVersion1);
  const auto insert = [&](const std::string& id, SessionState state, absl::Duration age) {
    SessionRecord record = TestRecord("alice", id);
    record.state = state;
    record.upload_id = "upload";
    record.update_time = TestTime() - age;
    Execute(
        absl::StrCat("INSERT INTO sessions(key, session_id, principal, state, remote, bucket, "
                     "object_key, epoch, committed_size, update_time, record) VALUES(x'",
                     ToHex(key_of(id).digest), "', '", id, "', 'alice', ", static_cast<int>(state),
                     ", 'remote', 'bucket', 'object', 1, 0, 0, x'", ToHex(OldBytes(record)), "')"));
  };
  insert("open", SessionState::kOpen, absl::Hours(1));
  insert("older", SessionState::kOpen, absl::Hours(2));
  insert("aborted", SessionState::kAborted, absl::Hours(3));
  Execute(
      "INSERT INTO sessions(key, session_id, principal, state, remote, bucket, object_key, epoch, "
      "committed_size, update_time, record) VALUES(x'00', 'damaged', 'alice', 1, '', '', '', 1, 0, "
      "0, x'ff')");

  for (int i = 0; i < 2; ++i) {  // the second time there is nothing to do
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    const auto due = DueNow(**store, TestTime() + absl::Hours(7 * 24), 10);
    ASSERT_TRUE(due.ok()) << due.status();
    ASSERT_EQ(due->size(), 3u) << "what cannot be read is never due";
    EXPECT_EQ((*due)[0].record.session_id, "aborted");
    EXPECT_EQ((*due)[0].key, key_of("aborted"));
    EXPECT_EQ((*due)[0].record.dead_uploads.size(), 1u);
    EXPECT_EQ((*due)[1].record.session_id, "older");
    EXPECT_EQ((*due)[2].record.session_id, "open");
    EXPECT_EQ((*due)[2].record.expire_time, TestTime() + absl::Hours(7 * 24 - 1));
  }
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  StoreAnswer answer = WriteNow(**store, key_of("open"), TestClaim("new"));
  ASSERT_EQ(answer.code, StoreCode::kOk) << answer.message;
  EXPECT_EQ(WriteNow(**store, key_of("open"), TestTail(*answer.record, "tail")).code,
            StoreCode::kOk);
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
