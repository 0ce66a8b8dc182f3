// The uploads of a bucket.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "emulator/bucket.h"
#include "emulator/encoding.h"
#include "emulator/files.h"
#include "emulator/multipart.h"

namespace penstock::emulator {

using nlohmann::json;

namespace {

constexpr char kCompleteNoSuchUpload[] = "0042-00000203";
constexpr char kCompleteFileExists[] = "0042-00000214";

}  // namespace

Bucket::UploadMap::iterator Bucket::Find(const std::string& key, const std::string& id) {
  const auto found = uploads_.find(id);
  return found == uploads_.end() || found->second.key != key ? uploads_.end() : found;
}

Result<std::string> Bucket::InitiateUpload(const std::string& key, const Attributes& attributes,
                                           absl::Time now) {
  Upload upload;
  upload.id = RandomUpperHex(16);
  upload.key = key;
  upload.initiated = now;
  upload.attributes = attributes;
  std::error_code error;
  std::filesystem::create_directory(UploadPath(upload.id), error);
  if (error) return InternalError("The emulator cannot make a directory: " + error.message());
  EMULATOR_RETURN_IF_ERROR(ReplaceFile(UploadPath(upload.id) / "upload.json", json(upload).dump()));
  const std::lock_guard lock(mutex_);
  uploads_[upload.id] = upload;
  return upload.id;
}

Failure Bucket::BeginPart(const std::string& key, const std::string& id, const std::string& ec) {
  const std::lock_guard lock(mutex_);
  const auto upload = Find(key, id);
  if (upload == uploads_.end() || upload->second.aborted) return NoSuchUpload(id, ec);
  ++upload->second.in_flight;
  return std::nullopt;
}

Failure Bucket::FinishPart(const std::string& key, const std::string& id, const std::string& ec,
                           std::optional<Part> part) {
  const std::lock_guard lock(mutex_);
  const auto found = Find(key, id);
  if (found == uploads_.end()) {  // completed or dropped in the meantime
    if (part) blobs_.Remove(part->blob);
    return NoSuchUpload(id, ec);
  }
  Upload& upload = found->second;
  --upload.in_flight;
  Failure failure;
  if (part) failure = AppendLine(UploadPath(id) / "parts", json(*part).dump());
  if (part && failure) {
    blobs_.Remove(part->blob);
  } else if (part) {
    const int number = part->number;
    const auto previous = upload.parts.find(number);
    if (previous != upload.parts.end()) blobs_.Remove(previous->second.blob);
    upload.parts[number] = *std::move(part);
  }
  if (upload.aborted && upload.in_flight == 0 && upload.parts.empty()) EraseUpload(found);
  return failure;
}

Result<Upload> Bucket::FindUpload(const std::string& key, const std::string& id,
                                  const std::string& ec) const {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found == uploads_.end() || found->second.key != key) return NoSuchUpload(id, ec);
  return found->second;
}

Result<ObjectPtr> Bucket::CompleteUpload(const std::string& key, const std::string& id,
                                         const Completion& completion) {
  const std::lock_guard lock(mutex_);
  const auto found = Find(key, id);
  if (found == uploads_.end() || found->second.aborted) {
    return NoSuchUpload(id, kCompleteNoSuchUpload);
  }
  Upload& upload = found->second;
  EMULATOR_ASSIGN_OR_RETURN(
      const std::vector<Part> parts,
      completion.parts ? CheckCompletion(upload, *completion.parts) : AllParts(upload));
  if (completion.forbid_overwrite && !options_.versioning && Exists(key)) {
    return FileAlreadyExists(kCompleteFileExists);
  }
  Object object = Assemble(upload, parts);
  object.acl = completion.acl;
  object.modified = completion.now;
  EMULATOR_ASSIGN_OR_RETURN(ObjectPtr stored, Publish(std::move(object)));
  // The listed parts now belong to the object; the others are dropped with the upload.
  for (const Part& part : parts) upload.parts.erase(part.number);
  EraseUpload(found);
  return stored;
}

Failure Bucket::AbortUpload(const std::string& key, const std::string& id, const std::string& ec) {
  const std::lock_guard lock(mutex_);
  const auto found = Find(key, id);
  if (found == uploads_.end()) return NoSuchUpload(id, ec);
  if (found->second.in_flight == 0) {
    EraseUpload(found);
  } else {
    // As on OSS, the parts in flight are not deleted: the id stays until they are, too.
    RemoveParts(found->second);
    found->second.aborted = true;
  }
  return std::nullopt;
}

void Bucket::RemoveParts(Upload& upload) {
  std::error_code ignored;
  std::filesystem::remove(UploadPath(upload.id) / "parts", ignored);
  for (const auto& [number, part] : upload.parts) blobs_.Remove(part.blob);
  upload.parts.clear();
}

void Bucket::EraseUpload(UploadMap::iterator upload) {
  // The record first: without it the directory is garbage to the next run.
  std::error_code ignored;
  std::filesystem::remove(UploadPath(upload->first) / "upload.json", ignored);
  RemoveParts(upload->second);
  std::filesystem::remove_all(UploadPath(upload->first), ignored);
  uploads_.erase(upload);
}

std::vector<Upload> Bucket::Uploads() const {
  const std::lock_guard lock(mutex_);
  std::vector<Upload> uploads;
  for (const auto& [id, upload] : uploads_) uploads.push_back(upload);
  std::sort(uploads.begin(), uploads.end(), [](const Upload& a, const Upload& b) {
    return std::tie(a.key, a.id) < std::tie(b.key, b.id);
  });
  return uploads;
}

int Bucket::DropUpload(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found == uploads_.end()) return 0;
  EraseUpload(found);
  return 1;
}

int Bucket::DropUploads() {
  const std::lock_guard lock(mutex_);
  const int count = static_cast<int>(uploads_.size());
  while (!uploads_.empty()) EraseUpload(uploads_.begin());
  return count;
}

}  // namespace penstock::emulator
