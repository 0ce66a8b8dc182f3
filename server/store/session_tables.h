#ifndef PENSTOCK_SERVER_STORE_SESSION_TABLES_H_
#define PENSTOCK_SERVER_STORE_SESSION_TABLES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/session_store.h"
#include "server/store/sqlite.h"

namespace penstock {

// The tables of a SQLite store: what its calls do within the transaction that somebody else began.
// Errors are those of the database, and DATA_LOSS / STORE_CORRUPT where what is stored contradicts
// itself. For one thread at a time; must not outlive the database.
class SessionTables {
 public:
  // REQUIRES: the tables exist (StoreFile::Connect).
  static absl::StatusOr<std::unique_ptr<SessionTables>> Prepare(SqliteDatabase& database);

  // Decides a write by ApplyWrite and stores its effect. A commit costs as much as its rows,
  // however long the ledger is; a claim reads the ledger.
  absl::StatusOr<StoreAnswer> Write(const SessionKey& key, const SessionWrite& write);

  // kOk or kNotFound.
  absl::StatusOr<StoreAnswer> Get(const SessionKey& key);

  struct Found {
    StoreAnswer answer;  // kOk or kNotFound
    SessionKey key;
  };
  absl::StatusOr<Found> GetById(const std::string& principal, const std::string& session_id);

  // Also INVALID_ARGUMENT / BAD_PAGE_TOKEN.
  absl::StatusOr<SessionPage> List(const SessionQuery& query);

  // As SessionStore::Due. What cannot be read is left out: it must not keep the reaper from the
  // rest.
  absl::StatusOr<std::vector<KeyedSession>> Due(const DueQuery& query);

  // As SessionStore::OwnedUploads.
  absl::StatusOr<std::set<std::string>> OwnedUploads(const std::vector<std::string>& upload_ids);

 private:
  struct Row {
    int64_t id = 0;
    SessionRecord record;
  };

  SessionTables() = default;

  absl::StatusOr<std::optional<Row>> Find(const SessionKey& key);
  absl::StatusOr<int64_t> Store(const SessionKey& key, const std::optional<Row>& before,
                                const SessionRecord& record);
  absl::StatusOr<int64_t> Insert(const SessionKey& key, const SessionRecord& record);
  absl::Status Update(const Row& before, const SessionRecord& record);
  absl::Status StoreUploads(int64_t session, const SessionRecord& before,
                            const SessionRecord& after);
  absl::Status CarryOut(int64_t session, const WriteEffect& effect);
  absl::Status Append(int64_t session, const std::vector<PartRecord>& rows);
  absl::StatusOr<std::string> ReadTail(int64_t session, const Tail& tail);
  absl::StatusOr<std::vector<PartRecord>> ReadLedger(int64_t session, int64_t first_sequence,
                                                     int64_t count);

  SqliteDatabase* database_ = nullptr;
  std::unique_ptr<SqliteStatement> find_;
  std::unique_ptr<SqliteStatement> find_by_id_;
  std::unique_ptr<SqliteStatement> insert_;
  std::unique_ptr<SqliteStatement> update_;
  std::unique_ptr<SqliteStatement> update_listed_;
  std::unique_ptr<SqliteStatement> append_;
  std::unique_ptr<SqliteStatement> read_ledger_;
  std::unique_ptr<SqliteStatement> list_;
  std::unique_ptr<SqliteStatement> update_reap_;
  std::unique_ptr<SqliteStatement> erase_;
  std::unique_ptr<SqliteStatement> drop_ledger_;
  std::unique_ptr<SqliteStatement> drop_tail_;
  std::unique_ptr<SqliteStatement> save_tail_;
  std::unique_ptr<SqliteStatement> read_tail_;
  std::unique_ptr<SqliteStatement> due_;
  std::unique_ptr<SqliteStatement> add_upload_;
  std::unique_ptr<SqliteStatement> remove_upload_;
  std::unique_ptr<SqliteStatement> owns_upload_;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SESSION_TABLES_H_
