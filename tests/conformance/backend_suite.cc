#include "tests/conformance/backend_suite.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/error.h"

namespace penstock {

using testing_support::AwaitStatus;
using testing_support::Pending;

std::string BackendConformanceTest::PartBytes(const std::string& text) {
  std::string bytes = text;
  bytes.resize(std::max<size_t>(text.size(), capabilities().min_part_size), '.');
  return bytes;
}

absl::StatusOr<std::string> BackendConformanceTest::Initiate(const ObjectName& object,
                                                             const ObjectAttributes& attributes) {
  return Pending<std::string>([&](auto done) {
           backend().InitiateUpload(object, attributes, mark_, std::move(done));
         })
      .Get();
}

absl::StatusOr<std::string> BackendConformanceTest::Upload(const ObjectName& object,
                                                           const std::string& upload_id,
                                                           int32_t number,
                                                           const std::string& bytes) {
  return Pending<std::string>([&](auto done) {
           backend().UploadPart(object, upload_id, number, MakeBuffer(bytes), std::move(done));
         })
      .Get();
}

absl::StatusOr<ObjectStat> BackendConformanceTest::Complete(const ObjectName& object,
                                                            const std::string& upload_id,
                                                            const std::vector<PartReference>& parts,
                                                            const ObjectAttributes& attributes) {
  return Pending<ObjectStat>([&](auto done) {
           backend().CompleteUpload(object, upload_id, parts, attributes, std::move(done));
         })
      .Get();
}

absl::Status BackendConformanceTest::Abort(const ObjectName& object, const std::string& upload_id) {
  return AwaitStatus([&](auto done) { backend().AbortUpload(object, upload_id, std::move(done)); });
}

absl::StatusOr<std::vector<ListedPart>> BackendConformanceTest::ListParts(
    const ObjectName& object, const std::string& upload_id) {
  return Pending<std::vector<ListedPart>>(
             [&](auto done) { backend().ListParts(object, upload_id, std::move(done)); })
      .Get();
}

absl::StatusOr<ListedUploads> BackendConformanceTest::ListUploads(const std::string& bucket,
                                                                  const std::string& prefix,
                                                                  const std::string& page) {
  return Pending<ListedUploads>(
             [&](auto done) { backend().ListUploads(bucket, prefix, page, std::move(done)); })
      .Get();
}

absl::StatusOr<ObjectStat> BackendConformanceTest::Put(const ObjectName& object,
                                                       const std::string& bytes,
                                                       const ObjectAttributes& attributes) {
  absl::StatusOr<std::unique_ptr<PreparedPut>> put =
      Pending<std::unique_ptr<PreparedPut>>([&](auto done) {
        backend().PreparePut(object, attributes, mark_, MakeBuffer(bytes), std::move(done));
      }).Get();
  if (!put.ok()) return put.status();
  return Pending<ObjectStat>([&](auto done) { (*put)->Send(std::move(done)); }).Get();
}

absl::StatusOr<ObjectStat> BackendConformanceTest::Stat(const ObjectName& object) {
  return Pending<ObjectStat>([&](auto done) { backend().Stat(object, std::move(done)); }).Get();
}

absl::Status BackendConformanceTest::Delete(const ObjectName& object) {
  return AwaitStatus([&](auto done) { backend().Delete(object, std::move(done)); });
}

std::vector<PartReference> BackendConformanceTest::UploadAll(const ObjectName& object,
                                                             const std::string& upload_id,
                                                             const std::vector<Part>& parts) {
  std::vector<PartReference> references;
  for (const Part& part : parts) {
    const absl::StatusOr<std::string> etag = Upload(object, upload_id, part.number, part.bytes);
    EXPECT_TRUE(etag.ok()) << etag.status();
    references.push_back({part.number, etag.value_or("")});
  }
  return references;
}

void BackendConformanceTest::ExpectObject(const ObjectName& object, const std::string& bytes,
                                          const ObjectStat* published) {
  const absl::StatusOr<ObjectStat> stat = Stat(object);
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(stat->size, static_cast<int64_t>(bytes.size()));
  EXPECT_EQ(stat->mark, mark_);
  EXPECT_FALSE(stat->etag.empty());
  if (capabilities().reports_crc64) {
    EXPECT_EQ(stat->crc64, Crc64(bytes));
  }
  if (harness_->can_read()) {
    EXPECT_EQ(harness_->ReadObject(object), bytes);
  }
  if (published == nullptr) return;
  EXPECT_EQ(published->size, stat->size);
  EXPECT_EQ(published->etag, stat->etag);
  EXPECT_EQ(published->version_id, stat->version_id);
  if (capabilities().reports_crc64) {
    EXPECT_EQ(published->crc64, stat->crc64);
  }
}

}  // namespace penstock
