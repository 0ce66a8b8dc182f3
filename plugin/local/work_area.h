#ifndef PENSTOCK_PLUGIN_LOCAL_WORK_AREA_H_
#define PENSTOCK_PLUGIN_LOCAL_WORK_AREA_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/random.h"
#include "plugin/local/file.h"
#include "plugin/local/tree.h"

namespace penstock::local {

// A file that is gone with its owner, unless it was moved elsewhere first.
class TemporaryFile {
 public:
  TemporaryFile(Fd fd, int directory, std::string name)
      : fd_(std::move(fd)), directory_(directory), name_(std::move(name)) {}
  TemporaryFile(TemporaryFile&& other) noexcept
      : fd_(std::move(other.fd_)),
        directory_(other.directory_),
        name_(std::exchange(other.name_, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  int fd() const { return fd_.get(); }
  int directory() const { return directory_; }
  const std::string& name() const { return name_; }

 private:
  Fd fd_;
  int directory_;  // borrowed
  std::string name_;
};

// The directory beneath a tree where one process prepares what it then publishes by renaming, and
// takes to pieces what it has removed. Its content means nothing to anybody else. It is locked
// while the process lives; the next one to open the tree clears what dead ones left. Thread-safe.
class WorkArea {
 public:
  // Makes one, and clears those of dead processes. `tree` must outlive it.
  static absl::StatusOr<std::unique_ptr<WorkArea>> Open(Tree& tree, RandomSource& random);

  // Use Open.
  WorkArea(Tree& tree, Fd directory, std::string path)
      : tree_(tree), directory_(std::move(directory)), path_(std::move(path)) {}
  ~WorkArea();
  WorkArea(const WorkArea&) = delete;
  WorkArea& operator=(const WorkArea&) = delete;

  int directory() const { return directory_.get(); }

  // Differs from all others of this process.
  std::string NewSerial() { return std::to_string(next_serial_++); }

  // An empty file, open to read and write. It must not outlive the work area.
  absl::StatusOr<TemporaryFile> NewFile(const std::string& name);

  // A new file with `content`, durable but for its name.
  absl::StatusOr<TemporaryFile> NewFile(const std::string& name, const std::string& content);

 private:
  static absl::StatusOr<Fd> Lock(int parent, const std::string& name);
  static void Clear(Tree& tree, int parent, const std::string& name);

  Tree& tree_;
  const Fd directory_;  // locked
  const std::string path_;
  std::atomic<int64_t> next_serial_ = 1;
};

// Removes the record of an object's file that is no longer (or never was) the object, and the file:
// `name` in `directory`, as TemporaryName made it. As far as it can; what stays is garbage.
void DiscardObjectFile(Tree& tree, int directory, const std::string& name);

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_WORK_AREA_H_
