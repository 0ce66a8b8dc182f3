#include "server/store/store_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/store/log_check.h"
#include "server/store/store_schema.h"

namespace penstock {
namespace {

constexpr mode_t kOwnerOnly = 0600;

absl::Status Refuse(const std::string& reason, const std::string& message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message);
}

absl::Status Unusable(const std::string& path, const char* doing) {
  const int error = errno;
  if (error == ENOSPC || error == EDQUOT) {
    return MakeError(absl::StatusCode::kResourceExhausted, "STORE_FULL",
                     absl::StrCat("no space to make ", path));
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, "STORE_UNUSABLE",
                   absl::StrCat("cannot ", doing, " ", path, ": ", std::strerror(error)),
                   {{"errno", absl::StrCat(error)}});
}

// The descriptor of a regular file that only its owner can read; makes it if there is none.
absl::StatusOr<int> OpenOwned(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (file < 0) return Unusable(path, "open");
  absl::Cleanup close_file = [file] { close(file); };
  struct stat status = {};
  if (fstat(file, &status) != 0) return Unusable(path, "examine");
  if (!S_ISREG(status.st_mode)) {
    return Refuse("STORE_UNUSABLE", absl::StrCat("expected a regular file at ", path));
  }
  if (fchmod(file, kOwnerOnly) != 0) return Unusable(path, "restrict to its owner");
  std::move(close_file).Cancel();
  return file;
}

// "penstockd, process 123", as far as it can be told: 0 is nobody that is known.
std::string NameProcess(int64_t pid) {
  if (pid <= 0) return "another process";
  std::string name;
  std::ifstream comm(absl::StrCat("/proc/", pid, "/comm"));
  if (!std::getline(comm, name) || name.empty()) return absl::StrCat("process ", pid);
  return absl::StrCat(name, ", process ", pid);
}

absl::Status InUse(const std::string& path, int64_t pid) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "STORE_IN_USE",
                   absl::StrCat("the session store ", path, " is in use by ", NameProcess(pid),
                                ": a store belongs to one server at a time"),
                   {{"path", path}, {"pid", absl::StrCat(pid)}});
}

// Whoever finds the file locked reads here who has it. Nothing depends on it.
void NoteHolder(int lock) {
  const std::string text = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock, 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(lock, text.data(), text.size(), 0);
  }
}

int64_t NotedHolder(int lock) {
  char text[32] = {};
  const ssize_t size = pread(lock, text, sizeof(text) - 1, 0);
  int64_t pid = 0;
  return size > 0 && absl::SimpleAtoi(absl::string_view(text, static_cast<size_t>(size)), &pid)
             ? pid
             : 0;
}

// The process that has SQLite's own lock on the database. REQUIRES: this process has no connection,
// whose locks would go when the file is closed here.
int64_t DatabaseHolder(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return 0;
  struct flock held = {};
  held.l_type = F_WRLCK;
  held.l_whence = SEEK_SET;
  const bool asked = fcntl(file, F_GETLK, &held) == 0;
  close(file);
  return asked && held.l_type != F_UNLCK ? held.l_pid : 0;
}

// Makes sure whose database it is, before anything is written to it. The version of its tables; 0:
// it is new.
absl::StatusOr<int64_t> CheckOwnership(SqliteDatabase& database, const std::string& path) {
  PENSTOCK_ASSIGN_OR_RETURN(const int64_t application, database.Integer("PRAGMA application_id"));
  PENSTOCK_ASSIGN_OR_RETURN(const int64_t version, database.Integer("PRAGMA user_version"));
  PENSTOCK_ASSIGN_OR_RETURN(const int64_t objects,
                            database.Integer("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && objects == 0) return 0;
  if (application != kApplicationId) {
    return Refuse("STORE_FOREIGN", absl::StrCat("expected a session store of Penstock at ", path,
                                                ", found another application's database"));
  }
  if (version > kSchemaVersion) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "STORE_TOO_NEW",
        absl::StrCat("the session store ", path, " has schema version ", version,
                     ", this server knows version ", kSchemaVersion, ": a newer server wrote it"),
        {{"expected", absl::StrCat(kSchemaVersion)}, {"got", absl::StrCat(version)}});
  }
  if (version < 1) {  // there has been none
    return MakeError(absl::StatusCode::kDataLoss, "STORE_CORRUPT",
                     absl::StrCat("the session store ", path, " has schema version ", version));
  }
  return version;
}

// In this order: the lock before the journal, so that the log's index is in memory and no third
// file comes into being; FULL, because the newest commit must survive a loss of power; NORMAL may
// even move a reservation of part numbers back.
absl::Status Configure(SqliteDatabase& database, const SqliteStoreOptions& options) {
  PENSTOCK_RETURN_IF_ERROR(
      database.Execute("PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON; "
                       "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON; "
                       "PRAGMA trusted_schema=OFF; PRAGMA journal_size_limit=16777216"));
  PENSTOCK_RETURN_IF_ERROR(
      database.Execute(absl::StrCat("PRAGMA wal_autocheckpoint=", options.checkpoint_pages)));
  PENSTOCK_ASSIGN_OR_RETURN(const std::string mode, database.Text("PRAGMA journal_mode=WAL"));
  if (mode != "wal") {
    return Refuse("STORE_UNUSABLE", absl::StrCat("the file system of ", options.path,
                                                 " does not carry a write-ahead log"));
  }
  return absl::OkStatus();
}

absl::Status CheckPages(SqliteDatabase& database, const SqliteStoreOptions& options) {
  PENSTOCK_ASSIGN_OR_RETURN(const int64_t pages, database.Integer("PRAGMA page_count"));
  PENSTOCK_ASSIGN_OR_RETURN(const int64_t page_size, database.Integer("PRAGMA page_size"));
  if (pages * page_size > options.check_up_to_bytes) return absl::OkStatus();
  PENSTOCK_ASSIGN_OR_RETURN(const std::string found, database.Text("PRAGMA quick_check(1)"));
  if (found == "ok") return absl::OkStatus();
  return MakeError(absl::StatusCode::kDataLoss, "STORE_CORRUPT",
                   absl::StrCat("the session store ", options.path, " is damaged: ", found));
}

}  // namespace

absl::StatusOr<std::unique_ptr<StoreFile>> StoreFile::Lock(const SqliteStoreOptions& options) {
  const std::string lock_path = options.path + ".lock";
  PENSTOCK_ASSIGN_OR_RETURN(const int lock, OpenOwned(lock_path));
  auto file = std::unique_ptr<StoreFile>(new StoreFile(options, lock));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Unusable(lock_path, "lock");
    return InUse(options.path, NotedHolder(lock));
  }
  NoteHolder(lock);
  // SQLite gives its log the mode of the database.
  PENSTOCK_ASSIGN_OR_RETURN(const int database, OpenOwned(options.path));
  close(database);
  const std::string log_path = options.path + "-wal";
  if (chmod(log_path.c_str(), kOwnerOnly) != 0 && errno != ENOENT) {
    return Unusable(log_path, "restrict to its owner");
  }
  return file;
}

StoreFile::~StoreFile() { close(lock_); }

absl::StatusOr<std::unique_ptr<SqliteDatabase>> StoreFile::Connect() const {
  PENSTOCK_RETURN_IF_ERROR(CheckLog(options_.path + "-wal"));
  PENSTOCK_ASSIGN_OR_RETURN(auto database, SqliteDatabase::Open(options_.path, options_.vfs));
  PENSTOCK_RETURN_IF_ERROR(database->Execute("PRAGMA locking_mode=EXCLUSIVE"));
  const absl::StatusOr<int64_t> version = CheckOwnership(*database, options_.path);
  if (version.status().code() == absl::StatusCode::kUnavailable &&
      ErrorMetadataOf(version.status())["sqlite_code"] == absl::StrCat(SQLITE_BUSY)) {
    database.reset();
    return InUse(options_.path, DatabaseHolder(options_.path));
  }
  if (!version.ok()) return version.status();
  PENSTOCK_RETURN_IF_ERROR(Configure(*database, options_));
  PENSTOCK_RETURN_IF_ERROR(UpgradeSchema(*database, *version));
  // A log that a crash left may hold commits that nobody has synchronized. From here on all that is
  // read is durable.
  PENSTOCK_RETURN_IF_ERROR(database->Execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  PENSTOCK_RETURN_IF_ERROR(CheckPages(*database, options_));
  return database;
}

}  // namespace penstock
