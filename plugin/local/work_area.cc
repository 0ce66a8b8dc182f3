#include "plugin/local/work_area.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "plugin/local/layout.h"

namespace penstock::local {

TemporaryFile::~TemporaryFile() {
  // Once moved from, or once renamed, there is nothing of this name.
  if (!name_.empty()) unlinkat(directory_, name_.c_str(), 0);
}

absl::StatusOr<std::unique_ptr<WorkArea>> WorkArea::Open(Tree& tree, RandomSource& random) {
  PENSTOCK_ASSIGN_OR_RETURN(const Fd parent, tree.MakeDirectory(kTemporaryDirectory));
  PENSTOCK_ASSIGN_OR_RETURN(const std::vector<std::string> found, ListDirectory(parent.get()));
  for (const std::string& name : found) Clear(tree, parent.get(), name);

  const std::string name = ToHex(random.Bytes(16));
  PENSTOCK_ASSIGN_OR_RETURN(Fd directory, Lock(parent.get(), name));
  return std::make_unique<WorkArea>(tree, std::move(directory),
                                    absl::StrCat(kTemporaryDirectory, "/", name));
}

// Makes a directory and locks it. Whoever clears at the same time may come in between and take it
// for a dead one's: then again.
absl::StatusOr<Fd> WorkArea::Lock(int parent, const std::string& name) {
  constexpr char kAction[] = "make a temporary directory";
  constexpr int kMostAttempts = 10;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    if (mkdirat(parent, name.c_str(), 0777) != 0 && errno != EEXIST) {
      return FileError(errno, kAction);
    }
    absl::StatusOr<Fd> directory = OpenEntry(parent, name, O_RDONLY | O_DIRECTORY, kAction);
    if (absl::IsNotFound(directory.status())) continue;
    PENSTOCK_RETURN_IF_ERROR(directory.status());
    if (flock(directory->get(), LOCK_EX) != 0) return FileError(errno, "lock a directory");
    PENSTOCK_ASSIGN_OR_RETURN(const struct stat locked, StatFile(directory->get()));
    const absl::StatusOr<struct stat> named = StatEntry(parent, name);
    if (named.ok() && named->st_ino == locked.st_ino) return directory;
  }
  return FileError(EBUSY, kAction);
}

// Clears what a dead process left. A lock says that it is alive; the kernel drops it with it.
void WorkArea::Clear(Tree& tree, int parent, const std::string& name) {
  const absl::StatusOr<Fd> directory =
      OpenEntry(parent, name, O_RDONLY | O_DIRECTORY, "clear a temporary directory");
  if (!directory.ok() || flock(directory->get(), LOCK_EX | LOCK_NB) != 0) return;
  const absl::StatusOr<std::vector<std::string>> entries = ListDirectory(directory->get());
  if (!entries.ok()) return;
  for (const std::string& entry : *entries) {
    if (ParseTemporaryName(entry).has_value()) {
      DiscardObjectFile(tree, directory->get(), entry);
    } else {
      RemoveAll(directory->get(), entry);
    }
  }
  unlinkat(parent, name.c_str(), AT_REMOVEDIR);
}

WorkArea::~WorkArea() {
  const absl::StatusOr<Fd> parent = tree_.OpenDirectory(ParentOf(path_));
  if (parent.ok()) RemoveAll(parent->get(), LeafOf(path_));
}

absl::StatusOr<TemporaryFile> WorkArea::NewFile(const std::string& name) {
  PENSTOCK_ASSIGN_OR_RETURN(
      Fd fd, OpenEntry(directory(), name, O_RDWR | O_CREAT | O_EXCL, "make a temporary file"));
  return TemporaryFile(std::move(fd), directory(), name);
}

absl::StatusOr<TemporaryFile> WorkArea::NewFile(const std::string& name,
                                                const std::string& content) {
  PENSTOCK_ASSIGN_OR_RETURN(TemporaryFile file, NewFile(name));
  PENSTOCK_RETURN_IF_ERROR(WriteAll(file.fd(), content));
  PENSTOCK_RETURN_IF_ERROR(Sync(file.fd()));
  return file;
}

void DiscardObjectFile(Tree& tree, int directory, const std::string& name) {
  const std::optional<TemporaryObject> object = ParseTemporaryName(name);
  const absl::StatusOr<struct stat> file = StatEntry(directory, name);
  if (object.has_value() && file.ok()) {
    const absl::StatusOr<Fd> records =
        tree.OpenDirectory(RecordDirectory(object->bucket, object->key_hash));
    if (records.ok()) {
      unlinkat(records->get(), RecordName(object->key_hash, *file).c_str(), 0);
    }
  }
  unlinkat(directory, name.c_str(), 0);
}

}  // namespace penstock::local
