#ifndef PENSTOCK_SERVER_STORE_STORE_FILE_H_
#define PENSTOCK_SERVER_STORE_STORE_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_store.h"

namespace penstock {

// The file of a SQLite store, held by one process at a time: a lock on the file `<path>.lock`,
// which stays when the store is closed. SQLite's own exclusive lock keeps other programs out; this
// one also holds while the store opens its database anew. Not for file systems of a network.
class StoreFile {
 public:
  // Takes the lock and makes the file if there is none, readable by its owner alone whatever the
  // umask. FAILED_PRECONDITION / STORE_IN_USE when another store has it (the lock's file says which
  // process); STORE_UNUSABLE when the directory or a file cannot be used.
  static absl::StatusOr<std::unique_ptr<StoreFile>> Lock(const SqliteStoreOptions& options);

  ~StoreFile();
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;

  // Opens the database, makes its tables if it is new, and brings what the write-ahead log holds
  // into it: what this connection then reads is on the disk, whatever happened before. The errors
  // of OpenSqliteStore. REQUIRES: no other connection.
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> Connect() const;

 private:
  StoreFile(const SqliteStoreOptions& options, int lock) : options_(options), lock_(lock) {}

  const SqliteStoreOptions options_;
  const int lock_;  // file descriptor
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_STORE_FILE_H_
