#include "tests/support/backend_calls.h"

#include <memory>
#include <utility>

#include "base/buffer.h"
#include "tests/support/pending.h"

namespace penstock::testing_support {

absl::StatusOr<std::string> BackendCalls::Initiate(const ObjectName& object,
                                                   const ObjectAttributes& attributes) {
  return Pending<std::string>([&](auto done) {
           backend().InitiateUpload(object, attributes, kMark, std::move(done));
         })
      .Get();
}

absl::StatusOr<std::string> BackendCalls::Upload(const ObjectName& object,
                                                 const std::string& upload_id, int32_t number,
                                                 const std::string& bytes) {
  return Pending<std::string>([&](auto done) {
           backend().UploadPart(object, upload_id, number, MakeBuffer(bytes), std::move(done));
         })
      .Get();
}

absl::StatusOr<ObjectStat> BackendCalls::Complete(const ObjectName& object,
                                                  const std::string& upload_id,
                                                  const std::vector<PartReference>& parts,
                                                  const ObjectAttributes& attributes) {
  return Pending<ObjectStat>([&](auto done) {
           backend().CompleteUpload(object, upload_id, parts, attributes, std::move(done));
         })
      .Get();
}

absl::Status BackendCalls::Abort(const ObjectName& object, const std::string& upload_id) {
  return AwaitStatus([&](auto done) { backend().AbortUpload(object, upload_id, std::move(done)); });
}

absl::StatusOr<std::vector<ListedPart>> BackendCalls::ListParts(const ObjectName& object,
                                                                const std::string& upload_id) {
  return Pending<std::vector<ListedPart>>(
             [&](auto done) { backend().ListParts(object, upload_id, std::move(done)); })
      .Get();
}

absl::StatusOr<ListedUploads> BackendCalls::ListUploads(const std::string& bucket,
                                                        const std::string& prefix,
                                                        const std::string& page) {
  return Pending<ListedUploads>(
             [&](auto done) { backend().ListUploads(bucket, prefix, page, std::move(done)); })
      .Get();
}

absl::StatusOr<std::unique_ptr<PreparedPut>> BackendCalls::Prepare(
    const ObjectName& object, const std::string& bytes, const ObjectAttributes& attributes) {
  return Pending<std::unique_ptr<PreparedPut>>([&](auto done) {
           backend().PreparePut(object, attributes, kMark, MakeBuffer(bytes), std::move(done));
         })
      .Get();
}

absl::StatusOr<ObjectStat> BackendCalls::Put(const ObjectName& object, const std::string& bytes,
                                             const ObjectAttributes& attributes) {
  const absl::StatusOr<std::unique_ptr<PreparedPut>> put = Prepare(object, bytes, attributes);
  if (!put.ok()) return put.status();
  return Pending<ObjectStat>([&](auto done) { (*put)->Send(std::move(done)); }).Get();
}

absl::StatusOr<ObjectStat> BackendCalls::Stat(const ObjectName& object) {
  return Pending<ObjectStat>([&](auto done) { backend().Stat(object, std::move(done)); }).Get();
}

absl::Status BackendCalls::Delete(const ObjectName& object) {
  return AwaitStatus([&](auto done) { backend().Delete(object, std::move(done)); });
}

absl::StatusOr<ObjectBytes> BackendCalls::Read(const ObjectName& object, int64_t offset,
                                               int64_t length, const std::string& etag) {
  return Pending<ObjectBytes>(
             [&](auto done) { backend().Read(object, offset, length, etag, std::move(done)); })
      .Get();
}

absl::StatusOr<ListedObjects> BackendCalls::List(const ListQuery& query) {
  return Pending<ListedObjects>([&](auto done) { backend().List(query, std::move(done)); }).Get();
}

absl::StatusOr<std::vector<absl::Status>> BackendCalls::DeleteMany(
    const std::string& bucket, const std::vector<std::string>& keys) {
  return Pending<std::vector<absl::Status>>(
             [&](auto done) { backend().DeleteMany(bucket, keys, std::move(done)); })
      .Get();
}

absl::StatusOr<ObjectStat> BackendCalls::Copy(const ObjectName& source, const ObjectName& target,
                                              const std::string& etag,
                                              const std::optional<ObjectAttributes>& attributes) {
  return Pending<ObjectStat>(
             [&](auto done) { backend().Copy(source, etag, target, attributes, std::move(done)); })
      .Get();
}

absl::StatusOr<ObjectStat> BackendCalls::SetAttributes(const ObjectName& object,
                                                       const ObjectAttributes& attributes,
                                                       const std::string& etag) {
  return Pending<ObjectStat>(
             [&](auto done) { backend().SetAttributes(object, etag, attributes, std::move(done)); })
      .Get();
}

absl::StatusOr<std::vector<ListedBucket>> BackendCalls::ListBuckets() {
  return Pending<std::vector<ListedBucket>>(
             [&](auto done) { backend().ListBuckets(std::move(done)); })
      .Get();
}

absl::StatusOr<std::string> BackendCalls::ReadWhole(const ObjectName& object) {
  std::string bytes;
  while (true) {
    const absl::StatusOr<ObjectBytes> range =
        Read(object, std::ssize(bytes), ObjectAccess::kMaxReadLength);
    if (!range.ok()) return range.status();
    bytes += range->bytes->ToString();
    if (std::ssize(bytes) >= range->stat.size || range->bytes->size() == 0) return bytes;
  }
}

}  // namespace penstock::testing_support
