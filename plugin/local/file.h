#ifndef PENSTOCK_PLUGIN_LOCAL_FILE_H_
#define PENSTOCK_PLUGIN_LOCAL_FILE_H_

// Files by descriptor, with errors as statuses. Everything here blocks.

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace penstock::local {

// The reason of ENOENT. Callers know what is missing, and say so instead; where it comes through,
// somebody else has removed what must be there.
inline constexpr char kReasonNoSuchFile[] = "NO_SUCH_FILE";

// The error of a system call that failed with `error_number` while it was to `action` ("write a
// part"). ENOENT: NOT_FOUND, NO_SUCH_FILE. ENOSPC, EDQUOT: BACKEND_FULL. EACCES, EPERM, EROFS,
// ELOOP (a link where none is followed): BACKEND_DENIED. ENOTDIR, EISDIR, ENAMETOOLONG, EXDEV and
// their like: BACKEND_REJECTED, FAILED_PRECONDITION. Everything else (EIO, EMFILE, ...):
// BACKEND_UNAVAILABLE.
absl::Status FileError(int error_number, const std::string& action);

// `status` as that of a call that may have had its effect: every error becomes
// BACKEND_UNAVAILABLE.
absl::Status AsUnknownOutcome(const absl::Status& status);

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();

  int get() const { return fd_; }

  // Gives up ownership.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;  // -1: none
};

// The entry `name` of `directory`, never through a link. `flags` as of open(2).
absl::StatusOr<Fd> OpenEntry(int directory, const std::string& name, int flags,
                             const std::string& action);

// What `fd` is, or what stands under `name` (itself, if it is a link).
absl::StatusOr<struct stat> StatFile(int fd);
absl::StatusOr<struct stat> StatEntry(int directory, const std::string& name);

// Writes all of `data` at the file's position.
absl::Status WriteAll(int fd, std::string_view data);

// The whole file, at most `limit` bytes of it.
absl::StatusOr<std::string> ReadAll(int fd, size_t limit);

// Up to `count` bytes at `offset`; fewer only at the end of the file.
absl::StatusOr<std::string> ReadAt(int fd, int64_t offset, size_t count);

// Appends `count` bytes of `source`, from its beginning, at the position of `target`: shares blocks
// where the file system can, copies in the kernel where it can. DATA_LOSS when `source` is shorter.
absl::Status AppendFile(int source, int64_t count, int target);

// The CRC-64 of the first `size` bytes of `source`, or of all if they are fewer; writes them to
// `target` unless that is kNowhere.
inline constexpr int kNowhere = -1;
absl::StatusOr<uint64_t> ReadThrough(int source, int64_t size, int target);

// Makes `target` share all blocks of `source`. False where the file system cannot.
absl::StatusOr<bool> ShareBlocks(int source, int target);

// Whether `status` is of FileError with this number.
bool IsFileError(const absl::Status& status, int error_number);

// Makes a file's content, or a directory's entries, durable.
absl::Status Sync(int fd);

// The same for everything of the file system that `fd` is on.
absl::Status SyncFileSystem(int fd);

// Renames with `flags` of renameat2(2).
absl::Status Rename(int from, const std::string& from_name, int to, const std::string& to_name,
                    unsigned flags, const std::string& action);

// The names in a directory without "." and "..", in no order.
absl::StatusOr<std::vector<std::string>> ListDirectory(int directory);

enum class EntryType { kFile, kDirectory, kOther };  // a link is of the last

// Shows the entries of a directory without "." and ".." to `visit`, in no order, until it answers
// false.
absl::Status VisitDirectory(int directory,
                            absl::FunctionRef<bool(const std::string&, EntryType)> visit);

// When `name`, or what it leads to, was made; nullopt where the file system does not tell.
std::optional<absl::Time> BirthTime(int directory, const std::string& name);

// Removes `name` and everything beneath it, as far as it can: for garbage.
void RemoveAll(int directory, const std::string& name);

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_FILE_H_
