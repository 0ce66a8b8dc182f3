#include "tests/conformance/backend_suite.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/error.h"

namespace penstock {

ObjectName BackendConformanceTest::Name(const std::string& key) {
  ObjectName object{harness_->bucket(), harness_->key_prefix() + key};
  harness_->Remember(object);
  return object;
}

std::string BackendConformanceTest::PartBytes(const std::string& text) {
  std::string bytes = text;
  bytes.resize(std::max<size_t>(text.size(), capabilities().min_part_size), '.');
  return bytes;
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
  EXPECT_EQ(stat->mark, kMark);
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
