#ifndef PENSTOCK_PLUGIN_LOCAL_OBJECT_FILES_H_
#define PENSTOCK_PLUGIN_LOCAL_OBJECT_FILES_H_

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "plugin/local/layout.h"
#include "plugin/local/record.h"
#include "plugin/local/tree.h"
#include "plugin/local/work_area.h"

namespace penstock::local {

// The published objects of a tree: files of exactly their bytes, each with a record elsewhere.
//
// One rename publishes both. An object file's time of modification (in ns) and size name its
// record, and of one key no two records have the same name: a new record is only linked where there
// is none, and takes a later time otherwise. So the record is written first, then the file of its
// time replaces the old one, then the old record goes. A reader opens the file, takes the record of
// its time and size, and looks whether the file is still the one; if not, it begins again. A file
// that somebody else wrote or changed has no record: it is an object without mark and CRC-64.
//
// Attributes are changed by a new record of the same name, in place of the old one: the file stays
// as it is, so that nothing has to be copied and no other's put can be undone. If the object was
// replaced meanwhile, its old record is gone too, and nothing is changed; if it goes just then, the
// change came before. (A record's name would have to be taken again, to the nanosecond, during one
// call for this to go wrong.)
//
// Thread-safe, also between processes; everything blocks. No locks.
class ObjectFiles {
 public:
  // All must outlive it.
  ObjectFiles(Tree& tree, WorkArea& work, const Clock& clock)
      : tree_(tree), work_(work), clock_(clock) {}

  // OBJECT_EXISTS.
  static absl::Status ObjectExists();

  // A file to write an object's bytes to.
  absl::StatusOr<TemporaryFile> NewFile(const ObjectName& object);

  // Makes `file` (of NewFile, with all its bytes) the object, in place of what is there, with
  // `record`, whose size and CRC-64 are the file's. Durable when it answers. OBJECT_EXISTS with
  // `forbid_overwrite`. REQUIRES: the bucket's directory exists.
  absl::StatusOr<ObjectStat> Publish(TemporaryFile file, const ObjectRecord& record,
                                     bool forbid_overwrite);

  // The object that is there, which is durable then. NO_SUCH_OBJECT.
  absl::StatusOr<ObjectStat> Stat(const ObjectName& object) const;

  // The same for the file `leaf` in its directory, which the caller syncs: the object is durable
  // then.
  absl::StatusOr<ObjectStat> StatUnsynced(int parent, const std::string& leaf,
                                          const ObjectName& object) const;

  // Bytes and stat of one object; it need not be durable. As ObjectAccess::Read.
  absl::StatusOr<ObjectBytes> Read(const ObjectName& object, int64_t offset, int64_t length,
                                   const std::string& etag) const;

  // OK when there is none.
  absl::Status Delete(const ObjectName& object);

  // Removes all of them, with one sync of each directory. Tells the outcome of each.
  std::vector<absl::Status> Delete(const std::vector<ObjectName>& objects);

  // As ObjectAccess::Copy. Shares blocks where the file system can; otherwise compares the bytes
  // with the CRC-64 while they are copied. The copy of a file of somebody else is an object like
  // any other. REQUIRES: the bucket of `target` exists.
  absl::StatusOr<ObjectStat> Copy(const ObjectName& source, const std::string& etag,
                                  const ObjectName& target,
                                  const std::optional<ObjectAttributes>& attributes);

  // As ObjectAccess::SetAttributes. A file of somebody else has to be read for its CRC-64, and is
  // an object like any other then.
  absl::StatusOr<ObjectStat> SetAttributes(const ObjectName& object, const std::string& etag,
                                           const ObjectAttributes& attributes);

 private:
  // An object's file, and what was there when it was opened.
  struct OpenObject {
    Fd file;
    struct stat status = {};
    std::optional<ObjectRecord> record = {};

    ObjectStat Stat() const;
    absl::Status CheckEtag(const std::string& etag) const;  // OBJECT_CHANGED
    bool Is(const absl::StatusOr<struct stat>& now) const;
  };

  // How often to begin again when others change the same object meanwhile.
  static constexpr int kMostAttempts = 1000;

  static absl::Status TooBusy();
  absl::StatusOr<Fd> OpenParent(const ObjectName& object) const;
  absl::StatusOr<OpenObject> Open(int parent, const std::string& leaf, const ObjectName& object,
                                  int flags) const;
  absl::Status TakeAway(int parent, const ObjectName& object, std::vector<std::string>& taken);
  absl::StatusOr<ObjectRecord> CopyBytes(const OpenObject& source, int target) const;
  absl::StatusOr<ObjectStat> Revise(const ObjectName& object, const std::string& etag,
                                    absl::FunctionRef<void(ObjectAttributes&)> change);
  absl::StatusOr<bool> ReplaceRecord(const OpenObject& file, int parent, const std::string& leaf,
                                     const ObjectRecord& record);
  absl::Status WriteRecord(const TemporaryFile& file, const ObjectRecord& record);
  absl::Status Replace(const TemporaryFile& file, int parent, const std::string& leaf,
                       bool forbid_overwrite);
  absl::StatusOr<std::optional<ObjectRecord>> FindRecord(const ObjectName& object,
                                                         const struct stat& file) const;

  Tree& tree_;
  WorkArea& work_;
  const Clock& clock_;
};

// Tries whether the file system of `work` can do what publishing relies on: keep times in
// nanoseconds, rename without replacing, exchange two files. INVALID_ARGUMENT: BAD_REMOTE_OPTION.
absl::Status CheckFileSystem(WorkArea& work);

// Writes all bytes of `body` at the position of `fd`, and answers their CRC-64 as they were
// written. CHECKSUM_MISMATCH when it is not the body's.
absl::StatusOr<uint64_t> WriteBuffer(int fd, const Buffer& body);

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_OBJECT_FILES_H_
