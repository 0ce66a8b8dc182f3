#include "server/store/store_schema.h"

#include <limits>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "server/store/record_codec.h"

namespace penstock {
namespace {

// What List filters on and what an administrator looks for stands in columns of its own; the record
// itself is in `record` (stored_record.proto), and it alone is read. Text is compared by bytes.
// The index of lists holds every filtered column, so that a list reads the rows it shows and no
// others. Times of columns are seconds since 1970.
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
)sql";

// The tails, and the order in which the reaper looks at sessions: by the reap_time of the record in
// nanoseconds, to the bit, because what is due is decided by it. The default is the infinite
// future.
constexpr char kVersion2[] = R"sql(
ALTER TABLE sessions ADD COLUMN reap_time INTEGER NOT NULL DEFAULT 9223372036854775807;
CREATE INDEX sessions_reap ON sessions(reap_time);
CREATE TABLE tails(
  session INTEGER PRIMARY KEY REFERENCES sessions(id) ON DELETE CASCADE,
  bytes BLOB NOT NULL
) STRICT;
)sql";

// The uploads of every session (UploadsOf), by which its owner is found: garbage is what nobody
// owns. An id is bytes of the backend; the empty one stands for those of a session that cannot be
// read.
constexpr char kVersion3[] = R"sql(
CREATE TABLE uploads(
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  upload_id BLOB NOT NULL,
  PRIMARY KEY(session, upload_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_id ON uploads(upload_id);
)sql";

// Calls `visit(id, record)` for every session, in the order of ids; `record` is an error where it
// cannot be read.
template <typename Visit>
absl::Status ForEachRecord(SqliteDatabase& database, Visit visit) {
  PENSTOCK_ASSIGN_OR_RETURN(
      const auto next,
      SqliteStatement::Prepare(database,
                               "SELECT id, record FROM sessions WHERE id>?1 ORDER BY id LIMIT 1"));
  int64_t id = std::numeric_limits<int64_t>::min();
  while (true) {
    SqliteRun row(*next);
    row.Integer(id);
    PENSTOCK_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return absl::OkStatus();
    id = row.IntegerAt(0);
    PENSTOCK_RETURN_IF_ERROR(visit(id, DecodeRecord(row.BlobAt(1))));
  }
}

// Records of version 1 get their times when they are read; the column must be the same. A record
// that cannot be read fails where it is asked for, and is never due.
absl::Status FillReapTimes(SqliteDatabase& database) {
  PENSTOCK_ASSIGN_OR_RETURN(
      const auto fill,
      SqliteStatement::Prepare(database, "UPDATE sessions SET reap_time=?1 WHERE id=?2"));
  return ForEachRecord(
      database, [&fill](int64_t id, const absl::StatusOr<SessionRecord>& record) -> absl::Status {
        if (!record.ok()) return absl::OkStatus();
        SqliteRun update(*fill);
        update.Integer(absl::ToUnixNanos(record->reap_time)).Integer(id);
        return update.Finish();
      });
}

absl::Status FillUploads(SqliteDatabase& database) {
  PENSTOCK_ASSIGN_OR_RETURN(
      const auto fill,
      SqliteStatement::Prepare(database, "INSERT INTO uploads(session, upload_id) VALUES(?1, ?2)"));
  return ForEachRecord(
      database, [&fill](int64_t id, const absl::StatusOr<SessionRecord>& record) -> absl::Status {
        const std::set<std::string> unknown = {""};
        for (const std::string& upload_id : record.ok() ? UploadsOf(*record) : unknown) {
          SqliteRun insert(*fill);
          insert.Integer(id).Blob(upload_id);
          PENSTOCK_RETURN_IF_ERROR(insert.Finish());
        }
        return absl::OkStatus();
      });
}

}  // namespace

absl::Status UpgradeSchema(SqliteDatabase& database, int64_t from) {
  if (from == kSchemaVersion) return absl::OkStatus();
  PENSTOCK_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  if (from < 1) PENSTOCK_RETURN_IF_ERROR(database.Execute(kVersion1));
  if (from < 2) {
    PENSTOCK_RETURN_IF_ERROR(database.Execute(kVersion2));
    PENSTOCK_RETURN_IF_ERROR(FillReapTimes(database));
  }
  PENSTOCK_RETURN_IF_ERROR(database.Execute(kVersion3));
  PENSTOCK_RETURN_IF_ERROR(FillUploads(database));
  return database.Execute(absl::StrCat("PRAGMA application_id=", kApplicationId,
                                       ";PRAGMA user_version=", kSchemaVersion, ";COMMIT"));
}

}  // namespace penstock
