#include "bench/in_process/digest_backend.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/checksum.h"
#include "base/error.h"

namespace penstock::bench {
namespace {

absl::Status NoSuchUpload() {
  return MakeError(absl::StatusCode::kNotFound, kReasonNoSuchUpload, "there is no such upload");
}

}  // namespace

// One attempt to put.
class DigestBackend::Put final : public PreparedPut {
 public:
  Put(DigestBackend& backend, ObjectName object, const Digest& digest, std::string mark)
      : backend_(backend), object_(std::move(object)), digest_(digest), mark_(std::move(mark)) {}

  absl::Time valid_until() const override { return valid_until_; }
  void Send(Done<ObjectStat> done) override {
    backend_.Answer(std::move(done), backend_.Publish(object_, digest_, mark_));
  }

 private:
  DigestBackend& backend_;
  const ObjectName object_;
  const Digest digest_;
  const std::string mark_;
  const absl::Time valid_until_ = absl::Now() + absl::Minutes(15);
};

int64_t DigestBackend::part_count() const {
  MutexLock lock(&mutex_);
  return part_count_;
}

template <typename DoneCallback, typename Result>
void DigestBackend::Answer(DoneCallback done, Result result) {
  executor_.Post([done = std::move(done), result = std::move(result)]() mutable {
    std::move(done)(std::move(result));
  });
}

ObjectStat DigestBackend::StatOf(const Digest& digest, const std::string& mark) {
  ObjectStat stat;
  stat.size = digest.size;
  stat.crc64 = digest.crc64;
  stat.etag = absl::StrFormat("%016x", digest.crc64);
  stat.mark = mark;
  stat.update_time = absl::Now();
  return stat;
}

ObjectStat DigestBackend::Publish(const ObjectName& object, const Digest& digest,
                                  const std::string& mark) {
  ObjectStat stat = StatOf(digest, mark);
  MutexLock lock(&mutex_);
  objects_[{object.bucket, object.key}] = stat;
  return stat;
}

void DigestBackend::InitiateUpload(const ObjectName&, const ObjectAttributes&,
                                   const std::string& mark, Done<std::string> done) {
  std::string id;
  {
    MutexLock lock(&mutex_);
    id = absl::StrCat("upload-", next_upload_++);
    uploads_[id].mark = mark;
  }
  Answer(std::move(done), absl::StatusOr<std::string>(std::move(id)));
}

void DigestBackend::UploadPart(const ObjectName&, const std::string& upload_id, int32_t number,
                               std::shared_ptr<const Buffer> body, Done<std::string> done) {
  absl::StatusOr<std::string> etag = NoSuchUpload();
  {
    MutexLock lock(&mutex_);
    if (const auto upload = uploads_.find(upload_id); upload != uploads_.end()) {
      ++part_count_;
      upload->second.parts[number] = {body->size(), body->crc64()};
      etag = absl::StrFormat("%016x", body->crc64());
    }
  }
  Answer(std::move(done), std::move(etag));
}

absl::StatusOr<ObjectStat> DigestBackend::Complete(const ObjectName& object,
                                                   const std::string& upload_id,
                                                   const std::vector<PartReference>& parts) {
  Digest whole;
  std::string mark;
  {
    MutexLock lock(&mutex_);
    const auto upload = uploads_.find(upload_id);
    if (upload == uploads_.end()) return NoSuchUpload();
    for (const PartReference& reference : parts) {
      const auto part = upload->second.parts.find(reference.number);
      if (part == upload->second.parts.end() ||
          absl::StrFormat("%016x", part->second.crc64) != reference.etag) {
        return MakeError(absl::StatusCode::kFailedPrecondition, kReasonInvalidPart,
                         "there is no such part");
      }
      whole.size += part->second.size;
      whole.crc64 = CombineCrc64(whole.crc64, part->second.crc64, part->second.size);
    }
    mark = upload->second.mark;
    uploads_.erase(upload);
  }
  return Publish(object, whole, mark);
}

void DigestBackend::CompleteUpload(const ObjectName& object, const std::string& upload_id,
                                   const std::vector<PartReference>& parts, const ObjectAttributes&,
                                   Done<ObjectStat> done) {
  Answer(std::move(done), Complete(object, upload_id, parts));
}

void DigestBackend::AbortUpload(const ObjectName&, const std::string& upload_id, DoneStatus done) {
  {
    MutexLock lock(&mutex_);
    uploads_.erase(upload_id);
  }
  Answer(std::move(done), absl::OkStatus());
}

void DigestBackend::ListParts(const ObjectName&, const std::string& upload_id,
                              Done<std::vector<ListedPart>> done) {
  absl::StatusOr<std::vector<ListedPart>> parts = NoSuchUpload();
  {
    MutexLock lock(&mutex_);
    if (const auto upload = uploads_.find(upload_id); upload != uploads_.end()) {
      parts.emplace();
      for (const auto& [number, digest] : upload->second.parts) {
        parts->push_back(
            {number, digest.size, absl::StrFormat("%016x", digest.crc64), digest.crc64});
      }
    }
  }
  Answer(std::move(done), std::move(parts));
}

void DigestBackend::ListUploads(const std::string&, const std::string&, const std::string&,
                                Done<ListedUploads> done) {
  Answer(std::move(done),
         absl::StatusOr<ListedUploads>(MakeError(absl::StatusCode::kUnimplemented,
                                                 kReasonNotSupported, "uploads are not listed")));
}

void DigestBackend::PreparePut(const ObjectName& object, const ObjectAttributes&,
                               const std::string& mark, std::shared_ptr<const Buffer> body,
                               Done<std::unique_ptr<PreparedPut>> done) {
  Answer(std::move(done), absl::StatusOr<std::unique_ptr<PreparedPut>>(std::make_unique<Put>(
                              *this, object, Digest{body->size(), body->crc64()}, mark)));
}

void DigestBackend::Stat(const ObjectName& object, Done<ObjectStat> done) {
  absl::StatusOr<ObjectStat> stat =
      MakeError(absl::StatusCode::kNotFound, kReasonNoSuchObject, "there is no such object");
  {
    MutexLock lock(&mutex_);
    const auto there = objects_.find({object.bucket, object.key});
    if (there != objects_.end()) stat = there->second;
  }
  Answer(std::move(done), std::move(stat));
}

void DigestBackend::Delete(const ObjectName& object, DoneStatus done) {
  {
    MutexLock lock(&mutex_);
    objects_.erase({object.bucket, object.key});
  }
  Answer(std::move(done), absl::OkStatus());
}

}  // namespace penstock::bench
