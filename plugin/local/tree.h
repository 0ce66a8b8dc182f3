#ifndef PENSTOCK_PLUGIN_LOCAL_TREE_H_
#define PENSTOCK_PLUGIN_LOCAL_TREE_H_

#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "plugin/local/file.h"

namespace penstock::local {

// A directory tree. Paths are relative to its root, of components separated by "/" without "." and
// "..", and are resolved beneath the root only and never through a symbolic link: what is planted
// in the tree leads nowhere. Thread-safe; everything blocks.
class Tree {
 public:
  enum class Resolver {
    kKernel,    // openat2(2), since Linux 5.6
    kStepwise,  // one component at a time
  };

  // The tree beneath an existing directory (which may itself be reached through links); with
  // openat2 where the kernel has it. Makes durable what is there. INVALID_ARGUMENT:
  // BAD_REMOTE_OPTION.
  static absl::StatusOr<std::unique_ptr<Tree>> Open(const std::string& root);

  Tree(Fd root, Resolver resolver) : root_(std::move(root)), resolver_(resolver) {}

  // The directory at `path`; the root when it is empty. Errors of FileError, NOT_FOUND among them.
  absl::StatusOr<Fd> OpenDirectory(const std::string& path) const;

  // The same, made with those above it where they are missing. They are durable when it answers.
  absl::StatusOr<Fd> MakeDirectory(const std::string& path);

  int root() const { return root_.get(); }
  Resolver resolver() const { return resolver_; }

 private:
  absl::StatusOr<Fd> OpenStepwise(const std::string& path) const;
  absl::StatusOr<Fd> Enter(int parent, const std::string& path, const std::string& name);
  bool IsFresh(const std::string& path);

  const Fd root_;
  const Resolver resolver_;

  Mutex mutex_;  // guards what follows
  // Directories that somebody is making, and that are perhaps not durable yet.
  std::multiset<std::string> fresh_ ABSL_GUARDED_BY(mutex_);
};

// What stands before and behind the last "/" of a path; before it, nothing if there is none.
std::string ParentOf(const std::string& path);
std::string LeafOf(const std::string& path);

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_TREE_H_
