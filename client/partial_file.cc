#include "client/partial_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace penstock {
namespace {

namespace fs = std::filesystem;

constexpr char kSuffix[] = ".partial";
constexpr size_t kDigestBytes = 8;
constexpr size_t kDigestLength = 2 * kDigestBytes;
// What of the target's name stands in the partial file's, so that no file system finds it too long.
constexpr size_t kMaxNameLength = 200;

fs::path FolderOf(const std::string& target) {
  const fs::path folder = fs::path(target).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

std::string PrefixFor(const std::string& target) {
  return absl::StrCat(".", ClipText(fs::path(target).filename().string(), kMaxNameLength), ".");
}

std::string Digest(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr);
  return absl::BytesToHexString(std::string(reinterpret_cast<const char*>(digest), kDigestBytes));
}

absl::Status Busy(const std::string& path) {
  return MakeError(absl::StatusCode::kAborted, "TARGET_BUSY",
                   absl::StrCat("another process writes to \"", path, "\" now"), {{"path", path}});
}

absl::Status Foreign(const std::string& path) {
  return MakeError(absl::StatusCode::kPermissionDenied, "TARGET_UNWRITABLE",
                   absl::StrCat("\"", path, "\" is no regular file of this user: it is not used"),
                   {{"path", path}});
}

absl::Status Exists(const std::string& target) {
  return MakeError(absl::StatusCode::kAlreadyExists, "TARGET_EXISTS",
                   absl::StrCat("\"", target, "\" exists, and must not be overwritten"),
                   {{"path", target}});
}

// Whether `fd` still is what `path` names: whoever had it locked before may have removed it.
bool IsStillThere(int fd, const std::string& path, struct stat& status) {
  struct stat named {};
  return fstat(fd, &status) == 0 && lstat(path.c_str(), &named) == 0 &&
         status.st_ino == named.st_ino && status.st_dev == named.st_dev;
}

absl::Status SyncFolder(const std::string& target) {
  const std::string folder = FolderOf(target).string();
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return TargetError("cannot open", folder, errno);
  const int result = fsync(fd);
  const int error = errno;
  close(fd);
  return result == 0 ? absl::OkStatus() : TargetError("cannot make durable", folder, error);
}

bool IsLeftover(const std::string& name, const std::string& prefix) {
  if (!absl::StartsWith(name, prefix) || !absl::EndsWith(name, kSuffix)) return false;
  if (name.size() != prefix.size() + kDigestLength + sizeof kSuffix - 1) return false;
  return name.find_first_not_of("0123456789abcdef", prefix.size()) == prefix.size() + kDigestLength;
}

}  // namespace

std::string PartialPathFor(const std::string& target, const ObjectRange& range) {
  const v1::StoredObject& object = range.object;
  const std::string identity =
      absl::StrCat(object.remote(), "\n", object.bucket(), "\n", object.key(), "\n", object.etag(),
                   "\n", object.size(), "\n", range.offset, "\n", range.length);
  const std::string name = absl::StrCat(PrefixFor(target), Digest(identity), kSuffix);
  return (fs::path(target).parent_path() / name).string();
}

absl::Status TargetError(const std::string& what, const std::string& path, int error) {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  if (error == ENOENT || error == ENOTDIR) code = absl::StatusCode::kNotFound;
  if (error == EACCES || error == EPERM || error == EROFS) {
    code = absl::StatusCode::kPermissionDenied;
  }
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    code = absl::StatusCode::kResourceExhausted;
  }
  return MakeError(code, "TARGET_UNWRITABLE",
                   absl::StrCat(what, " \"", path, "\": ", std::strerror(error)), {{"path", path}});
}

absl::StatusOr<std::unique_ptr<PartialFile>> PartialFile::Open(const std::string& path) {
  while (true) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (fd < 0 && errno == ELOOP) return Foreign(path);
    if (fd < 0) return TargetError("cannot write to", path, errno);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      close(fd);
      return error == EWOULDBLOCK ? Busy(path) : TargetError("cannot lock", path, error);
    }
    struct stat status {};
    if (!IsStillThere(fd, path, status)) {
      close(fd);
      continue;
    }
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_nlink != 1) {
      close(fd);
      return Foreign(path);
    }
    return std::unique_ptr<PartialFile>(new PartialFile(path, fd, status.st_size));
  }
}

PartialFile::PartialFile(std::string path, int fd, int64_t size)
    : path_(std::move(path)), fd_(fd), size_(size) {}

PartialFile::~PartialFile() { close(fd_); }

absl::StatusOr<size_t> PartialFile::Read(int64_t offset, char* buffer, size_t capacity) const {
  ssize_t count;
  do {
    count = pread(fd_, buffer, capacity, offset);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return TargetError("cannot read", path_, errno);
  return static_cast<size_t>(count);
}

absl::Status PartialFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(fd_, bytes.data(), bytes.size(), size_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return TargetError("cannot write to", path_, errno);
    size_ += count;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

absl::Status PartialFile::Clear() {
  if (ftruncate(fd_, 0) != 0) return TargetError("cannot clear", path_, errno);
  size_ = 0;
  return absl::OkStatus();
}

absl::Status PartialFile::Publish(const std::string& target, absl::Time modified,
                                  bool forbid_overwrite) {
  if (modified != absl::InfinitePast()) {
    const timespec times[2] = {{0, UTIME_OMIT}, absl::ToTimespec(modified)};
    if (futimens(fd_, times) != 0) return TargetError("cannot set the time of", path_, errno);
  }
  // The name must never come to a file whose bytes are still on their way to the disk.
  if (fsync(fd_) != 0) return TargetError("cannot make durable", path_, errno);
  const unsigned flags = forbid_overwrite ? RENAME_NOREPLACE : 0;
  if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), flags) != 0) {
    if (errno == EEXIST) return Exists(target);
    return TargetError("cannot rename the complete file to", target, errno);
  }
  return SyncFolder(target);
}

void PartialFile::Remove() { unlink(path_.c_str()); }

void RemoveLeftovers(const std::string& target) {
  const std::string prefix = PrefixFor(target);
  std::error_code error;
  for (fs::directory_iterator it(FolderOf(target), error), end; !error && it != end;
       it.increment(error)) {
    if (!IsLeftover(it->path().filename().string(), prefix)) continue;
    const auto file = PartialFile::Open(it->path().string());
    if (file.ok()) (*file)->Remove();
  }
}

}  // namespace penstock
