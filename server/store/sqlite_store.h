#ifndef PENSTOCK_SERVER_STORE_SQLITE_STORE_H_
#define PENSTOCK_SERVER_STORE_SQLITE_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/store/session_store.h"

namespace penstock {

struct SqliteStoreOptions {
  // The database file. Its directory must exist, be writable, and not be on a network. Beside it
  // stand `<path>-wal` and `<path>.lock`.
  std::string path;

  // At most this many calls go into one transaction.
  int max_batch = 256;

  // The write-ahead log is brought into the database when it has this many pages of 4 KiB.
  int checkpoint_pages = 1000;

  // A database of at most this many bytes is checked when it is opened (PRAGMA quick_check), which
  // takes about a second per GiB from a warm cache. Larger ones are checked page by page as they
  // are read.
  int64_t check_up_to_bytes = 64 << 20;

  // The name of the SQLite VFS, for tests; empty: the default one.
  std::string vfs;
};

// Opens the store that keeps sessions in one SQLite file, for this process alone. One connection on
// one thread does everything in the order of the calls, many calls to a transaction; each is
// answered after the transaction was synchronized to the disk. The file is readable by its owner
// alone, and what is deleted is overwritten.
//
// FAILED_PRECONDITION: STORE_IN_USE, another process (or another store of this one) has it;
// STORE_FOREIGN, the file is another application's; STORE_TOO_NEW, a newer server wrote it;
// STORE_UNUSABLE, it cannot be opened or written. DATA_LOSS / STORE_CORRUPT: it is damaged, or its
// log is in a way that would lose what was acknowledged (log_check.h).
// RESOURCE_EXHAUSTED / STORE_FULL: there is no space to open it.
//
// When the store fails later: without space writes answer kExhausted, and work again when there is
// some. A failure to synchronize answers kUnknown; the store then opens its file anew before it
// goes on, because only that tells what is on the disk.
absl::StatusOr<std::unique_ptr<SessionStore>> OpenSqliteStore(const SqliteStoreOptions& options);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SQLITE_STORE_H_
