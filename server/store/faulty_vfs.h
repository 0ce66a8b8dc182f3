#ifndef PENSTOCK_SERVER_STORE_FAULTY_VFS_H_
#define PENSTOCK_SERVER_STORE_FAULTY_VFS_H_

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace penstock {

// For tests: a SQLite VFS over the default one whose writes and synchronizations fail on request,
// and that knows what a loss of power would leave. Registered under its name while it lives;
// databases must not outlive it. Thread-safe.
class FaultyVfs {
 public:
  explicit FaultyVfs(const std::string& name);
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  // From now on every write, or every synchronization, answers this code instead of being done;
  // SQLITE_OK: they work again.
  void FailWrites(int code) { FailWritesAfter(0, code); }
  void FailSyncs(int code) { sync_code_ = code; }

  // The same for writes, once `count` more of them have been done.
  void FailWritesAfter(int count, int code);

  // How many writes failed since then.
  int failed_writes() const { return failed_writes_; }

  // How many synchronizations there were.
  int syncs() const { return syncs_; }

  // What has been synchronized, by path: all that surely survives a loss of power. Files are at the
  // mercy of their last synchronization: what was written since is taken to be lost.
  using Files = std::map<std::string, std::string>;
  Files Durable() const;

  // A change of a file that has not been synchronized, in the order in which they were made. A loss
  // of power may leave any of them, and a part of any.
  struct Change {
    std::string path;
    int64_t offset = 0;
    std::string bytes;
    bool truncate = false;  // to `offset`; else `bytes` are written there
  };
  std::vector<Change> Pending() const;

  // Called before each synchronization, on the thread of the database.
  void BeforeSync(std::function<void()> hook);

 private:
  struct File;
  static int Open(sqlite3_vfs*, const char*, sqlite3_file*, int, int*);
  static int Delete(sqlite3_vfs*, const char*, int);
  static int Write(sqlite3_file*, const void*, int, sqlite3_int64);
  static int Truncate(sqlite3_file*, sqlite3_int64);
  static int Sync(sqlite3_file*, int);
  static const sqlite3_io_methods* Methods();

  void Synchronized(File& file);
  void Changed(File& file, int64_t offset, std::string bytes, bool truncate);
  bool FailsThisWrite();

  const std::string name_;
  sqlite3_vfs& real_;
  sqlite3_vfs vfs_;
  std::atomic<int> write_code_ = SQLITE_OK;
  std::atomic<int> writes_left_ = 0;  // before they fail
  std::atomic<int> failed_writes_ = 0;
  std::atomic<int> sync_code_ = SQLITE_OK;
  std::atomic<int> syncs_ = 0;

  mutable Mutex mutex_;  // guards what follows
  Files durable_ ABSL_GUARDED_BY(mutex_);
  std::vector<Change> pending_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> before_sync_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_FAULTY_VFS_H_
