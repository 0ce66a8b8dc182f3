// Files that older and newer servers wrote.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/random.h"
#include "server/store/record_codec.h"
#include "server/store/sqlite_store_fixture.h"
#include "server/store/store_schema.h"
#include "server/store/stored_record.pb.h"

namespace penstock {
namespace {

TEST_F(SqliteStoreTest, NewerSchemaIsRefused) {
  ASSERT_TRUE(Open().ok());
  const std::string newer = absl::StrCat(kSchemaVersion + 1);
  Execute(absl::StrCat("PRAGMA user_version=", newer));
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(status), "STORE_TOO_NEW");
  EXPECT_EQ(ErrorMetadataOf(status)["got"], newer);
  Execute(absl::StrCat("PRAGMA user_version=", kSchemaVersion));
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
    const auto due = DueNow(**store, {TestTime() + absl::Hours(7 * 24)});
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
  EXPECT_EQ(ErrorReason(OwnedUploadsNow(**store, {"upload"}).status()), "STORE_CORRUPT")
      << "what cannot be read may own anything";
  StoreAnswer answer = WriteNow(**store, key_of("open"), TestClaim("new"));
  ASSERT_EQ(answer.code, StoreCode::kOk) << answer.message;
  EXPECT_EQ(WriteNow(**store, key_of("open"), TestTail(*answer.record, "tail")).code,
            StoreCode::kOk);
}

// A file of version 2 is one of today without the table of uploads.
constexpr char kBackToVersion2[] = "DROP TABLE uploads; PRAGMA user_version=2";

TEST_F(SqliteStoreTest, FileOfTheSecondVersionKnowsItsUploads) {
  const SessionKey other = MakeSessionKey("bob", "another token 16");
  {
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    SessionRecord record = TestRecord("alice", "id");
    WriteNow(**store, key_, CreateSession{record});
    WriteNow(**store, key_, SetUpload{PositionOf(record), "first", TestTime()});
    record = *WriteNow(**store, key_, AbortSession{"", TestNonce("a"), TestTime()}).record;
    const StoreAnswer next =
        WriteNow(**store, key_,
                 StartOver{record.fence, record.state, TestRecord("alice", "next"), TestTime()});
    ASSERT_EQ(next.code, StoreCode::kOk) << next.message;
    WriteNow(**store, key_, SetUpload{PositionOf(*next.record), "second", TestTime()});
    WriteNow(**store, other, CreateSession{TestRecord("bob", "of bob")});  // it has none
  }
  Execute(kBackToVersion2);
  for (int i = 0; i < 2; ++i) {  // the second time there is nothing to do
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    const auto owned = OwnedUploadsNow(**store, {"first", "second", "third"});
    ASSERT_TRUE(owned.ok()) << owned.status();
    EXPECT_THAT(*owned, testing::ElementsAre("first", "second"));
  }
}

// A session that cannot be read may own anything: garbage is what certainly nobody owns.
TEST_F(SqliteStoreTest, NobodyKnowsWhatAnUnreadableSessionOfAnOldFileOwns) {
  {
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    WriteNow(**store, key_, CreateSession{TestRecord("alice", "id")});
  }
  Execute(absl::StrCat("UPDATE sessions SET record=x'ff';", kBackToVersion2));
  {
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    const absl::Status status = OwnedUploadsNow(**store, {"one"}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(ErrorReason(status), "STORE_CORRUPT");
  }
  Execute("DELETE FROM sessions; DELETE FROM uploads");
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE(OwnedUploadsNow(**store, {"one"}).ok());
}

// In the table of uploads it was all the time, and there it stays.
TEST_F(SqliteStoreTest, SessionThatBecameUnreadableStillOwnsItsUpload) {
  {
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    const SessionRecord record = TestRecord("alice", "id");
    WriteNow(**store, key_, CreateSession{record});
    WriteNow(**store, key_, SetUpload{PositionOf(record), "one", TestTime()});
  }
  Execute("UPDATE sessions SET record=x'ff'");
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(GetNow(**store, key_).code, StoreCode::kCorrupt);
  const auto owned = OwnedUploadsNow(**store, {"one", "two"});
  ASSERT_TRUE(owned.ok()) << owned.status();
  EXPECT_THAT(*owned, testing::ElementsAre("one"));
}

}  // namespace
}  // namespace penstock
