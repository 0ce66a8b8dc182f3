#ifndef PENSTOCK_EMULATOR_DATA_LOCK_H_
#define PENSTOCK_EMULATOR_DATA_LOCK_H_

#include <filesystem>

#include "absl/time/time.h"

namespace penstock::emulator {

// Keeps a data directory to one emulator at a time: a lock on its file `.lock`, which no bucket can
// be called and which stays. It ends with this or with the process, however that dies.
class DataLock {
 public:
  // Makes the directory if need be. Waits up to `patience` for an emulator that has the lock: one
  // that dies with its parent is still there for a moment. Throws std::exception that names the
  // directory when it is in use or cannot be locked.
  DataLock(const std::filesystem::path& directory, absl::Duration patience);
  ~DataLock();
  DataLock(const DataLock&) = delete;
  DataLock& operator=(const DataLock&) = delete;

 private:
  explicit DataLock(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_DATA_LOCK_H_
