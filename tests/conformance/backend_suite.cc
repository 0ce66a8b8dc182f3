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
  const absl::StatusOr<std::string> read = ReadWhole(object);
  if (ErrorReason(read.status()) != kReasonNotSupported) {
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, bytes);
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

ListQuery BackendConformanceTest::Query(const std::string& prefix, const std::string& delimiter,
                                        int32_t limit) {
  return {harness_->bucket(), harness_->key_prefix() + prefix, delimiter, /*page=*/"", limit};
}

std::vector<std::string> BackendConformanceTest::Told(const ListedObjects& page) {
  std::vector<std::string> told = page.prefixes;
  for (const ListedObject& object : page.objects) told.push_back(object.key);
  EXPECT_TRUE(std::is_sorted(page.prefixes.begin(), page.prefixes.end()));
  EXPECT_TRUE(std::is_sorted(told.begin() + std::ssize(page.prefixes), told.end()));
  std::sort(told.begin(), told.end());
  for (std::string& name : told) {
    EXPECT_TRUE(name.starts_with(harness_->key_prefix())) << name;
    name.erase(0, harness_->key_prefix().size());
  }
  return told;
}

absl::Status BackendConformanceTest::ListAll(const std::string& prefix,
                                             const std::string& delimiter, int32_t limit,
                                             std::vector<std::string>& told) {
  ListQuery query = Query(prefix, delimiter, limit);
  do {
    const absl::StatusOr<ListedObjects> page = List(query);
    if (!page.ok()) return page.status();
    const std::vector<std::string> names = Told(*page);
    EXPECT_LE(std::ssize(names), limit);
    if (!told.empty() && !names.empty()) {
      EXPECT_LT(told.back(), names.front());
    }
    told.insert(told.end(), names.begin(), names.end());
    query.page = page->next_page;
  } while (!query.page.empty());
  EXPECT_EQ(std::adjacent_find(told.begin(), told.end()), told.end()) << "told twice";
  return absl::OkStatus();
}

}  // namespace penstock
