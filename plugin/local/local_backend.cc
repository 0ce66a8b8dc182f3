#include "plugin/local/local_backend.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/local/object_list.h"

namespace penstock::local {
namespace {

using Code = absl::StatusCode;

constexpr int64_t kGiB = int64_t{1} << 30;
constexpr absl::Duration kPutValidity = absl::Minutes(15);
constexpr int kMostLongCalls = 8;  // at the same time

Capabilities LocalCapabilities() {
  Capabilities capabilities;
  capabilities.min_part_size = 1;
  capabilities.max_part_size = 5 * kGiB;
  capabilities.max_part_count = 10'000;
  capabilities.max_object_size = int64_t{1} << 50;
  capabilities.max_put_size = 5 * kGiB;
  capabilities.reports_crc64 = true;
  capabilities.lists_complete = true;
  capabilities.forbids_overwrite_atomically = true;
  return capabilities;
}

absl::Status Rejected(const std::string& message, const ErrorMetadata& metadata) {
  return MakeError(Code::kInvalidArgument, kReasonRejected, "local: " + message, metadata);
}

absl::Status CheckSize(const char* what, int64_t size, int64_t most) {
  if (size <= most) return absl::OkStatus();
  return Rejected(absl::StrCat(what, " may have ", most, " bytes, ", size, " came"),
                  {{"maximum", absl::StrCat(most)}, {"got", absl::StrCat(size)}});
}

absl::Status CheckNumber(int32_t number, int32_t most) {
  if (number >= 1 && number <= most) return absl::OkStatus();
  return Rejected(absl::StrCat("part numbers are 1 to ", most, ", ", number, " came"),
                  {{"maximum", absl::StrCat(most)}, {"got", absl::StrCat(number)}});
}

absl::Status StatusOf(const absl::Status& status) { return status; }

template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalBackend>> LocalBackend::Open(
    const LocalSettings& settings, const BackendEnvironment& environment) {
  PENSTOCK_ASSIGN_OR_RETURN(std::unique_ptr<Tree> tree, Tree::Open(settings.root));
  PENSTOCK_ASSIGN_OR_RETURN(std::unique_ptr<WorkArea> work,
                            WorkArea::Open(*tree, *environment.random));
  PENSTOCK_RETURN_IF_ERROR(CheckFileSystem(*work));
  return std::make_unique<LocalBackend>(settings, environment, std::move(tree), std::move(work));
}

LocalBackend::LocalBackend(LocalSettings settings, const BackendEnvironment& environment,
                           std::unique_ptr<Tree> tree, std::unique_ptr<WorkArea> work)
    : settings_(std::move(settings)),
      environment_(environment),
      capabilities_(LocalCapabilities()),
      tree_(std::move(tree)),
      work_(std::move(work)),
      objects_(*tree_, *work_, *environment.clock),
      uploads_(*tree_, *work_, objects_, *environment.random),
      long_calls_(MakeThreadPool(kMostLongCalls)) {}

LocalBackend::~LocalBackend() { in_flight_.Await(); }

template <typename DoneCallback, typename Work>
void LocalBackend::Run(DoneCallback done, Work work) {
  RunOn(*environment_.blocking, std::move(done), std::move(work));
}

template <typename DoneCallback, typename Work>
void LocalBackend::RunLong(DoneCallback done, Work work) {
  RunOn(*long_calls_, std::move(done), std::move(work));
}

template <typename DoneCallback, typename Work>
void LocalBackend::RunOn(Executor& executor, DoneCallback done, Work work) {
  executor.Post(
      [busy = in_flight_.Begin(), done = std::move(done), work = std::move(work)]() mutable {
        auto result = work();
        if (ErrorReason(StatusOf(result)) == kReasonNoSuchFile) {
          result = AsUnknownOutcome(StatusOf(result));
        }
        std::move(done)(std::move(result));
      });
}

absl::Status LocalBackend::CheckName(const ObjectName& object) const {
  PENSTOCK_RETURN_IF_ERROR(CheckBucketName(object.bucket));
  PENSTOCK_RETURN_IF_ERROR(CheckKey(object.key));
  return settings_.restriction.Check(object);
}

absl::Status LocalBackend::CheckObject(const ObjectName& object,
                                       const ObjectAttributes& attributes) const {
  PENSTOCK_RETURN_IF_ERROR(CheckName(object));
  return CheckAttributes(attributes, {});
}

absl::Status LocalBackend::FindBucket(const std::string& bucket, bool may_create) {
  PENSTOCK_RETURN_IF_ERROR(CheckBucketName(bucket));
  const absl::Status found = tree_->OpenDirectory(bucket).status();
  if (!absl::IsNotFound(found)) return found;
  if (may_create && settings_.create_buckets) return tree_->MakeDirectory(bucket).status();
  return MakeError(Code::kNotFound, kReasonNoSuchBucket,
                   absl::StrCat("local: there is no bucket \"", bucket, "\""),
                   {{"bucket", bucket}});
}

// Whether the bucket is there. False for one that would be made when something is put into it: it
// is an empty one.
absl::StatusOr<bool> LocalBackend::HasBucket(const std::string& bucket) {
  const absl::Status found = FindBucket(bucket, false);
  if (settings_.create_buckets && ErrorReason(found) == kReasonNoSuchBucket) return false;
  PENSTOCK_RETURN_IF_ERROR(found);
  return true;
}

void LocalBackend::InitiateUpload(const ObjectName& object, const ObjectAttributes& attributes,
                                  const std::string& mark, Done<std::string> done) {
  Run(std::move(done), [this, object, attributes, mark]() -> absl::StatusOr<std::string> {
    PENSTOCK_RETURN_IF_ERROR(CheckObject(object, attributes));
    PENSTOCK_RETURN_IF_ERROR(FindBucket(object.bucket, true));
    if (attributes.forbid_overwrite) {
      const absl::Status there = objects_.Stat(object).status();
      if (there.ok()) return ObjectFiles::ObjectExists();
      if (ErrorReason(there) != kReasonNoSuchObject) return there;
    }
    return uploads_.Initiate(
        {object, LastingAttributes(attributes), mark, environment_.clock->Now()});
  });
}

void LocalBackend::UploadPart(const ObjectName& object, const std::string& upload_id,
                              int32_t number, std::shared_ptr<const Buffer> body,
                              Done<std::string> done) {
  Run(std::move(done),
      [this, object, upload_id, number, body = std::move(body)]() -> absl::StatusOr<std::string> {
        PENSTOCK_RETURN_IF_ERROR(CheckName(object));
        PENSTOCK_RETURN_IF_ERROR(CheckNumber(number, capabilities_.max_part_count));
        PENSTOCK_RETURN_IF_ERROR(CheckSize("a part", body->size(), capabilities_.max_part_size));
        PENSTOCK_RETURN_IF_ERROR(FindBucket(object.bucket, true));
        return uploads_.StorePart(object, upload_id, number, *body);
      });
}

absl::Status LocalBackend::CheckParts(const std::vector<PartReference>& parts) const {
  if (parts.empty()) return Rejected("at least one part must be published, none came", {});
  int32_t last = 0;
  for (const PartReference& part : parts) {
    PENSTOCK_RETURN_IF_ERROR(CheckNumber(part.number, capabilities_.max_part_count));
    if (part.number <= last) {
      return Rejected(absl::StrCat("parts must ascend, ", part.number, " came after ", last),
                      {{"part_number", absl::StrCat(part.number)}});
    }
    last = part.number;
  }
  return absl::OkStatus();
}

void LocalBackend::CompleteUpload(const ObjectName& object, const std::string& upload_id,
                                  const std::vector<PartReference>& parts,
                                  const ObjectAttributes& attributes, Done<ObjectStat> done) {
  RunLong(std::move(done),
          [this, object, upload_id, parts,
           forbid_overwrite = attributes.forbid_overwrite]() -> absl::StatusOr<ObjectStat> {
            PENSTOCK_RETURN_IF_ERROR(CheckName(object));
            PENSTOCK_RETURN_IF_ERROR(CheckParts(parts));
            PENSTOCK_RETURN_IF_ERROR(FindBucket(object.bucket, true));
            return uploads_.Complete(object, upload_id, parts, forbid_overwrite);
          });
}

void LocalBackend::AbortUpload(const ObjectName& object, const std::string& upload_id,
                               DoneStatus done) {
  Run(std::move(done), [this, object, upload_id]() -> absl::Status {
    PENSTOCK_RETURN_IF_ERROR(CheckName(object));
    return uploads_.Abort(object, upload_id);
  });
}

void LocalBackend::ListParts(const ObjectName& object, const std::string& upload_id,
                             Done<std::vector<ListedPart>> done) {
  Run(std::move(done), [this, object, upload_id]() -> absl::StatusOr<std::vector<ListedPart>> {
    PENSTOCK_RETURN_IF_ERROR(CheckName(object));
    return uploads_.ListParts(object, upload_id);
  });
}

void LocalBackend::ListUploads(const std::string& bucket, const std::string& prefix,
                               const std::string& page, Done<ListedUploads> done) {
  Run(std::move(done), [this, bucket, prefix, page]() -> absl::StatusOr<ListedUploads> {
    PENSTOCK_RETURN_IF_ERROR(FindBucket(bucket, false));
    return uploads_.List(bucket, prefix, page, settings_.list_page_size);
  });
}

// What one attempt to put is to put.
struct LocalBackend::Content {
  ObjectRecord record;  // without size and CRC-64
  std::shared_ptr<const Buffer> body;
  bool forbid_overwrite = false;
  absl::Time valid_until;
};

class LocalBackend::Put final : public PreparedPut {
 public:
  Put(LocalBackend& backend, Content content) : backend_(backend), content_(std::move(content)) {}

  absl::Time valid_until() const override { return content_.valid_until; }

  void Send(Done<ObjectStat> done) override {
    // A copy: the attempt may be gone before the answer.
    backend_.Run(std::move(done),
                 [&backend = backend_, content = content_] { return backend.PutNow(content); });
  }

 private:
  LocalBackend& backend_;
  const Content content_;
};

void LocalBackend::PreparePut(const ObjectName& object, const ObjectAttributes& attributes,
                              const std::string& mark, std::shared_ptr<const Buffer> body,
                              Done<std::unique_ptr<PreparedPut>> done) {
  Run(std::move(done),
      [this, object, attributes, mark,
       body = std::move(body)]() -> absl::StatusOr<std::unique_ptr<PreparedPut>> {
        PENSTOCK_RETURN_IF_ERROR(CheckObject(object, attributes));
        PENSTOCK_RETURN_IF_ERROR(CheckSize("a put", body->size(), capabilities_.max_put_size));
        Content content;
        content.record.object = object;
        content.record.attributes = LastingAttributes(attributes);
        content.record.mark = mark;
        content.body = body;
        content.forbid_overwrite = attributes.forbid_overwrite;
        content.valid_until = environment_.clock->Now() + kPutValidity;
        return std::make_unique<Put>(*this, std::move(content));
      });
}

absl::StatusOr<ObjectStat> LocalBackend::PutNow(const Content& content) {
  ObjectRecord record = content.record;
  PENSTOCK_RETURN_IF_ERROR(FindBucket(record.object.bucket, true));
  PENSTOCK_ASSIGN_OR_RETURN(TemporaryFile file, objects_.NewFile(record.object));
  PENSTOCK_ASSIGN_OR_RETURN(record.crc64, WriteBuffer(file.fd(), *content.body));
  record.size = content.body->size();
  // As late as can be: what is published from then on undoes what came after this attempt.
  if (environment_.clock->Now() >= content.valid_until) {
    return MakeError(Code::kPermissionDenied, kReasonDenied,
                     absl::StrCat("local: the attempt to put was valid for ",
                                  absl::FormatDuration(kPutValidity), " only"));
  }
  return objects_.Publish(std::move(file), record, content.forbid_overwrite);
}

void LocalBackend::Stat(const ObjectName& object, Done<ObjectStat> done) {
  Run(std::move(done), [this, object]() -> absl::StatusOr<ObjectStat> {
    PENSTOCK_RETURN_IF_ERROR(CheckName(object));
    PENSTOCK_RETURN_IF_ERROR(FindBucket(object.bucket, false));
    return objects_.Stat(object);
  });
}

void LocalBackend::Delete(const ObjectName& object, DoneStatus done) {
  Run(std::move(done), [this, object]() -> absl::Status {
    PENSTOCK_RETURN_IF_ERROR(CheckName(object));
    PENSTOCK_ASSIGN_OR_RETURN(const bool is_there, HasBucket(object.bucket));
    return is_there ? objects_.Delete(object) : absl::OkStatus();
  });
}

void LocalBackend::DeleteMany(const std::string& bucket, const std::vector<std::string>& keys,
                              Done<std::vector<absl::Status>> done) {
  Run(std::move(done), [this, bucket, keys]() -> absl::StatusOr<std::vector<absl::Status>> {
    std::vector<ObjectName> objects;
    for (const std::string& key : keys) {
      objects.push_back({bucket, key});
      PENSTOCK_RETURN_IF_ERROR(CheckName(objects.back()));
    }
    PENSTOCK_RETURN_IF_ERROR(HasBucket(bucket).status());
    return objects_.Delete(objects);
  });
}

void LocalBackend::Read(const ObjectName& object, int64_t offset, int64_t length,
                        const std::string& etag, Done<ObjectBytes> done) {
  Run(std::move(done), [this, object, offset, length, etag]() -> absl::StatusOr<ObjectBytes> {
    PENSTOCK_RETURN_IF_ERROR(CheckName(object));
    PENSTOCK_RETURN_IF_ERROR(CheckSize("a read", length, kMaxReadLength));
    PENSTOCK_RETURN_IF_ERROR(FindBucket(object.bucket, false));
    return objects_.Read(object, offset, length, etag);
  });
}

void LocalBackend::List(const ListQuery& query, Done<ListedObjects> done) {
  Run(std::move(done), [this, query]() -> absl::StatusOr<ListedObjects> {
    PENSTOCK_ASSIGN_OR_RETURN(const bool is_there, HasBucket(query.bucket));
    return is_there ? ListObjects(*tree_, objects_, query) : ListedObjects();
  });
}

void LocalBackend::Copy(const ObjectName& source, const std::string& etag, const ObjectName& target,
                        const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done) {
  RunLong(std::move(done),
          [this, source, etag, target, attributes]() -> absl::StatusOr<ObjectStat> {
            PENSTOCK_RETURN_IF_ERROR(CheckName(source));
            PENSTOCK_RETURN_IF_ERROR(CheckObject(target, attributes.value_or(ObjectAttributes())));
            PENSTOCK_RETURN_IF_ERROR(FindBucket(source.bucket, false));
            PENSTOCK_RETURN_IF_ERROR(FindBucket(target.bucket, true));
            return objects_.Copy(source, etag, target, attributes);
          });
}

void LocalBackend::SetAttributes(const ObjectName& object, const std::string& etag,
                                 const ObjectAttributes& attributes, Done<ObjectStat> done) {
  RunLong(std::move(done), [this, object, etag, attributes]() -> absl::StatusOr<ObjectStat> {
    PENSTOCK_RETURN_IF_ERROR(CheckObject(object, attributes));
    PENSTOCK_RETURN_IF_ERROR(FindBucket(object.bucket, false));
    return objects_.SetAttributes(object, etag, attributes);
  });
}

void LocalBackend::ListBuckets(Done<std::vector<ListedBucket>> done) {
  Run(std::move(done), [this]() { return penstock::local::ListBuckets(*tree_); });
}

}  // namespace penstock::local
