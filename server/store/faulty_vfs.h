#ifndef PENSTOCK_SERVER_STORE_FAULTY_VFS_H_
#define PENSTOCK_SERVER_STORE_FAULTY_VFS_H_

#include <sqlite3.h>

#include <atomic>
#include <functional>
#include <map>
#include <string>

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
  void FailWrites(int code) { write_code_ = code; }
  void FailSyncs(int code) { sync_code_ = code; }

  // How many synchronizations there were.
  int syncs() const { return syncs_; }

  // What has been synchronized, by path: all that surely survives a loss of power. Files are at the
  // mercy of their last synchronization: what was written since is taken to be lost.
  using Files = std::map<std::string, std::string>;
  Files Durable() const;

  // Called before each synchronization, on the thread of the database.
  void BeforeSync(std::function<void()> hook);

 private:
  struct File;
  static int Open(sqlite3_vfs*, const char*, sqlite3_file*, int, int*);
  static int Delete(sqlite3_vfs*, const char*, int);
  static int Write(sqlite3_file*, const void*, int, sqlite3_int64);
  static int Sync(sqlite3_file*, int);
  static const sqlite3_io_methods* Methods();

  void Synchronized(File& file);

  const std::string name_;
  sqlite3_vfs& real_;
  sqlite3_vfs vfs_;
  std::atomic<int> write_code_ = SQLITE_OK;
  std::atomic<int> sync_code_ = SQLITE_OK;
  std::atomic<int> syncs_ = 0;

  mutable Mutex mutex_;  // guards what follows
  Files durable_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> before_sync_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_FAULTY_VFS_H_
