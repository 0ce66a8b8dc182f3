#include "server/store/session_tables.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/store/record_codec.h"
#include "server/store/session_page.h"

namespace penstock {
namespace {

constexpr char kFind[] = "SELECT id, record FROM sessions WHERE key=?1";

constexpr char kFindById[] =
    "SELECT key, record FROM sessions WHERE session_id=?1 AND principal=?2";

constexpr char kInsert[] =
    "INSERT INTO sessions(key, session_id, principal, state, remote, bucket, object_key, epoch, "
    "committed_size, update_time, record, reap_time) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

// What every write changes, apart from what only some do: SQLite rewrites an index for every
// statement that names a column of it: that of lists, or that of the reaper.
constexpr char kUpdate[] =
    "UPDATE sessions SET epoch=?1, committed_size=?2, update_time=?3, record=?4 WHERE id=?5";

constexpr char kUpdateListed[] =
    "UPDATE sessions SET session_id=?1, state=?2, remote=?3, bucket=?4, object_key=?5 WHERE id=?6";

constexpr char kUpdateReap[] = "UPDATE sessions SET reap_time=?1 WHERE id=?2";

// The ledger and the tail go with it.
constexpr char kErase[] = "DELETE FROM sessions WHERE id=?1";

constexpr char kDropLedger[] = "DELETE FROM parts WHERE session=?1";

constexpr char kDropTail[] = "DELETE FROM tails WHERE session=?1";

constexpr char kSaveTail[] = "INSERT OR REPLACE INTO tails(session, bytes) VALUES(?1, ?2)";

constexpr char kReadTail[] = "SELECT bytes FROM tails WHERE session=?1";

constexpr char kDue[] =
    "SELECT key, record FROM sessions INDEXED BY sessions_reap WHERE reap_time<=?1 "
    "AND reap_time>=?2 AND (reap_time>?2 OR key>?3) ORDER BY reap_time, key";

constexpr char kAddUpload[] = "INSERT INTO uploads(session, upload_id) VALUES(?1, ?2)";

constexpr char kRemoveUpload[] = "DELETE FROM uploads WHERE session=?1 AND upload_id=?2";

constexpr char kOwnsUpload[] =
    "SELECT 1 FROM uploads INDEXED BY uploads_id WHERE upload_id=?1 LIMIT 1";

constexpr char kAppend[] =
    "INSERT INTO parts(session, sequence, number, offset, size, crc64, etag) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";

constexpr char kReadLedger[] =
    "SELECT sequence, number, offset, size, crc64, etag FROM parts "
    "WHERE session=?1 AND sequence>=?2 AND sequence<?3 ORDER BY sequence";

// ?3 has a bit for every state that is asked for.
constexpr char kList[] =
    "SELECT record FROM sessions INDEXED BY sessions_list "
    "WHERE principal=?1 AND session_id>?2 AND (?3 >> state) & 1 "
    "AND (?4='' OR remote=?4) AND (?5='' OR bucket=?5) "
    "AND (?6='' OR object_key>=?6) AND (?7='' OR object_key<?7) "
    "ORDER BY session_id LIMIT ?8";

absl::Status Corrupt(const std::string& message) {
  return MakeError(absl::StatusCode::kDataLoss, "STORE_CORRUPT", message);
}

int64_t StateBits(const std::vector<SessionState>& states) {
  int64_t bits = 0;
  for (const SessionState state : states) bits |= int64_t{1} << static_cast<int>(state);
  return states.empty() ? ~int64_t{0} : bits;
}

bool SameListed(const SessionRecord& a, const SessionRecord& b) {
  return a.session_id == b.session_id && a.state == b.state && a.spec.remote == b.spec.remote &&
         a.spec.object == b.spec.object;
}

// The rows that were asked for, all of them, one after the other.
bool IsLedger(const std::vector<PartRecord>& rows, int64_t first_sequence, int64_t count) {
  if (std::ssize(rows) != count) return false;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].sequence != first_sequence + static_cast<int64_t>(i)) return false;
    if (i > 0 && rows[i].offset != rows[i - 1].offset + rows[i - 1].size) return false;
  }
  return true;
}

// What a claim answers is what the next owner acknowledges and publishes.
bool LedgerMatches(const SessionRecord& record, const std::vector<PartRecord>& rows) {
  if (rows.empty()) return record.next_sequence == 0 && record.ledger_size() == 0;
  return rows.front().offset == 0 && std::ssize(rows) == record.next_sequence &&
         rows.back().offset + rows.back().size == record.ledger_size();
}

StoreAnswer Answer(StoreCode code, std::string message, std::optional<SessionRecord> record) {
  StoreAnswer answer;
  answer.code = code;
  answer.message = std::move(message);
  answer.record = std::move(record);
  return answer;
}

StoreAnswer NotFound() {
  return Answer(StoreCode::kNotFound, "there is no such session", std::nullopt);
}

// Runs a statement whose only parameter is a session.
absl::Status RunOn(SqliteStatement& statement, int64_t session) {
  SqliteRun run(statement);
  run.Integer(session);
  return run.Finish();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SessionTables>> SessionTables::Prepare(SqliteDatabase& database) {
  auto tables = std::unique_ptr<SessionTables>(new SessionTables());
  tables->database_ = &database;
  const std::pair<std::unique_ptr<SqliteStatement>*, const char*> statements[] = {
      {&tables->find_, kFind},
      {&tables->find_by_id_, kFindById},
      {&tables->insert_, kInsert},
      {&tables->update_, kUpdate},
      {&tables->update_listed_, kUpdateListed},
      {&tables->append_, kAppend},
      {&tables->read_ledger_, kReadLedger},
      {&tables->list_, kList},
      {&tables->update_reap_, kUpdateReap},
      {&tables->erase_, kErase},
      {&tables->drop_ledger_, kDropLedger},
      {&tables->drop_tail_, kDropTail},
      {&tables->save_tail_, kSaveTail},
      {&tables->read_tail_, kReadTail},
      {&tables->due_, kDue},
      {&tables->add_upload_, kAddUpload},
      {&tables->remove_upload_, kRemoveUpload},
      {&tables->owns_upload_, kOwnsUpload},
  };
  for (const auto& [statement, sql] : statements) {
    PENSTOCK_ASSIGN_OR_RETURN(*statement, SqliteStatement::Prepare(database, sql));
  }
  return tables;
}

absl::StatusOr<StoreAnswer> SessionTables::Write(const SessionKey& key, const SessionWrite& write) {
  PENSTOCK_ASSIGN_OR_RETURN(const std::optional<Row> row, Find(key));
  absl::Status read = absl::OkStatus();
  const std::optional<SessionRecord> record =
      row.has_value() ? std::optional(row->record) : std::nullopt;
  WriteEffect effect = ApplyWrite(record, write, [&](int64_t first_sequence, int64_t count) {
    auto rows = ReadLedger(row->id, first_sequence, count);
    if (!rows.ok()) read = rows.status();
    return rows.ok() ? *std::move(rows) : std::vector<PartRecord>();
  });
  PENSTOCK_RETURN_IF_ERROR(read);
  StoreAnswer& answer = effect.answer;
  if (std::holds_alternative<ClaimSession>(write) && answer.code == StoreCode::kOk &&
      !answer.kept && !Ended(answer.record->state) &&
      !LedgerMatches(*answer.record, answer.ledger)) {
    return Corrupt("the ledger of a session is not what its record says");
  }
  if (effect.read_tail) {
    PENSTOCK_ASSIGN_OR_RETURN(answer.tail, ReadTail(row->id, *answer.record->tail));
  }
  if (answer.code != StoreCode::kOk || !effect.changed) return std::move(answer);
  if (effect.erase) {
    PENSTOCK_RETURN_IF_ERROR(RunOn(*erase_, row->id));
    return std::move(answer);
  }
  PENSTOCK_ASSIGN_OR_RETURN(const int64_t id, Store(key, row, *answer.record));
  PENSTOCK_RETURN_IF_ERROR(CarryOut(id, effect));
  return std::move(answer);
}

// All that is not the record.
absl::Status SessionTables::CarryOut(int64_t session, const WriteEffect& effect) {
  if (effect.drop_ledger) PENSTOCK_RETURN_IF_ERROR(RunOn(*drop_ledger_, session));
  if (effect.drop_tail) PENSTOCK_RETURN_IF_ERROR(RunOn(*drop_tail_, session));
  PENSTOCK_RETURN_IF_ERROR(Append(session, effect.new_rows));
  if (!effect.new_tail.has_value()) return absl::OkStatus();
  SqliteRun run(*save_tail_);
  run.Integer(session).Blob(*effect.new_tail);
  return run.Finish();
}

absl::StatusOr<StoreAnswer> SessionTables::Get(const SessionKey& key) {
  PENSTOCK_ASSIGN_OR_RETURN(std::optional<Row> row, Find(key));
  if (!row.has_value()) return NotFound();
  return Answer(StoreCode::kOk, "", std::move(row->record));
}

absl::StatusOr<SessionTables::Found> SessionTables::GetById(const std::string& principal,
                                                            const std::string& session_id) {
  SqliteRun run(*find_by_id_);
  run.Text(session_id).Text(principal);
  PENSTOCK_ASSIGN_OR_RETURN(const bool found, run.Step());
  if (!found) return Found{NotFound(), {}};
  PENSTOCK_ASSIGN_OR_RETURN(SessionRecord record, DecodeRecord(run.BlobAt(1)));
  return Found{Answer(StoreCode::kOk, "", std::move(record)), {run.BlobAt(0)}};
}

absl::StatusOr<SessionPage> SessionTables::List(const SessionQuery& query) {
  PENSTOCK_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(query));
  SqliteRun run(*list_);
  run.Text(query.principal).Text(after).Integer(StateBits(query.states));
  run.Text(query.remote).Text(query.bucket);
  run.Text(query.key_prefix).Text(PrefixEnd(query.key_prefix));
  run.Integer(PageSize(query) + 1);  // one more tells whether there is another page
  PageOfSessions page(query);
  while (true) {
    PENSTOCK_ASSIGN_OR_RETURN(const bool row, run.Step());
    if (!row) return std::move(page).Take();
    PENSTOCK_ASSIGN_OR_RETURN(SessionRecord record, DecodeRecord(run.BlobAt(0)));
    if (!page.Add(std::move(record), run.BlobAt(0).size())) return std::move(page).Take();
  }
}

absl::StatusOr<std::vector<KeyedSession>> SessionTables::Due(const DueQuery& query) {
  std::vector<KeyedSession> due;
  SqliteRun run(*due_);
  run.Integer(absl::ToUnixNanos(query.now)).Integer(absl::ToUnixNanos(query.after_time));
  run.Blob(query.after_key.digest);
  while (std::ssize(due) < query.limit) {
    PENSTOCK_ASSIGN_OR_RETURN(const bool row, run.Step());
    if (!row) break;
    absl::StatusOr<SessionRecord> record = DecodeRecord(run.BlobAt(1));
    if (record.ok()) due.push_back({{run.BlobAt(0)}, *std::move(record)});
  }
  return due;
}

absl::StatusOr<std::set<std::string>> SessionTables::OwnedUploads(
    const std::vector<std::string>& upload_ids) {
  const auto owns = [this](const std::string& upload_id) {
    SqliteRun run(*owns_upload_);
    run.Blob(upload_id);
    return run.Step();
  };
  PENSTOCK_ASSIGN_OR_RETURN(const bool unknown, owns(""));
  if (unknown) return Corrupt("a session cannot be read, and so it is not known what it owns");
  std::set<std::string> owned;
  for (const std::string& upload_id : upload_ids) {
    PENSTOCK_ASSIGN_OR_RETURN(const bool found, owns(upload_id));
    if (found) owned.insert(upload_id);
  }
  return owned;
}

absl::StatusOr<std::optional<SessionTables::Row>> SessionTables::Find(const SessionKey& key) {
  SqliteRun run(*find_);
  run.Blob(key.digest);
  PENSTOCK_ASSIGN_OR_RETURN(const bool found, run.Step());
  if (!found) return std::optional<Row>();
  PENSTOCK_ASSIGN_OR_RETURN(SessionRecord record, DecodeRecord(run.BlobAt(1)));
  return std::optional<Row>(Row{run.IntegerAt(0), std::move(record)});
}

absl::StatusOr<int64_t> SessionTables::Store(const SessionKey& key,
                                             const std::optional<Row>& before,
                                             const SessionRecord& record) {
  if (!before.has_value()) {
    PENSTOCK_ASSIGN_OR_RETURN(const int64_t id, Insert(key, record));
    PENSTOCK_RETURN_IF_ERROR(StoreUploads(id, SessionRecord(), record));
    return id;
  }
  PENSTOCK_RETURN_IF_ERROR(Update(*before, record));
  return before->id;
}

absl::StatusOr<int64_t> SessionTables::Insert(const SessionKey& key, const SessionRecord& record) {
  SqliteRun run(*insert_);
  run.Blob(key.digest).Text(record.session_id).Text(record.principal);
  run.Integer(static_cast<int>(record.state)).Text(record.spec.remote);
  run.Text(record.spec.object.bucket).Text(record.spec.object.key);
  run.Integer(record.fence.epoch).Integer(record.committed_size);
  run.Integer(absl::ToUnixSeconds(record.update_time)).Blob(EncodeRecord(record));
  run.Integer(absl::ToUnixNanos(record.reap_time));
  PENSTOCK_RETURN_IF_ERROR(run.Finish());
  return sqlite3_last_insert_rowid(database_->handle());
}

absl::Status SessionTables::Update(const Row& before, const SessionRecord& record) {
  {
    SqliteRun run(*update_);
    run.Integer(record.fence.epoch).Integer(record.committed_size);
    run.Integer(absl::ToUnixSeconds(record.update_time)).Blob(EncodeRecord(record));
    run.Integer(before.id);
    PENSTOCK_RETURN_IF_ERROR(run.Finish());
  }
  if (before.record.reap_time != record.reap_time) {
    SqliteRun run(*update_reap_);
    run.Integer(absl::ToUnixNanos(record.reap_time)).Integer(before.id);
    PENSTOCK_RETURN_IF_ERROR(run.Finish());
  }
  PENSTOCK_RETURN_IF_ERROR(StoreUploads(before.id, before.record, record));
  if (SameListed(before.record, record)) return absl::OkStatus();
  SqliteRun run(*update_listed_);
  run.Text(record.session_id).Integer(static_cast<int>(record.state)).Text(record.spec.remote);
  run.Text(record.spec.object.bucket).Text(record.spec.object.key).Integer(before.id);
  return run.Finish();
}

// Ordinary commits leave the uploads as they are, and cost nothing here.
absl::Status SessionTables::StoreUploads(int64_t session, const SessionRecord& before,
                                         const SessionRecord& after) {
  if (before.upload_id == after.upload_id && before.dead_uploads == after.dead_uploads) {
    return absl::OkStatus();
  }
  const std::set<std::string> old_ids = UploadsOf(before);
  const std::set<std::string> new_ids = UploadsOf(after);
  const auto write = [session](SqliteStatement& statement, const std::string& upload_id) {
    SqliteRun run(statement);
    run.Integer(session).Blob(upload_id);
    return run.Finish();
  };
  for (const std::string& id : old_ids) {
    if (!new_ids.contains(id)) PENSTOCK_RETURN_IF_ERROR(write(*remove_upload_, id));
  }
  for (const std::string& id : new_ids) {
    if (!old_ids.contains(id)) PENSTOCK_RETURN_IF_ERROR(write(*add_upload_, id));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SessionTables::ReadTail(int64_t session, const Tail& tail) {
  SqliteRun run(*read_tail_);
  run.Integer(session);
  PENSTOCK_ASSIGN_OR_RETURN(const bool found, run.Step());
  std::string bytes = found ? run.BlobAt(0) : std::string();
  if (std::ssize(bytes) == tail.size && Crc64(bytes) == tail.crc64) return bytes;
  return Corrupt("the tail of a session is not what its record says");
}

absl::Status SessionTables::Append(int64_t session, const std::vector<PartRecord>& rows) {
  for (const PartRecord& row : rows) {
    SqliteRun run(*append_);
    run.Integer(session).Integer(row.sequence).Integer(row.number).Integer(row.offset);
    // SQLite's integers are signed: the bits are what is kept.
    run.Integer(row.size).Integer(static_cast<int64_t>(row.crc64)).Text(row.etag);
    PENSTOCK_RETURN_IF_ERROR(run.Finish());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PartRecord>> SessionTables::ReadLedger(int64_t session,
                                                                  int64_t first_sequence,
                                                                  int64_t count) {
  SqliteRun run(*read_ledger_);
  run.Integer(session).Integer(first_sequence).Integer(first_sequence + count);
  std::vector<PartRecord> rows;
  rows.reserve(static_cast<size_t>(count));
  while (true) {
    PENSTOCK_ASSIGN_OR_RETURN(const bool row, run.Step());
    if (!row) break;
    rows.push_back({run.IntegerAt(0), static_cast<int32_t>(run.IntegerAt(1)), run.IntegerAt(2),
                    run.IntegerAt(3), static_cast<uint64_t>(run.IntegerAt(4)), run.TextAt(5)});
  }
  if (IsLedger(rows, first_sequence, count)) return rows;
  return Corrupt(absl::StrCat("expected ", count, " rows of a ledger from sequence ",
                              first_sequence, " on, found ", rows.size(), ", or not these"));
}

}  // namespace penstock
