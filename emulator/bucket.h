#ifndef PENSTOCK_EMULATOR_BUCKET_H_
#define PENSTOCK_EMULATOR_BUCKET_H_

// One bucket: its objects and uploads, in memory and on disk.
//
// On disk: blobs/<id> holds the bytes; objects/<hash of the key>.json an object's record, with the
// blobs it consists of; uploads/<id>/upload.json an upload and uploads/<id>/parts one line of JSON
// per stored part (of two with one number the later counts). A record is replaced by rename, so an
// object appears and changes as a whole; Complete moves no bytes.
//
// Thread-safe. The methods that refuse answer with the errors of reference/oss-api.md.

#include <filesystem>
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

// An object that may be read although it has been replaced or deleted since: its blobs are removed
// with the last reader.
struct StoredObject {
  Object object;
  BlobStore* blobs = nullptr;
  bool removed = false;  // written under the bucket's lock, before the last reference goes
  ~StoredObject();
};
using ObjectPtr = std::shared_ptr<const StoredObject>;

// What CompleteMultipartUpload asks for.
struct Completion {
  std::optional<std::vector<ListedPart>> parts;  // nullopt: x-oss-complete-all
  bool forbid_overwrite = false;
  std::string acl = "default";
  absl::Time now;
};

class Bucket {
 public:
  // Loads what `directory` holds from an earlier run; throws std::exception if that is damaged.
  Bucket(std::string name, std::filesystem::path directory);
  const std::string& name() const { return name_; }
  BlobStore& blobs() { return blobs_; }

  // Objects. NoSuchKey; FileAlreadyExists (with `ec`) for CheckOverwrite and PutObject.
  Result<ObjectPtr> FindObject(const std::string& key) const;
  Failure CheckOverwrite(const std::string& key, bool forbid, const std::string& ec) const;
  Result<ObjectPtr> PutObject(Object object, bool forbid_overwrite, const std::string& ec);
  // False when there was none.
  Result<bool> DeleteObject(const std::string& key);

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

  // Keys and records of all objects in the order of keys.
  std::vector<ObjectPtr> Objects() const;

 private:
  using UploadMap = std::map<std::string, Upload>;

  void Load();
  void LoadUpload(const std::filesystem::path& directory,
                  const std::set<std::string>& used_by_objects);
  std::filesystem::path RecordPath(const std::string& key) const;
  std::filesystem::path UploadPath(const std::string& id) const;
  // REQUIRE mutex_ held.
  Result<ObjectPtr> Publish(Object object);
  void Retire(const std::string& key);
  void RemoveParts(Upload& upload);
  void EraseUpload(UploadMap::iterator upload);
  UploadMap::iterator Find(const std::string& key, const std::string& id);

  const std::string name_;
  const std::filesystem::path directory_;
  BlobStore blobs_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<StoredObject>> objects_;  // guarded by mutex_
  UploadMap uploads_;                                             // guarded by mutex_
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_BUCKET_H_
