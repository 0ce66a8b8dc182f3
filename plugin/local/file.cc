#include "plugin/local/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/backend.h"

namespace penstock::local {
namespace {

using Code = absl::StatusCode;

constexpr absl::Duration kFullRetryDelay = absl::Seconds(30);
constexpr absl::Duration kRetryDelay = absl::Seconds(1);

// Runs a system call again for as long as signals interrupt it.
template <typename Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Whether copy_file_range cannot serve these two files, though reading and writing can.
bool CannotCopyInKernel(int error_number) {
  return error_number == EXDEV || error_number == EINVAL || error_number == ENOSYS ||
         error_number == EOPNOTSUPP;
}

absl::Status TooShort(int64_t missing) {
  return MakeError(Code::kDataLoss, kReasonChecksumMismatch,
                   absl::StrCat("local: a stored part ends ", missing,
                                " bytes early; something else has changed it"),
                   {{"missing", absl::StrCat(missing)}});
}

absl::Status CopyByHand(int source, int64_t offset, int64_t count, int target) {
  constexpr int64_t kBlock = 1 << 20;
  while (count > 0) {
    PENSTOCK_ASSIGN_OR_RETURN(const std::string block,
                              ReadAt(source, offset, static_cast<size_t>(std::min(count, kBlock))));
    if (block.empty()) return TooShort(count);
    PENSTOCK_RETURN_IF_ERROR(WriteAll(target, block));
    offset += static_cast<int64_t>(block.size());
    count -= static_cast<int64_t>(block.size());
  }
  return absl::OkStatus();
}

EntryType TypeOf(int directory, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG:
      return EntryType::kFile;
    case DT_DIR:
      return EntryType::kDirectory;
    case DT_UNKNOWN: {  // some file systems do not tell it here
      const absl::StatusOr<struct stat> found = StatEntry(directory, entry.d_name);
      if (found.ok() && S_ISREG(found->st_mode)) return EntryType::kFile;
      if (found.ok() && S_ISDIR(found->st_mode)) return EntryType::kDirectory;
      return EntryType::kOther;
    }
    default:
      return EntryType::kOther;
  }
}

}  // namespace

absl::Status FileError(int error_number, const std::string& action) {
  const std::string message =
      absl::StrCat("local: could not ", action, ": ", std::generic_category().message(error_number),
                   " (errno ", error_number, ")");
  const ErrorMetadata metadata = {{"errno", absl::StrCat(error_number)}};
  switch (error_number) {
    case ENOENT:
      return MakeError(Code::kNotFound, kReasonNoSuchFile, message, metadata);
    case ENOSPC:
    case EDQUOT:
      return MakeError(Code::kResourceExhausted, kReasonBackendFull, message, metadata,
                       kFullRetryDelay);
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
      return MakeError(Code::kPermissionDenied, kReasonDenied, message, metadata);
    case EEXIST:
    case EFBIG:
    case EINVAL:
    case EISDIR:
    case ENAMETOOLONG:
    case ENOTDIR:
    case ENOTEMPTY:
    case ENXIO:
    case EXDEV:
      return MakeError(Code::kFailedPrecondition, kReasonRejected, message, metadata);
    default:
      return MakeError(Code::kUnavailable, kReasonUnavailable, message, metadata, kRetryDelay);
  }
}

absl::Status AsUnknownOutcome(const absl::Status& status) {
  if (status.ok()) return status;
  return MakeError(Code::kUnavailable, kReasonUnavailable, std::string(status.message()),
                   ErrorMetadataOf(status), kRetryDelay);
}

Fd& Fd::operator=(Fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<Fd> OpenEntry(int directory, const std::string& name, int flags,
                             const std::string& action) {
  Fd fd(Uninterrupted(
      [&] { return openat(directory, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, 0666); }));
  if (fd.get() < 0) return FileError(errno, action);
  return fd;
}

absl::StatusOr<struct stat> StatFile(int fd) {
  struct stat result;
  if (fstat(fd, &result) != 0) return FileError(errno, "look at an open file");
  return result;
}

absl::StatusOr<struct stat> StatEntry(int directory, const std::string& name) {
  struct stat result;
  if (fstatat(directory, name.c_str(), &result, AT_SYMLINK_NOFOLLOW) != 0) {
    return FileError(errno, "look at a file");
  }
  return result;
}

absl::Status WriteAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = Uninterrupted([&] { return write(fd, data.data(), data.size()); });
    if (written < 0) return FileError(errno, "write a file");
    data.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAll(int fd, size_t limit) { return ReadAt(fd, 0, limit); }

absl::StatusOr<std::string> ReadAt(int fd, int64_t offset, size_t count) {
  std::string data;
  while (data.size() < count) {
    constexpr size_t kStep = 1 << 20;
    const size_t before = data.size();
    data.resize(std::min(count, before + kStep));
    const ssize_t got = Uninterrupted([&] {
      return pread(fd, data.data() + before, data.size() - before,
                   offset + static_cast<int64_t>(before));
    });
    if (got < 0) return FileError(errno, "read a file");
    data.resize(before + static_cast<size_t>(got));
    if (got == 0) break;
  }
  return data;
}

absl::Status AppendFile(int source, int64_t count, int target) {
  off_t offset = 0;
  while (offset < count) {
    const ssize_t copied = Uninterrupted([&] {
      return copy_file_range(source, &offset, target, nullptr, static_cast<size_t>(count - offset),
                             0);
    });
    if (copied < 0 && CannotCopyInKernel(errno)) {
      return CopyByHand(source, offset, count - offset, target);
    }
    if (copied < 0) return FileError(errno, "copy a part");
    if (copied == 0) return TooShort(count - offset);
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> ReadThrough(int source, int64_t size, int target) {
  constexpr int64_t kBlock = 1 << 20;
  uint64_t crc64 = 0;
  for (int64_t offset = 0; offset < size;) {
    PENSTOCK_ASSIGN_OR_RETURN(
        const std::string block,
        ReadAt(source, offset, static_cast<size_t>(std::min(kBlock, size - offset))));
    if (block.empty()) break;
    crc64 = ExtendCrc64(crc64, block);
    if (target != kNowhere) PENSTOCK_RETURN_IF_ERROR(WriteAll(target, block));
    offset += std::ssize(block);
  }
  return crc64;
}

absl::StatusOr<bool> ShareBlocks(int source, int target) {
  if (Uninterrupted([&] { return ioctl(target, FICLONE, source); }) == 0) return true;
  if (CannotCopyInKernel(errno) || errno == ENOTTY) return false;
  return FileError(errno, "copy an object");
}

bool IsFileError(const absl::Status& status, int error_number) {
  const ErrorMetadata metadata = ErrorMetadataOf(status);
  const auto it = metadata.find("errno");
  return it != metadata.end() && it->second == absl::StrCat(error_number);
}

absl::Status Sync(int fd) {
  if (Uninterrupted([&] { return fsync(fd); }) != 0) return FileError(errno, "sync a file");
  return absl::OkStatus();
}

absl::Status SyncFileSystem(int fd) {
  if (syncfs(fd) != 0) return FileError(errno, "sync a file system");
  return absl::OkStatus();
}

absl::Status Rename(int from, const std::string& from_name, int to, const std::string& to_name,
                    unsigned flags, const std::string& action) {
  if (renameat2(from, from_name.c_str(), to, to_name.c_str(), flags) != 0) {
    return FileError(errno, action);
  }
  return absl::OkStatus();
}

absl::Status VisitDirectory(int directory,
                            absl::FunctionRef<bool(const std::string&, EntryType)> visit) {
  // A descriptor of its own, for the position is the descriptor's.
  PENSTOCK_ASSIGN_OR_RETURN(Fd fd,
                            OpenEntry(directory, ".", O_RDONLY | O_DIRECTORY, "list a directory"));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(fd.get()), closedir);
  if (stream == nullptr) return FileError(errno, "list a directory");
  fd.Release();
  std::string name;
  errno = 0;
  while (const dirent* entry = readdir(stream.get())) {
    name = entry->d_name;
    if (name != "." && name != ".." && !visit(name, TypeOf(directory, *entry))) {
      return absl::OkStatus();
    }
    errno = 0;
  }
  if (errno != 0) return FileError(errno, "list a directory");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ListDirectory(int directory) {
  std::vector<std::string> names;
  PENSTOCK_RETURN_IF_ERROR(VisitDirectory(directory, [&names](const std::string& name, EntryType) {
    names.push_back(name);
    return true;
  }));
  return names;
}

std::optional<absl::Time> BirthTime(int directory, const std::string& name) {
  struct statx entry;
  if (statx(directory, name.c_str(), 0, STATX_BTIME, &entry) != 0 ||
      (entry.stx_mask & STATX_BTIME) == 0) {
    return std::nullopt;
  }
  return absl::FromUnixSeconds(entry.stx_btime.tv_sec) + absl::Nanoseconds(entry.stx_btime.tv_nsec);
}

void RemoveAll(int directory, const std::string& name) {
  if (unlinkat(directory, name.c_str(), 0) == 0) return;
  const absl::StatusOr<Fd> inner =
      OpenEntry(directory, name, O_RDONLY | O_DIRECTORY, "remove a directory");
  if (!inner.ok()) return;
  const absl::StatusOr<std::vector<std::string>> entries = ListDirectory(inner->get());
  if (!entries.ok()) return;
  for (const std::string& entry : *entries) RemoveAll(inner->get(), entry);
  unlinkat(directory, name.c_str(), AT_REMOVEDIR);
}

}  // namespace penstock::local
