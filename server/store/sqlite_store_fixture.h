#ifndef PENSTOCK_SERVER_STORE_SQLITE_STORE_FIXTURE_H_
#define PENSTOCK_SERVER_STORE_SQLITE_STORE_FIXTURE_H_

// A SQLite store in a folder of its own, and another program's access to its file.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_store.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_dir.h"

namespace penstock {

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

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SQLITE_STORE_FIXTURE_H_
