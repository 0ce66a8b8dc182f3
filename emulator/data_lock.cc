#include "emulator/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "absl/time/clock.h"

namespace penstock::emulator {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(10);

std::system_error LockError(const std::filesystem::path& directory) {
  return {errno, std::generic_category(), "cannot lock the data directory " + directory.string()};
}

int OpenLockFile(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  const int fd = ::open((directory / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) throw LockError(directory);
  return fd;
}

}  // namespace

// What is thrown below ends a whole object, whose destructor closes the file.
DataLock::DataLock(const std::filesystem::path& directory, absl::Duration patience)
    : DataLock(OpenLockFile(directory)) {
  for (; ::flock(fd_, LOCK_EX | LOCK_NB) != 0; patience -= kPause) {
    if (errno != EWOULDBLOCK) throw LockError(directory);
    if (patience <= absl::ZeroDuration()) {
      throw std::runtime_error("the data directory " + directory.string() +
                               " is in use by another emulator: it belongs to one at a time");
    }
    absl::SleepFor(kPause);
  }
}

DataLock::~DataLock() { ::close(fd_); }

}  // namespace penstock::emulator
