#include "server/store/sqlite.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "base/error.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

class SqliteTest : public testing::Test {
 protected:
  std::string MakeFile(const std::string& content) {
    const std::string path = directory_.path() + "/test.db";
    std::ofstream(path) << content;
    return path;
  }

  std::unique_ptr<SqliteDatabase> Open(const std::string& content = "") {
    return SqliteDatabase::Open(MakeFile(content), "").value();
  }

  const testing_support::TempDir directory_;
};

void ExpectError(const absl::Status& status, absl::StatusCode code, const std::string& reason) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_EQ(ErrorReason(status), reason);
}

TEST_F(SqliteTest, TextAndBlobsKeepAnyBytes) {
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t(a TEXT NOT NULL, b BLOB NOT NULL) STRICT").ok());
  const auto insert = SqliteStatement::Prepare(*database, "INSERT INTO t VALUES(?1, ?2)").value();
  const auto find = SqliteStatement::Prepare(*database, "SELECT b FROM t WHERE a=?1").value();
  for (const std::string& bytes :
       {std::string(), std::string("\0", 1), std::string("a\0\xff'", 4)}) {
    {
      SqliteRun run(*insert);
      ASSERT_TRUE(run.Text(bytes).Blob(bytes).Finish().ok());
    }
    SqliteRun run(*find);
    ASSERT_TRUE(run.Text(bytes).Step().value());
    EXPECT_EQ(run.BlobAt(0), bytes);
  }
}

TEST_F(SqliteTest, StatementCanRunAgain) {
  const auto database = Open();
  const auto statement = SqliteStatement::Prepare(*database, "SELECT ?1 + 1").value();
  for (const int64_t value : {int64_t{1}, int64_t{-7}, int64_t{1} << 60}) {
    SqliteRun run(*statement);
    ASSERT_TRUE(run.Integer(value).Step().value());
    EXPECT_EQ(run.IntegerAt(0), value + 1);
    EXPECT_FALSE(run.Step().value());
  }
}

TEST_F(SqliteTest, KnowsWhetherATransactionIsOpen) {
  const auto database = Open();
  EXPECT_FALSE(database->in_transaction());
  ASSERT_TRUE(database->Execute("BEGIN").ok());
  EXPECT_TRUE(database->in_transaction());
  ASSERT_TRUE(database->Execute("ROLLBACK").ok());
  EXPECT_FALSE(database->in_transaction());
}

TEST_F(SqliteTest, MissingFileIsUnusable) {
  ExpectError(SqliteDatabase::Open(directory_.path() + "/none.db", "").status(),
              absl::StatusCode::kFailedPrecondition, "STORE_UNUSABLE");
}

TEST_F(SqliteTest, FileThatIsNoDatabaseIsCorrupt) {
  ExpectError(Open(std::string(5000, 'x'))->Integer("SELECT count(*) FROM sqlite_schema").status(),
              absl::StatusCode::kDataLoss, "STORE_CORRUPT");
}

TEST_F(SqliteTest, LackOfSpaceIsExhausted) {
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t(a)").ok());
  ASSERT_TRUE(database->Execute("PRAGMA max_page_count=2").ok());
  ExpectError(database->Execute("INSERT INTO t VALUES(zeroblob(100000))"),
              absl::StatusCode::kResourceExhausted, "STORE_FULL");
}

TEST_F(SqliteTest, LockedFileIsUnavailable) {
  const auto first = Open();
  ASSERT_TRUE(first->Execute("CREATE TABLE t(a); BEGIN EXCLUSIVE").ok());
  const auto second = SqliteDatabase::Open(directory_.path() + "/test.db", "").value();
  ExpectError(second->Execute("INSERT INTO t VALUES(1)"), absl::StatusCode::kUnavailable,
              "STORE_UNAVAILABLE");
}

TEST_F(SqliteTest, ConstraintsAndWrongSqlAreBugs) {
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES(1)").ok());
  ExpectError(database->Execute("INSERT INTO t VALUES(1)"), absl::StatusCode::kInternal,
              "STORE_CORRUPT");
  ExpectError(SqliteStatement::Prepare(*database, "SELEKT").status(), absl::StatusCode::kInternal,
              "STORE_CORRUPT");
}

}  // namespace
}  // namespace penstock
