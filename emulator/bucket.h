#ifndef PENSTOCK_EMULATOR_BUCKET_H_
#define PENSTOCK_EMULATOR_BUCKET_H_

// One bucket: its objects and uploads, in memory and on disk.
//
// On disk: blobs/<id> holds the bytes; objects/<hash of the key>.json an object's versions (without
// versioning: one), each with the blobs it consists of; uploads/<id>/upload.json an upload and
// uploads/<id>/parts one line of JSON per stored part (of two with one number the later counts). A
// record is replaced by rename, so an object appears and changes as a whole; Complete moves no
// bytes.
//
// Thread-safe. The methods that refuse answer with the errors of reference/oss-api.md.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "emulator/blob_store.h"
#include "emulator/errors.h"
#include "emulator/records.h"
#include "emulator/xml.h"

namespace penstock::emulator {

// The bytes of an object, which may be read although it has been replaced or deleted since: its
// blobs are removed with the last reader.
struct StoredContent {
  std::vector<Piece> pieces;            // those that only this content and later ones have
  std::shared_ptr<StoredContent> base;  // what was there before an append; nullptr otherwise
  BlobStore* blobs = nullptr;
  bool removed = false;  // written under the bucket's lock, before the last reference goes
  ~StoredContent();
};

// One version of an object as it was at one moment.
struct StoredObject {
  Object object;
  std::shared_ptr<StoredContent> content;
};
using ObjectPtr = std::shared_ptr<const StoredObject>;

// What CompleteMultipartUpload asks for.
struct Completion {
  std::optional<std::vector<ListedPart>> parts;  // nullopt: x-oss-complete-all
  bool forbid_overwrite = false;
  std::string acl = "default";
  absl::Time now;
};

struct BucketOptions {
  bool versioning = false;
  bool requester_pays = false;  // who pays is for the service to check
};

// What DeleteObject did.
struct Deletion {
  bool changed = false;        // something was removed, or a delete marker was made
  bool delete_marker = false;  // what was made, or removed, is a delete marker
  std::string version_id;      // of it; empty without versioning
};

class Bucket {
 public:
  // Loads what `directory` holds from an earlier run; throws std::exception if that is damaged.
  Bucket(std::string name, std::filesystem::path directory, BucketOptions options = {});
  const std::string& name() const { return name_; }
  const BucketOptions& options() const { return options_; }
  absl::Time created() const { return created_; }
  BlobStore& blobs() { return blobs_; }

  // Objects. `version` names one version, nullptr the current one. Errors: NoSuchKey;
  // NoSuchVersion; MethodNotAllowed when the version is a delete marker; FileAlreadyExists (with
  // `ec`) for CheckOverwrite and PutObject, never with versioning.
  Result<ObjectPtr> FindObject(const std::string& key, const std::string* version = nullptr) const;
  Failure CheckOverwrite(const std::string& key, bool forbid, const std::string& ec) const;
  Result<ObjectPtr> PutObject(Object object, bool forbid_overwrite, const std::string& ec);
  // Appends `tail` to an object of `position` bytes, or makes the object. What is not content stays
  // as it is. ObjectNotAppendable; PositionNotEqualToLength.
  Result<ObjectPtr> AppendObject(Object tail, int64_t position);
  // With versioning and without a version: a delete marker becomes the current version.
  Result<Deletion> DeleteObject(const std::string& key, const std::string* version, absl::Time now);
  // Changes what is not content: ACL or tags. Errors: those of FindObject.
  Result<ObjectPtr> ChangeObject(const std::string& key, const std::string* version,
                                 const std::function<void(Object&)>& change);

  // Uploads. NoSuchUpload (with `ec`) when id and key do not name a live upload.
  Result<std::string> InitiateUpload(const std::string& key, const Attributes& attributes,
                                     absl::Time now);
  // Between BeginPart and FinishPart a part is in flight: an Abort in between does not reach it.
  // `part` is nullopt when the body failed. After an error of FinishPart nothing is stored.
  Failure BeginPart(const std::string& key, const std::string& id, const std::string& ec);
  Failure FinishPart(const std::string& key, const std::string& id, const std::string& ec,
                     std::optional<Part> part);
  Result<Upload> FindUpload(const std::string& key, const std::string& id,
                            const std::string& ec) const;
  Result<ObjectPtr> CompleteUpload(const std::string& key, const std::string& id,
                                   const Completion& completion);
  Failure AbortUpload(const std::string& key, const std::string& id, const std::string& ec);
  // All of them, ordered by key, then id; without their parts but with their sizes.
  std::vector<Upload> Uploads() const;
  // Removes uploads as a lifecycle rule does: this one, or all. Returns how many.
  int DropUpload(const std::string& id);
  int DropUploads();

  // The current versions that are no delete markers, in the order of keys.
  std::vector<ObjectPtr> Objects() const;
  // Whether this is the current version of its object.
  bool IsCurrent(const ObjectPtr& stored) const;
  // All versions in the order of keys, of each the newest first.
  std::vector<ObjectPtr> Versions() const;

 private:
  using UploadMap = std::map<std::string, Upload>;
  using VersionList = std::vector<ObjectPtr>;  // the oldest first

  void Load();
  void LoadUpload(const std::filesystem::path& directory,
                  const std::set<std::string>& used_by_objects);
  std::filesystem::path RecordPath(const std::string& key) const;
  std::filesystem::path UploadPath(const std::string& id) const;
  // REQUIRE mutex_ held.
  bool Exists(const std::string& key) const;
  Result<ObjectPtr> Lookup(const std::string& key, const std::string* version) const;
  // `base`: what the object's first pieces belong to already.
  ObjectPtr Store(Object object, std::shared_ptr<StoredContent> base = nullptr);
  Result<ObjectPtr> Publish(Object object, std::shared_ptr<StoredContent> base = nullptr);
  // Makes `versions` those of the key, on disk and in memory; none: the key is gone.
  Failure Replace(const std::string& key, VersionList versions);
  static VersionList::const_iterator FindVersion(const VersionList& versions,
                                                 const std::string& version);
  Result<Deletion> DeleteVersion(const std::string& key, const std::string& version);
  void RemoveParts(Upload& upload);
  void EraseUpload(UploadMap::iterator upload);
  UploadMap::iterator Find(const std::string& key, const std::string& id);

  const std::string name_;
  const std::filesystem::path directory_;
  const BucketOptions options_;
  const absl::Time created_;
  BlobStore blobs_;
  mutable std::mutex mutex_;
  std::map<std::string, VersionList> objects_;  // guarded by mutex_; no list is empty
  UploadMap uploads_;                           // guarded by mutex_
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_BUCKET_H_
