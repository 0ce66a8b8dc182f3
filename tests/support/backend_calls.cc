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

}  // namespace penstock::testing_support
