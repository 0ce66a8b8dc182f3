#include "plugin/local/tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace penstock::local {
namespace {

constexpr char kAction[] = "open a directory";

int OpenBeneath(int root, const char* path) {
  open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  int fd;
  do {
    fd = static_cast<int>(syscall(SYS_openat2, root, path, &how, sizeof(how)));
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  return fd;
}

// One step down. A link answers ELOOP, as openat2 does.
absl::StatusOr<Fd> Descend(int parent, const std::string& name) {
  absl::StatusOr<Fd> fd = OpenEntry(parent, name, O_RDONLY | O_DIRECTORY, kAction);
  if (fd.ok() || absl::IsNotFound(fd.status())) return fd;
  const absl::StatusOr<struct stat> entry = StatEntry(parent, name);
  if (entry.ok() && S_ISLNK(entry->st_mode)) return FileError(ELOOP, kAction);
  return fd;
}

std::vector<std::string> Components(const std::string& path) {
  return absl::StrSplit(path, '/', absl::SkipEmpty());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tree>> Tree::Open(const std::string& root) {
  Fd fd(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) {
    return MakeError(absl::StatusCode::kInvalidArgument, "BAD_REMOTE_OPTION",
                     absl::StrCat("backend \"local\": option \"root\" must be an existing "
                                  "directory: ",
                                  FileError(errno, "open it").message()),
                     {{"backend", "local"}, {"option", "root"}});
  }
  // A process that died between a change and its sync leaves what can be seen but is not durable.
  PENSTOCK_RETURN_IF_ERROR(SyncFileSystem(fd.get()));
  // Kernels before 5.6 have no openat2, and some containers forbid what they do not know.
  const bool has_openat2 = Fd(OpenBeneath(fd.get(), ".")).get() >= 0;
  return std::make_unique<Tree>(std::move(fd),
                                has_openat2 ? Resolver::kKernel : Resolver::kStepwise);
}

absl::StatusOr<Fd> Tree::OpenDirectory(const std::string& path) const {
  if (resolver_ == Resolver::kStepwise) return OpenStepwise(path);
  Fd fd(OpenBeneath(root_.get(), path.empty() ? "." : path.c_str()));
  if (fd.get() < 0) return FileError(errno, kAction);
  return fd;
}

absl::StatusOr<Fd> Tree::OpenStepwise(const std::string& path) const {
  PENSTOCK_ASSIGN_OR_RETURN(Fd fd, Descend(root_.get(), "."));
  for (const std::string& name : Components(path)) {
    PENSTOCK_ASSIGN_OR_RETURN(fd, Descend(fd.get(), name));
  }
  return fd;
}

absl::StatusOr<Fd> Tree::MakeDirectory(const std::string& path) {
  absl::StatusOr<Fd> found = OpenDirectory(path);
  if (found.ok() ? !IsFresh(path) : !absl::IsNotFound(found.status())) return found;
  PENSTOCK_ASSIGN_OR_RETURN(Fd fd, Descend(root_.get(), "."));
  std::string reached;
  for (const std::string& name : Components(path)) {
    absl::StrAppend(&reached, reached.empty() ? "" : "/", name);
    PENSTOCK_ASSIGN_OR_RETURN(fd, Enter(fd.get(), reached, name));
  }
  return fd;
}

// Makes the directory `name`, whose path is `path`, in `parent` if it is not there.
absl::StatusOr<Fd> Tree::Enter(int parent, const std::string& path, const std::string& name) {
  absl::StatusOr<Fd> found = Descend(parent, name);
  if (found.ok() ? !IsFresh(path) : !absl::IsNotFound(found.status())) return found;
  std::multiset<std::string>::iterator entry;
  {
    // Before it can be seen: whoever sees it then knows that it has to sync the parent itself.
    MutexLock lock(&mutex_);
    entry = fresh_.insert(path);
  }
  absl::Status made;
  if (mkdirat(parent, name.c_str(), 0777) != 0 && errno != EEXIST) {
    made = FileError(errno, "make a directory");
  }
  if (made.ok()) made = Sync(parent);
  {
    MutexLock lock(&mutex_);
    fresh_.erase(entry);
  }
  PENSTOCK_RETURN_IF_ERROR(made);
  return Descend(parent, name);
}

// Whether the directory at `path`, or one above it, is being made.
bool Tree::IsFresh(const std::string& path) {
  MutexLock lock(&mutex_);
  if (fresh_.empty()) return false;
  for (size_t end = path.find('/'); end != path.npos; end = path.find('/', end + 1)) {
    if (fresh_.contains(path.substr(0, end))) return true;
  }
  return fresh_.contains(path);
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

std::string LeafOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);  // all of it when there is none
}

}  // namespace penstock::local
