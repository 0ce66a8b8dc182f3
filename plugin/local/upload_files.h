#ifndef PENSTOCK_PLUGIN_LOCAL_UPLOAD_FILES_H_
#define PENSTOCK_PLUGIN_LOCAL_UPLOAD_FILES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/buffer.h"
#include "base/random.h"
#include "plugin/backend.h"
#include "plugin/local/object_files.h"
#include "plugin/local/record.h"
#include "plugin/local/tree.h"
#include "plugin/local/work_area.h"

namespace penstock::local {

// The multipart uploads of a tree: a directory each, which appears with its record and disappears
// by one rename, and in it a file for each part, which appears whole by one rename. Completing
// copies the parts to an object file (without copying where the file system shares blocks),
// publishes it, and only then removes the upload.
//
// Results and errors as of the methods of Backend. Thread-safe; everything blocks.
class UploadFiles {
 public:
  // All must outlive it.
  UploadFiles(Tree& tree, WorkArea& work, ObjectFiles& objects, RandomSource& random)
      : tree_(tree), work_(work), objects_(objects), random_(random) {}

  absl::StatusOr<std::string> Initiate(const UploadRecord& record);

  absl::StatusOr<std::string> StorePart(const ObjectName& object, const std::string& upload_id,
                                        int32_t number, const Buffer& body);

  absl::StatusOr<ObjectStat> Complete(const ObjectName& object, const std::string& upload_id,
                                      const std::vector<PartReference>& parts,
                                      bool forbid_overwrite);

  absl::Status Abort(const ObjectName& object, const std::string& upload_id);

  absl::StatusOr<std::vector<ListedPart>> ListParts(const ObjectName& object,
                                                    const std::string& upload_id) const;

  // At most `page_size` at a time.
  absl::StatusOr<ListedUploads> List(const std::string& bucket, const std::string& prefix,
                                     const std::string& page, size_t page_size) const;

 private:
  struct OpenUpload {
    Fd directory;
    UploadRecord record;
  };
  struct OpenPart {
    Fd file;
    PartFooter footer;
  };

  absl::StatusOr<OpenUpload> Find(const ObjectName& object, const std::string& upload_id) const;
  absl::StatusOr<OpenUpload> Open(const std::string& bucket, const std::string& upload_id) const;
  absl::StatusOr<OpenPart> Find(const OpenUpload& upload, const PartReference& part) const;
  absl::StatusOr<ObjectRecord> Assemble(const OpenUpload& upload,
                                        const std::vector<PartReference>& parts, int target) const;
  absl::Status Remove(const std::string& bucket, const std::string& upload_id);

  Tree& tree_;
  WorkArea& work_;
  ObjectFiles& objects_;
  RandomSource& random_;
};

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_UPLOAD_FILES_H_
