// What OSS does with objects that are there, against the emulator.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "tests/conformance/oss_harness.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr char kBucket[] = "objects";
const ObjectName kObject = {kBucket, "a key"};
const ObjectName kCopy = {kBucket, "its copy"};
constexpr int64_t kMiB = int64_t{1} << 20;

// A remote in front of an emulator.
class Remote : public testing_support::BackendCalls {
 public:
  explicit Remote(const std::vector<std::string>& flags = {}, const OptionValues& options = {})
      : emulator_(kBucket, flags), oss_(emulator_.Options(options)) {}

  Backend& backend() override { return oss_.backend(); }

 private:
  const Emulator emulator_;
  OssHarness oss_;
};

ObjectAttributes Everything() {
  ObjectAttributes attributes;
  attributes.content_type = "text/plain";
  attributes.cache_control = "no-cache";
  attributes.content_disposition = "inline";
  attributes.content_encoding = "br";
  attributes.metadata = {{"color", "r\xc3\xb6t"}, {"empty", ""}};
  attributes.tags = {{"k", "a b"}};
  attributes.storage_class = "IA";
  attributes.options = {{"server_side_encryption", "KMS"},
                        {"server_side_encryption_key_id", "key-1"}};
  return attributes;
}

void ExpectEverything(const ObjectStat& stat) {
  const ObjectAttributes wanted = Everything();
  EXPECT_EQ(stat.content_type, wanted.content_type);
  EXPECT_EQ(stat.cache_control, wanted.cache_control);
  EXPECT_EQ(stat.content_disposition, wanted.content_disposition);
  EXPECT_EQ(stat.content_encoding, wanted.content_encoding);
  EXPECT_EQ(stat.metadata, wanted.metadata);
  EXPECT_EQ(stat.storage_class, wanted.storage_class);
  EXPECT_EQ(stat.mark, Remote::kMark);
}

TEST(OssObjectsTest, ReadsRangesWithTheWholeStat) {
  Remote remote;
  ASSERT_TRUE(remote.Put(kObject, "0123456789", Everything()).ok());
  const ObjectBytes middle = remote.Read(kObject, 3, 4).value();
  EXPECT_EQ(middle.bytes->ToString(), "3456");
  ExpectEverything(middle.stat);
  EXPECT_EQ(middle.stat.size, 10);
  EXPECT_EQ(middle.stat.crc64, remote.Stat(kObject)->crc64);
  EXPECT_EQ(remote.Read(kObject, 8, 100, middle.stat.etag)->bytes->ToString(), "89");
  EXPECT_EQ(remote.Read(kObject, 10, 1, middle.stat.etag)->bytes->size(), 0);
  EXPECT_EQ(remote.Read(kObject, 1000, 1)->stat.size, 10);
  EXPECT_EQ(ErrorReason(remote.Read(kObject, 0, 1, "other").status()), kReasonObjectChanged);
  EXPECT_EQ(ErrorReason(remote.Read(kObject, 10, 1, "other").status()), kReasonObjectChanged);
  ASSERT_TRUE(remote.Put(kCopy, "").ok());
  EXPECT_EQ(remote.Read(kCopy, 0, 100)->bytes->size(), 0);
}

TEST(OssObjectsTest, ReadsMoreThanOtherAnswersMayHave) {
  Remote remote;
  const std::string bytes(9 * kMiB, 'x');
  ASSERT_TRUE(remote.Put(kObject, bytes).ok());
  const absl::StatusOr<ObjectBytes> read = remote.Read(kObject, 0, Backend::kMaxReadLength);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->bytes->size(), Backend::kMaxReadLength);
}

TEST(OssObjectsTest, ListsAndDeletesAnyKey) {
  Remote remote;
  std::vector<std::string> keys = {"a\x01",    "a b+c%20", "a&<>\"'", "line\r\n",
                                   "\xc3\xa4", "dir/1",    "dir/2",   " space "};
  for (const std::string& key : keys) ASSERT_TRUE(remote.Put({kBucket, key}, key).ok()) << key;
  std::vector<std::string> listed;
  std::vector<std::string> prefixes;
  ListQuery query = {kBucket, "", "/", "", 2};
  do {
    const absl::StatusOr<ListedObjects> page = remote.List(query);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const ListedObject& object : page->objects) listed.push_back(object.key);
    prefixes.insert(prefixes.end(), page->prefixes.begin(), page->prefixes.end());
    query.page = page->next_page;
  } while (!query.page.empty());
  EXPECT_THAT(listed,
              ElementsAre(" space ", "a\x01", "a b+c%20", "a&<>\"'", "line\r\n", "\xc3\xa4"));
  EXPECT_THAT(prefixes, ElementsAre("dir/"));
  EXPECT_EQ(ErrorReason(remote.List({kBucket, "", "", "no token", 10}).status()), "BAD_PAGE_TOKEN");
  keys.push_back("not there");
  const auto deleted = remote.DeleteMany(kBucket, keys);
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  for (const absl::Status& status : *deleted) EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(remote.List({kBucket, "", "", "", 1000})->objects.empty());
}

TEST(OssObjectsTest, SpeaksSignatureV1) {
  Remote remote({}, {{"signature", "v1"}});
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(remote.Put({kBucket, key}, "x").ok());
  const std::string next = remote.List({kBucket, "", "", "", 2})->next_page;
  EXPECT_EQ(remote.List({kBucket, "", "", next, 2})->objects.size(), 1u);
  EXPECT_TRUE(remote.DeleteMany(kBucket, {"a", "b"}).ok());
  EXPECT_EQ(remote.Read({kBucket, "c"}, 0, 5)->bytes->ToString(), "x");
  EXPECT_TRUE(remote.Copy({kBucket, "c"}, {kBucket, "d"}).ok());
  EXPECT_TRUE(remote.SetAttributes({kBucket, "d"}, Everything()).ok());
  EXPECT_EQ(remote.ListBuckets()->size(), 1u);
}

TEST(OssObjectsTest, ListsBuckets) {
  Remote remote({"--bucket", "another"});
  const std::vector<ListedBucket> buckets = remote.ListBuckets().value();
  ASSERT_EQ(buckets.size(), 2u);
  EXPECT_EQ(buckets[0].name, "another");
  EXPECT_EQ(buckets[1].name, kBucket);
  EXPECT_EQ(buckets[1].region, "cn-hangzhou");
  EXPECT_GT(buckets[1].create_time, absl::InfinitePast());
}

TEST(OssObjectsTest, CopiesWithAllThatTheSourceHas) {
  Remote remote;
  ASSERT_TRUE(remote.Put(kObject, "hello", Everything()).ok());
  const absl::StatusOr<ObjectStat> copy = remote.Copy(kObject, kCopy);
  ASSERT_TRUE(copy.ok()) << copy.status();
  ExpectEverything(*copy);
  EXPECT_EQ(copy->crc64, remote.Stat(kObject)->crc64);
  EXPECT_EQ(remote.Read(kCopy, 0, 100)->bytes->ToString(), "hello");
}

TEST(OssObjectsTest, CopiesInPartsAsAtOnce) {
  Remote remote({"--max-copy-bytes", "1000"});
  // Three parts, of which the last is a byte.
  std::string bytes(128 * kMiB + 1, 'x');
  for (size_t i = 0; i < bytes.size(); i += 4096) bytes[i] = static_cast<char>(i >> 12);
  ASSERT_TRUE(remote.Put(kObject, bytes, Everything()).ok());
  const absl::StatusOr<ObjectStat> copy = remote.Copy(kObject, kCopy);
  ASSERT_TRUE(copy.ok()) << copy.status();
  ExpectEverything(*copy);
  EXPECT_EQ(copy->size, static_cast<int64_t>(bytes.size()));
  EXPECT_FALSE(copy->crc64.has_value());
  for (const int64_t offset : {int64_t{0}, 64 * kMiB - 5, 128 * kMiB - 5}) {
    const absl::StatusOr<ObjectBytes> read = remote.Read(kCopy, offset, 10);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->bytes->ToString(), bytes.substr(static_cast<size_t>(offset), 10));
  }
  ObjectAttributes after;
  after.metadata = {{"new", "1"}};
  const absl::StatusOr<ObjectStat> changed = remote.SetAttributes(kCopy, after, copy->etag);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_THAT(changed->metadata, ElementsAre(Pair("new", "1")));
  EXPECT_EQ(changed->storage_class, "IA");
  EXPECT_EQ(ErrorReason(remote.Copy(kObject, kCopy, "other").status()), kReasonObjectChanged);
  EXPECT_TRUE(remote.ListUploads(kBucket, "")->uploads.empty());
}

TEST(OssObjectsTest, ChangesAttributesInPlace) {
  Remote remote;
  ObjectAttributes before = Everything();
  before.options["acl"] = "private";
  const ObjectStat put = remote.Put(kObject, "hello", before).value();
  ObjectAttributes after;
  after.metadata = {{"new", "1"}};
  const absl::StatusOr<ObjectStat> stat = remote.SetAttributes(kObject, after, put.etag);
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_THAT(stat->metadata, ElementsAre(Pair("new", "1")));
  EXPECT_EQ(stat->cache_control, "");
  EXPECT_EQ(stat->storage_class, "IA");
  EXPECT_EQ(stat->mark, Remote::kMark);
  EXPECT_EQ(stat->crc64, put.crc64);
  EXPECT_EQ(ErrorReason(remote.SetAttributes(kObject, after, "other").status()),
            kReasonObjectChanged);
}

TEST(OssObjectsTest, ArchivedObjectsAreNeitherCopiedNorChanged) {
  Remote remote;
  ObjectAttributes archived = Everything();
  ObjectAttributes other;
  other.storage_class = "Standard";
  for (const char* storage_class : {"Archive", "ColdArchive"}) {
    archived.storage_class = storage_class;
    const ObjectStat put = remote.Put(kObject, "hello", archived).value();
    for (const absl::Status& status :
         {remote.Read(kObject, 0, 5).status(), remote.Copy(kObject, kCopy).status(),
          remote.Copy(kObject, kCopy, "", other).status(),
          remote.SetAttributes(kObject, other, put.etag).status()}) {
      EXPECT_EQ(ErrorReason(status), kReasonRejected) << status;
      EXPECT_THAT(ErrorMetadataOf(status)["remedy"], HasSubstr("restore it first")) << status;
    }
    const ObjectStat now = remote.Stat(kObject).value();
    EXPECT_EQ(now.etag, put.etag);
    EXPECT_EQ(now.metadata, archived.metadata);
    EXPECT_EQ(now.storage_class, storage_class);
    EXPECT_EQ(ErrorReason(remote.Stat(kCopy).status()), kReasonNoSuchObject);
  }
}

}  // namespace
}  // namespace penstock
