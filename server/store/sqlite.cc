#include "server/store/sqlite.h"

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace penstock {
namespace {

// Reports a full disk as an error of input and output where the quota, not the disk, ended.
bool IsFull(int code, int system_error) {
  const int primary = code & 0xff;
  return primary == SQLITE_FULL || (code == SQLITE_IOERR_WRITE && system_error == EDQUOT);
}

absl::Status MakeSqliteError(int code, int system_error, std::string_view message) {
  const ErrorMetadata metadata = {{"sqlite_code", absl::StrCat(code)},
                                  {"errno", absl::StrCat(system_error)}};
  const auto error = [&](absl::StatusCode status, const char* reason) {
    return MakeError(status, reason, std::string(message), metadata);
  };
  if (IsFull(code, system_error)) return error(absl::StatusCode::kResourceExhausted, "STORE_FULL");
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return error(absl::StatusCode::kDataLoss, "STORE_CORRUPT");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return error(absl::StatusCode::kFailedPrecondition, "STORE_UNUSABLE");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
      return error(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE");
    default:
      return error(absl::StatusCode::kInternal, "STORE_CORRUPT");
  }
}

int Size(std::string_view value) { return static_cast<int>(value.size()); }

// SQLite takes an absent pointer for NULL; an empty string is not NULL.
const char* Pointer(std::string_view value) { return value.data() == nullptr ? "" : value.data(); }

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& path,
                                                                     const std::string& vfs) {
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, kFlags, vfs.empty() ? nullptr : vfs.c_str());
  if (handle == nullptr) return MakeSqliteError(SQLITE_NOMEM, 0, "SQLite: no memory to open");
  auto database = std::unique_ptr<SqliteDatabase>(new SqliteDatabase(handle));
  if (code != SQLITE_OK) return database->Error(code, absl::StrCat("opening ", path));
  return database;
}

SqliteDatabase::~SqliteDatabase() { sqlite3_close(handle_); }

absl::Status SqliteDatabase::Error(int code, std::string_view doing) const {
  const int system_error = sqlite3_system_errno(handle_);
  return MakeSqliteError(code, system_error,
                         absl::StrCat("SQLite: ", std::string(doing), ": ", sqlite3_errmsg(handle_),
                                      " (code ", code, ", system error ", system_error, ")"));
}

absl::Status SqliteDatabase::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code, sql.substr(0, sql.find('(')));
}

absl::StatusOr<std::string> SqliteDatabase::Text(const std::string& sql) {
  PENSTOCK_ASSIGN_OR_RETURN(const auto statement, SqliteStatement::Prepare(*this, sql));
  SqliteRun run(*statement);
  PENSTOCK_ASSIGN_OR_RETURN(const bool row, run.Step());
  if (!row) return Error(SQLITE_ERROR, absl::StrCat("no row from ", sql));
  return run.TextAt(0);
}

absl::StatusOr<int64_t> SqliteDatabase::Integer(const std::string& sql) {
  PENSTOCK_ASSIGN_OR_RETURN(const auto statement, SqliteStatement::Prepare(*this, sql));
  SqliteRun run(*statement);
  PENSTOCK_ASSIGN_OR_RETURN(const bool row, run.Step());
  if (!row) return Error(SQLITE_ERROR, absl::StrCat("no row from ", sql));
  return run.IntegerAt(0);
}

bool SqliteDatabase::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

absl::StatusOr<std::unique_ptr<SqliteStatement>> SqliteStatement::Prepare(SqliteDatabase& database,
                                                                          const std::string& sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database.handle(), sql.c_str(), Size(sql) + 1,
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return database.Error(code, absl::StrCat("preparing ", sql));
  return std::unique_ptr<SqliteStatement>(new SqliteStatement(database, handle));
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(handle_); }

SqliteRun::~SqliteRun() {
  sqlite3_reset(statement_.handle_);
  sqlite3_clear_bindings(statement_.handle_);
}

SqliteRun& SqliteRun::Bound(int code) {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
  return *this;
}

SqliteRun& SqliteRun::Integer(int64_t value) {
  return Bound(sqlite3_bind_int64(statement_.handle_, ++parameters_, value));
}

SqliteRun& SqliteRun::Text(std::string_view value) {
  return Bound(sqlite3_bind_text(statement_.handle_, ++parameters_, Pointer(value), Size(value),
                                 SQLITE_TRANSIENT));
}

SqliteRun& SqliteRun::Blob(std::string_view value) {
  return Bound(sqlite3_bind_blob(statement_.handle_, ++parameters_, Pointer(value), Size(value),
                                 SQLITE_TRANSIENT));
}

absl::StatusOr<bool> SqliteRun::Step() {
  const int code = bind_error_ == SQLITE_OK ? sqlite3_step(statement_.handle_) : bind_error_;
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return statement_.database_.Error(code, sqlite3_sql(statement_.handle_));
}

absl::Status SqliteRun::Finish() {
  const absl::StatusOr<bool> row = Step();
  if (row.ok() && *row) {
    return statement_.database_.Error(SQLITE_MISUSE, "a statement without rows gave one");
  }
  return row.status();
}

int64_t SqliteRun::IntegerAt(int column) const {
  return sqlite3_column_int64(statement_.handle_, column);
}

std::string SqliteRun::TextAt(int column) const { return BlobAt(column); }

// Of a column of text too: its bytes as they are, with their length.
std::string SqliteRun::BlobAt(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.handle_, column);
  const int size = sqlite3_column_bytes(statement_.handle_, column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

}  // namespace penstock
