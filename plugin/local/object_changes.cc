// What ObjectFiles makes of objects that are there: copies, and the same with other attributes.

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/local/object_files.h"

namespace penstock::local {
namespace {

using Code = absl::StatusCode;

absl::Status ChangedMeanwhile() {
  return MakeError(Code::kFailedPrecondition, kReasonObjectChanged,
                   "local: somebody else wrote to the object's file while it was read");
}

absl::Status Damaged() {
  return MakeError(Code::kDataLoss, kReasonChecksumMismatch,
                   "local: the object's bytes are not what its CRC-64 says: its file is damaged");
}

}  // namespace

// Writes the bytes of `source` to `target`, if that is not kNowhere. Its record; or one for a file
// of somebody else, which has none.
absl::StatusOr<ObjectRecord> ObjectFiles::CopyBytes(const OpenObject& source, int target) const {
  const int64_t size = source.status.st_size;
  bool shared = false;
  if (target != kNowhere) {
    PENSTOCK_ASSIGN_OR_RETURN(shared, ShareBlocks(source.file.get(), target));
  }
  ObjectRecord record = source.record.value_or(ObjectRecord());
  record.size = size;
  if (!shared || !source.record.has_value()) {
    // Blocks that are shared need no comparing; only who has no CRC-64 gets one.
    PENSTOCK_ASSIGN_OR_RETURN(const uint64_t crc64,
                              shared ? ReadThrough(target, size, kNowhere)
                                     : ReadThrough(source.file.get(), size, target));
    if (!source.record.has_value()) record.crc64 = crc64;
    if (crc64 != record.crc64 && source.Is(StatFile(source.file.get()))) return Damaged();
  }
  if (!source.Is(StatFile(source.file.get()))) return ChangedMeanwhile();
  return record;
}

absl::StatusOr<ObjectStat> ObjectFiles::Copy(const ObjectName& source, const std::string& etag,
                                             const ObjectName& target,
                                             const std::optional<ObjectAttributes>& attributes) {
  if (source == target) {
    return Revise(source, etag, [&attributes](ObjectAttributes& own) {
      if (attributes.has_value()) own = LastingAttributes(*attributes);
    });
  }
  PENSTOCK_ASSIGN_OR_RETURN(const Fd parent, OpenParent(source));
  PENSTOCK_ASSIGN_OR_RETURN(const OpenObject found,
                            Open(parent.get(), LeafOf(ObjectPath(source)), source, O_RDONLY));
  PENSTOCK_RETURN_IF_ERROR(found.CheckEtag(etag));
  PENSTOCK_ASSIGN_OR_RETURN(TemporaryFile file, NewFile(target));
  PENSTOCK_ASSIGN_OR_RETURN(ObjectRecord record, CopyBytes(found, file.fd()));
  record.object = target;
  record.update_time.reset();  // the file's own
  if (attributes.has_value()) record.attributes = LastingAttributes(*attributes);
  return Publish(std::move(file), record, /*forbid_overwrite=*/false);
}

absl::StatusOr<ObjectStat> ObjectFiles::SetAttributes(const ObjectName& object,
                                                      const std::string& etag,
                                                      const ObjectAttributes& attributes) {
  return Revise(object, etag, [&attributes](ObjectAttributes& own) {
    ObjectAttributes given = LastingAttributes(attributes);
    given.tags = own.tags;
    if (given.storage_class.empty()) given.storage_class = own.storage_class;
    own = std::move(given);
  });
}

// Lets `change` change the attributes of the object, whose file stays.
absl::StatusOr<ObjectStat> ObjectFiles::Revise(const ObjectName& object, const std::string& etag,
                                               absl::FunctionRef<void(ObjectAttributes&)> change) {
  PENSTOCK_ASSIGN_OR_RETURN(const Fd parent, OpenParent(object));
  const std::string leaf = LeafOf(ObjectPath(object));
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    PENSTOCK_ASSIGN_OR_RETURN(const OpenObject found, Open(parent.get(), leaf, object, O_RDONLY));
    PENSTOCK_RETURN_IF_ERROR(found.CheckEtag(etag));
    ObjectRecord record;
    if (found.record.has_value()) {
      record = *found.record;
    } else {
      PENSTOCK_ASSIGN_OR_RETURN(record, CopyBytes(found, kNowhere));
      record.object = object;
      PENSTOCK_RETURN_IF_ERROR(Sync(found.file.get()));
    }
    change(record.attributes);
    record.update_time = clock_.Now();
    PENSTOCK_ASSIGN_OR_RETURN(const bool replaced,
                              ReplaceRecord(found, parent.get(), leaf, record));
    if (!replaced) continue;
    PENSTOCK_RETURN_IF_ERROR(AsUnknownOutcome(Sync(parent.get())));
    return StatOf(record, ModifiedTime(found.status));
  }
  return TooBusy();
}

// Makes `record` that of the object's file. False, and nothing is changed, where the object is
// another by now.
absl::StatusOr<bool> ObjectFiles::ReplaceRecord(const OpenObject& file, int parent,
                                                const std::string& leaf,
                                                const ObjectRecord& record) {
  constexpr char kAction[] = "replace the record of an object";
  const std::string key_hash = KeyHash(record.object.key);
  const std::string name = RecordName(key_hash, file.status);
  PENSTOCK_ASSIGN_OR_RETURN(const Fd records,
                            tree_.MakeDirectory(RecordDirectory(record.object.bucket, key_hash)));
  PENSTOCK_ASSIGN_OR_RETURN(const TemporaryFile written,
                            work_.NewFile("record." + work_.NewSerial(), Encode(record)));
  if (file.record.has_value()) {
    // Exchanged, so that none is made where the old one is gone.
    const absl::Status exchanged =
        Rename(written.directory(), written.name(), records.get(), name, RENAME_EXCHANGE, kAction);
    if (absl::IsNotFound(exchanged)) return false;
    PENSTOCK_RETURN_IF_ERROR(exchanged);
  } else {
    PENSTOCK_RETURN_IF_ERROR(
        Rename(written.directory(), written.name(), records.get(), name, 0, kAction));
    // Who replaced the file has removed its record before this one came, perhaps.
    if (!file.Is(StatEntry(parent, leaf))) {
      unlinkat(records.get(), name.c_str(), 0);
      return false;
    }
  }
  PENSTOCK_RETURN_IF_ERROR(AsUnknownOutcome(Sync(records.get())));
  return true;
}

}  // namespace penstock::local
