#ifndef PENSTOCK_SERVER_STORE_SQLITE_H_
#define PENSTOCK_SERVER_STORE_SQLITE_H_

// SQLite's C interface, with owners and absl::Status. Knows nothing of sessions.
//
// Errors carry the reason and code that a store answers with:
//   RESOURCE_EXHAUSTED / STORE_FULL         no space left, in the file system or by quota
//   DATA_LOSS / STORE_CORRUPT               the file is damaged, or no database
//   FAILED_PRECONDITION / STORE_UNUSABLE    the file cannot be opened, or not be written
//   UNAVAILABLE / STORE_UNAVAILABLE         an error of input or output, no memory, locked
//   INTERNAL / STORE_CORRUPT                a constraint, or wrong SQL: a bug or damage

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace penstock {

// A connection. For one thread at a time.
class SqliteDatabase {
 public:
  // Opens the existing file `path` through the VFS named `vfs` (empty: the default one). Reads
  // nothing of it yet.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(const std::string& path,
                                                              const std::string& vfs);

  // REQUIRES: its statements are gone. Rolls back what was not committed.
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  // Runs the statements of `sql`, separated by semicolons; rows are dropped.
  absl::Status Execute(const std::string& sql);

  // The first column of the first row that `sql` gives; INTERNAL when it gives none.
  absl::StatusOr<std::string> Text(const std::string& sql);
  absl::StatusOr<int64_t> Integer(const std::string& sql);

  // False once the transaction was committed or rolled back, also by SQLite itself.
  bool in_transaction() const;

  // The error of the last call, which answered `code`; `doing` says what was tried.
  absl::Status Error(int code, std::string_view doing) const;

  sqlite3* handle() const { return handle_; }

 private:
  explicit SqliteDatabase(sqlite3* handle) : handle_(handle) {}

  sqlite3* const handle_;
};

// A prepared statement, run by SqliteRun. Must not outlive its database.
class SqliteStatement {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteStatement>> Prepare(SqliteDatabase& database,
                                                                  const std::string& sql);
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

 private:
  friend class SqliteRun;
  SqliteStatement(SqliteDatabase& database, sqlite3_stmt* handle)
      : database_(database), handle_(handle) {}

  SqliteDatabase& database_;
  sqlite3_stmt* const handle_;
};

// One run of a statement, of which there is at most one at a time:
//
//   SqliteRun run(*statement);
//   run.Text(name).Integer(limit);  // ?1, ?2
//   PENSTOCK_ASSIGN_OR_RETURN(bool row, run.Step());
//   if (row) Use(run.TextAt(0));
class SqliteRun {
 public:
  explicit SqliteRun(SqliteStatement& statement) : statement_(statement) {}
  ~SqliteRun();
  SqliteRun(const SqliteRun&) = delete;
  SqliteRun& operator=(const SqliteRun&) = delete;

  // Give the next parameter. Step tells of failures. Text may have any bytes, as columns of text
  // are compared by bytes.
  SqliteRun& Integer(int64_t value);
  SqliteRun& Text(std::string_view value);
  SqliteRun& Blob(std::string_view value);

  // Goes to the next row; false when there is none.
  absl::StatusOr<bool> Step();

  // Runs a statement that gives no rows.
  absl::Status Finish();

  // Columns of the row, from 0.
  int64_t IntegerAt(int column) const;
  std::string TextAt(int column) const;
  std::string BlobAt(int column) const;

 private:
  SqliteRun& Bound(int code);

  SqliteStatement& statement_;
  int parameters_ = 0;
  int bind_error_ = SQLITE_OK;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SQLITE_H_
