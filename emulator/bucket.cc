#include "emulator/bucket.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/time/clock.h"
#include "base/checksum.h"
#include "emulator/encoding.h"
#include "emulator/files.h"
#include "emulator/multipart.h"
#include "emulator/signature.h"

namespace penstock::emulator {

using nlohmann::json;

StoredContent::~StoredContent() {
  if (!removed) return;
  for (const Piece& piece : pieces) blobs->Remove(piece.blob);
}

namespace {

std::optional<uint64_t> CombinedCrc64(const Object& object, const Object& tail) {
  if (!object.crc64 || !tail.crc64) return std::nullopt;
  return CombineCrc64(*object.crc64, *tail.crc64, tail.size);
}

// The blobs of the object go with its last reader.
void MarkRemoved(const StoredObject& stored) {
  for (StoredContent* content = stored.content.get(); content != nullptr;
       content = content->base.get()) {
    content->removed = true;
  }
}

}  // namespace

Bucket::Bucket(std::string name, std::filesystem::path directory, BucketOptions options)
    : name_(std::move(name)),
      directory_(std::move(directory)),
      options_(options),
      created_(absl::Now()),
      blobs_(directory_ / "blobs") {
  std::filesystem::create_directories(directory_ / "objects");
  std::filesystem::create_directories(directory_ / "uploads");
  Load();
}

void Bucket::Load() {
  std::set<std::string> used;
  for (const auto& entry : std::filesystem::directory_iterator(directory_ / "objects")) {
    if (entry.path().extension() != ".json") {  // the temporary file of a crash
      std::filesystem::remove(entry.path());
      continue;
    }
    for (const json& record : json::parse(ReadFile(entry.path()).value_or(""))) {
      const ObjectPtr stored = Store(record.get<Object>());
      for (const Piece& piece : stored->object.pieces) used.insert(piece.blob);
      objects_[stored->object.key].push_back(stored);
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory_ / "uploads")) {
    LoadUpload(entry.path(), used);
  }
  for (const auto& [id, upload] : uploads_) {
    for (const auto& [number, part] : upload.parts) used.insert(part.blob);
  }
  blobs_.RemoveAllBut(used);
}

void Bucket::LoadUpload(const std::filesystem::path& directory,
                        const std::set<std::string>& used_by_objects) {
  const std::optional<std::string> record = ReadFile(directory / "upload.json");
  if (!record) {  // a crash between making the directory and the record, or while removing it
    std::filesystem::remove_all(directory);
    return;
  }
  Upload upload = json::parse(*record).get<Upload>();
  for (const std::string& line : ReadLines(directory / "parts")) {
    const Part part = json::parse(line).get<Part>();
    if (used_by_objects.contains(part.blob)) {  // a crash at the end of its completion
      std::filesystem::remove_all(directory);
      return;
    }
    upload.parts[part.number] = part;
  }
  uploads_[upload.id] = upload;
}

std::filesystem::path Bucket::RecordPath(const std::string& key) const {
  return directory_ / "objects" / (Sha256Hex(key) + ".json");
}

std::filesystem::path Bucket::UploadPath(const std::string& id) const {
  return directory_ / "uploads" / id;
}

bool Bucket::Exists(const std::string& key) const {
  const auto found = objects_.find(key);
  return found != objects_.end() && !found->second.back()->object.delete_marker;
}

Bucket::VersionList::const_iterator Bucket::FindVersion(const VersionList& versions,
                                                        const std::string& version) {
  // What was stored without versioning has the version "null".
  return std::find_if(versions.begin(), versions.end(), [&](const ObjectPtr& stored) {
    const std::string& id = stored->object.version_id;
    return id.empty() ? version == "null" : version == id;
  });
}

Result<ObjectPtr> Bucket::FindObject(const std::string& key, const std::string* version) const {
  const std::lock_guard lock(mutex_);
  return Lookup(key, version);
}

Result<ObjectPtr> Bucket::Lookup(const std::string& key, const std::string* version) const {
  const auto found = objects_.find(key);
  if (version == nullptr) {
    if (found == objects_.end()) return NoSuchKey(key);
    const ObjectPtr& current = found->second.back();
    if (!current->object.delete_marker) return current;
    OssError error = NoSuchKey(key);
    error.headers = {{"x-oss-delete-marker", "true"},
                     {"x-oss-version-id", current->object.version_id}};
    return error;
  }
  if (found == objects_.end()) return NoSuchVersion(key, *version);
  const auto wanted = FindVersion(found->second, *version);
  if (wanted == found->second.end()) return NoSuchVersion(key, *version);
  if (!(*wanted)->object.delete_marker) return *wanted;
  OssError error = MethodNotAllowed("The specified version is a delete marker.");
  error.headers = {{"x-oss-delete-marker", "true"}, {"x-oss-version-id", *version}};
  return error;
}

Failure Bucket::CheckOverwrite(const std::string& key, bool forbid, const std::string& ec) const {
  const std::lock_guard lock(mutex_);
  if (forbid && !options_.versioning && Exists(key)) return FileAlreadyExists(ec);
  return std::nullopt;
}

Result<ObjectPtr> Bucket::PutObject(Object object, bool forbid_overwrite, const std::string& ec) {
  const std::lock_guard lock(mutex_);
  if (forbid_overwrite && !options_.versioning && Exists(object.key)) {
    for (const Piece& piece : object.pieces) blobs_.Remove(piece.blob);
    return FileAlreadyExists(ec);
  }
  return Publish(std::move(object));
}

Result<ObjectPtr> Bucket::AppendObject(Object tail, int64_t position) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(tail.key);
  const ObjectPtr before = found == objects_.end() ? nullptr : found->second.back();
  const int64_t size = before == nullptr ? 0 : before->object.size;
  Failure failure;
  if (before != nullptr && before->object.type != "Appendable") {
    failure = OssError{409, "ObjectNotAppendable", "The object is not appendable.", kUnknownEc};
  } else if (position != size) {
    failure = OssError{409, "PositionNotEqualToLength",
                       "The position to append at is not the length of the object.", kUnknownEc};
    failure->headers = {{"x-oss-next-append-position", std::to_string(size)}};
  }
  if (failure) {
    for (const Piece& piece : tail.pieces) blobs_.Remove(piece.blob);
    return *std::move(failure);
  }
  if (before == nullptr) return Publish(std::move(tail));
  Object object = before->object;
  object.pieces.push_back(tail.pieces.front());
  object.crc64 = CombinedCrc64(object, tail);
  object.size += tail.size;
  object.etag = tail.etag;
  object.modified = tail.modified;
  return Publish(std::move(object), before->content);
}

Result<Deletion> Bucket::DeleteObject(const std::string& key, const std::string* version,
                                      absl::Time now) {
  const std::lock_guard lock(mutex_);
  if (version != nullptr) return DeleteVersion(key, *version);
  Deletion deletion;
  if (!options_.versioning) {
    deletion.changed = objects_.contains(key);
    if (deletion.changed) EMULATOR_RETURN_IF_ERROR(Replace(key, {}));
    return deletion;
  }
  Object marker;
  marker.key = key;
  marker.delete_marker = true;
  marker.modified = now;
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr stored, Publish(std::move(marker)));
  return Deletion{true, true, stored->object.version_id};
}

Result<Deletion> Bucket::DeleteVersion(const std::string& key, const std::string& version) {
  const auto found = objects_.find(key);
  Deletion deletion{false, false, version};
  if (found == objects_.end()) return deletion;
  VersionList versions = found->second;
  const auto wanted = FindVersion(versions, version);
  if (wanted == versions.end()) return deletion;
  deletion.changed = true;
  deletion.delete_marker = (*wanted)->object.delete_marker;
  versions.erase(wanted);
  EMULATOR_RETURN_IF_ERROR(Replace(key, std::move(versions)));
  return deletion;
}

Result<ObjectPtr> Bucket::ChangeObject(const std::string& key, const std::string* version,
                                       const std::function<void(Object&)>& change) {
  const std::lock_guard lock(mutex_);
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr found, Lookup(key, version));
  auto changed = std::make_shared<StoredObject>(*found);
  change(changed->object);
  VersionList versions = objects_[key];
  *std::find(versions.begin(), versions.end(), found) = changed;
  EMULATOR_RETURN_IF_ERROR(Replace(key, std::move(versions)));
  return ObjectPtr(changed);
}

ObjectPtr Bucket::Store(Object object, std::shared_ptr<StoredContent> base) {
  auto content = std::make_shared<StoredContent>();
  content->pieces = base == nullptr ? object.pieces : std::vector<Piece>{object.pieces.back()};
  content->base = std::move(base);
  content->blobs = &blobs_;
  auto stored = std::make_shared<StoredObject>();
  stored->object = std::move(object);
  stored->content = std::move(content);
  return stored;
}

Result<ObjectPtr> Bucket::Publish(Object object, std::shared_ptr<StoredContent> base) {
  VersionList versions;
  if (options_.versioning) {
    object.version_id = "CAEQ" + RandomUpperHex(24);
    const auto found = objects_.find(object.key);
    if (found != objects_.end()) versions = found->second;
  }
  const ObjectPtr stored = Store(std::move(object), std::move(base));
  versions.push_back(stored);
  EMULATOR_RETURN_IF_ERROR(Replace(stored->object.key, std::move(versions)));
  return stored;
}

Failure Bucket::Replace(const std::string& key, VersionList versions) {
  if (versions.empty()) {
    std::error_code error;
    std::filesystem::remove(RecordPath(key), error);
    if (error) return InternalError("The emulator cannot remove a record: " + error.message());
  } else {
    auto records = json::array();
    for (const ObjectPtr& stored : versions) records.push_back(stored->object);
    EMULATOR_RETURN_IF_ERROR(ReplaceFile(RecordPath(key), records.dump()));
  }
  const auto kept = [&](const ObjectPtr& old) {
    return std::any_of(versions.begin(), versions.end(), [&](const ObjectPtr& stored) {
      return stored->content == old->content || stored->content->base == old->content;
    });
  };
  for (const ObjectPtr& old : objects_[key]) {
    if (!kept(old)) MarkRemoved(*old);
  }
  if (versions.empty()) {
    objects_.erase(key);
  } else {
    objects_[key] = std::move(versions);
  }
  return std::nullopt;
}

std::vector<ObjectPtr> Bucket::Objects() const {
  const std::lock_guard lock(mutex_);
  std::vector<ObjectPtr> objects;
  for (const auto& [key, versions] : objects_) {
    if (!versions.back()->object.delete_marker) objects.push_back(versions.back());
  }
  return objects;
}

bool Bucket::IsCurrent(const ObjectPtr& stored) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(stored->object.key);
  return found != objects_.end() && found->second.back() == stored;
}

std::vector<ObjectPtr> Bucket::Versions() const {
  const std::lock_guard lock(mutex_);
  std::vector<ObjectPtr> objects;
  for (const auto& [key, versions] : objects_) {
    objects.insert(objects.end(), versions.rbegin(), versions.rend());
  }
  return objects;
}

}  // namespace penstock::emulator
