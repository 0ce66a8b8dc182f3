#include "emulator/bucket.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "emulator/encoding.h"
#include "emulator/files.h"
#include "emulator/multipart.h"
#include "emulator/signature.h"

namespace penstock::emulator {

using nlohmann::json;

StoredObject::~StoredObject() {
  if (!removed) return;
  for (const Piece& piece : object.pieces) blobs->Remove(piece.blob);
}

Bucket::Bucket(std::string name, std::filesystem::path directory)
    : name_(std::move(name)), directory_(std::move(directory)), blobs_(directory_ / "blobs") {
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
    auto stored = std::make_shared<StoredObject>();
    json::parse(ReadFile(entry.path()).value_or("")).get_to(stored->object);
    stored->blobs = &blobs_;
    for (const Piece& piece : stored->object.pieces) used.insert(piece.blob);
    objects_[stored->object.key] = stored;
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
  std::ifstream lines(directory / "parts");
  for (std::string line; std::getline(lines, line);) {
    const json value = json::parse(line, nullptr, false);
    if (value.is_discarded()) break;  // the torn last line of a crash
    const Part part = value.get<Part>();
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

Result<ObjectPtr> Bucket::FindObject(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return NoSuchKey(key);
  return ObjectPtr(found->second);
}

Failure Bucket::CheckOverwrite(const std::string& key, bool forbid, const std::string& ec) const {
  const std::lock_guard lock(mutex_);
  if (forbid && objects_.contains(key)) return FileAlreadyExists(ec);
  return std::nullopt;
}

Result<ObjectPtr> Bucket::PutObject(Object object, bool forbid_overwrite, const std::string& ec) {
  const std::lock_guard lock(mutex_);
  if (forbid_overwrite && objects_.contains(object.key)) {
    for (const Piece& piece : object.pieces) blobs_.Remove(piece.blob);
    return FileAlreadyExists(ec);
  }
  return Publish(std::move(object));
}

Result<bool> Bucket::DeleteObject(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (!objects_.contains(key)) return false;
  std::error_code error;
  std::filesystem::remove(RecordPath(key), error);
  if (error) return InternalError("The emulator cannot remove a record: " + error.message());
  Retire(key);
  return true;
}

Result<ObjectPtr> Bucket::Publish(Object object) {
  EMULATOR_RETURN_IF_ERROR(ReplaceFile(RecordPath(object.key), json(object).dump()));
  Retire(object.key);
  auto stored = std::make_shared<StoredObject>();
  stored->object = std::move(object);
  stored->blobs = &blobs_;
  objects_[stored->object.key] = stored;
  return ObjectPtr(stored);
}

void Bucket::Retire(const std::string& key) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) return;
  found->second->removed = true;
  objects_.erase(found);
}

std::vector<ObjectPtr> Bucket::Objects() const {
  const std::lock_guard lock(mutex_);
  std::vector<ObjectPtr> objects;
  for (const auto& [key, stored] : objects_) objects.push_back(stored);
  return objects;
}

}  // namespace penstock::emulator
