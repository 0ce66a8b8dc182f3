#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/source.h"

namespace penstock {
namespace {

absl::Status FileError(const std::string& path, const std::string& what, int error) {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  if (error == ENOENT || error == ENOTDIR) code = absl::StatusCode::kNotFound;
  if (error == EACCES || error == EPERM) code = absl::StatusCode::kPermissionDenied;
  return MakeError(code, "SOURCE_UNREADABLE",
                   absl::StrCat(what, " \"", path, "\": ", std::strerror(error)), {{"path", path}});
}

absl::StatusOr<FileIdentity> IdentityOf(const struct stat& status, const std::string& path) {
  if (S_ISDIR(status.st_mode)) {
    return MakeError(absl::StatusCode::kInvalidArgument, "IS_A_DIRECTORY",
                     absl::StrCat("expected a file, \"", path, "\" is a directory"),
                     {{"path", path}});
  }
  if (!S_ISREG(status.st_mode)) {
    return MakeError(absl::StatusCode::kInvalidArgument, "NOT_A_FILE",
                     absl::StrCat("\"", path, "\" is not a regular file; its content can be piped"),
                     {{"path", path}});
  }
  return FileIdentity{status.st_size, absl::TimeFromTimespec(status.st_mtim)};
}

class FileSource final : public Source {
 public:
  FileSource(std::string path, int fd, const FileIdentity& identity)
      : path_(std::move(path)), fd_(fd), identity_(identity) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { close(fd_); }

  std::optional<int64_t> size() const override { return identity_.size; }
  int64_t replay_buffer_bytes() const override { return 0; }

  absl::Status SeekTo(int64_t offset) override {
    offset_ = offset;
    return absl::OkStatus();
  }

  // A file that grew is read up to its first size only; CheckUnchanged tells.
  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override {
    const int64_t wanted =
        std::min<int64_t>(static_cast<int64_t>(capacity), identity_.size - offset_);
    if (wanted <= 0) return size_t{0};
    ssize_t count;
    do {
      count = pread(fd_, buffer, static_cast<size_t>(wanted), offset_);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return FileError(path_, "cannot read", errno);
    if (count == 0) return Changed(absl::StrCat("it now ends at ", offset_, " bytes"));
    offset_ += count;
    return static_cast<size_t>(count);
  }

  absl::Status CheckUnchanged() override {
    struct stat status {};
    if (fstat(fd_, &status) != 0) return FileError(path_, "cannot look at", errno);
    if (status.st_size != identity_.size) {
      return Changed(absl::StrCat("it now has ", status.st_size, " bytes"));
    }
    if (absl::TimeFromTimespec(status.st_mtim) != identity_.modified) {
      return Changed("it was written to meanwhile");
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Changed(const std::string& how) const {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SOURCE_CHANGED",
                     absl::StrCat("\"", path_, "\" had ", identity_.size,
                                  " bytes when the upload began; ", how, ": nothing was published"),
                     {{"path", path_}, {"size", absl::StrCat(identity_.size)}});
  }

  const std::string path_;
  const int fd_;
  const FileIdentity identity_;
  int64_t offset_ = 0;
};

class CallbackSource final : public Source {
 public:
  CallbackSource(std::function<absl::StatusOr<SourceReader>(int64_t)> open_at,
                 std::optional<int64_t> size)
      : open_at_(std::move(open_at)), size_(size) {}

  std::optional<int64_t> size() const override { return size_; }
  int64_t replay_buffer_bytes() const override { return 0; }

  absl::Status SeekTo(int64_t offset) override {
    if (reader_ != nullptr && offset == offset_) return absl::OkStatus();
    PENSTOCK_ASSIGN_OR_RETURN(reader_, open_at_(offset));
    offset_ = offset;
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override {
    if (reader_ == nullptr) PENSTOCK_RETURN_IF_ERROR(SeekTo(0));
    PENSTOCK_ASSIGN_OR_RETURN(const size_t count, reader_(buffer, capacity));
    offset_ += static_cast<int64_t>(count);
    return count;
  }

 private:
  const std::function<absl::StatusOr<SourceReader>(int64_t)> open_at_;
  const std::optional<int64_t> size_;
  SourceReader reader_;
  int64_t offset_ = 0;
};

}  // namespace

absl::StatusOr<FileIdentity> IdentifyFile(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return FileError(path, "cannot look at", errno);
  return IdentityOf(status, path);
}

absl::StatusOr<std::unique_ptr<Source>> OpenFileSource(const std::string& path) {
  // Opening a FIFO would wait for a writer: look first.
  PENSTOCK_RETURN_IF_ERROR(IdentifyFile(path).status());
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError(path, "cannot open", errno);
  struct stat status {};
  if (fstat(fd, &status) != 0) {
    const int error = errno;
    close(fd);
    return FileError(path, "cannot look at", error);
  }
  absl::StatusOr<FileIdentity> identity = IdentityOf(status, path);
  if (!identity.ok()) {
    close(fd);
    return identity.status();
  }
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::make_unique<FileSource>(path, fd, *identity);
}

std::unique_ptr<Source> MakeCallbackSource(
    std::function<absl::StatusOr<SourceReader>(int64_t)> open_at, std::optional<int64_t> size) {
  return std::make_unique<CallbackSource>(std::move(open_at), size);
}

}  // namespace penstock
