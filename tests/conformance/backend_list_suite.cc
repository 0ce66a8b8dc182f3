// Lists of objects: their order, their pages, and what is told of each.

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "tests/conformance/backend_suite.h"

namespace penstock {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(BackendConformanceTest, OddKeysAreListedInTheOrderOfBytes) {
  std::set<std::string> stored;
  std::vector<std::string> keys = OddKeys();
  keys.push_back(LongKey(1023));
  for (const std::string& key : keys) {
    if (!backend().CheckObject(Name(key), {}).ok()) continue;
    ASSERT_TRUE(Put(Name(key), "x").ok()) << testing::PrintToString(key);
    stored.insert(key);
  }
  const std::vector<std::string> expected(stored.begin(), stored.end());
  for (const int32_t limit : {1000, 7}) {
    std::vector<std::string> told;
    const absl::Status listed = ListAll("", "", limit, told);
    PENSTOCK_SKIP_IF_NOT_SUPPORTED(listed);
    ASSERT_TRUE(listed.ok()) << listed;
    EXPECT_EQ(told, expected);
  }
  for (const std::string prefix : {"a", "a/", "a//", "%", "c", " ", "..", "/"}) {
    std::vector<std::string> told, beginning;
    for (const std::string& key : stored) {
      if (key.starts_with(prefix)) beginning.push_back(key);
    }
    ASSERT_TRUE(ListAll(prefix, "", 1000, told).ok()) << prefix;
    EXPECT_EQ(told, beginning) << prefix;
  }
}

TEST_P(BackendConformanceTest, ListTellsOfEachObjectWhatStatTells) {
  const ObjectName put = Name("put"), parts = Name("parts");
  ObjectAttributes attributes;
  attributes.content_type = "text/x-fish";
  attributes.content_encoding = "gzip";
  attributes.metadata = {{"fish", "\xe9\xb1\xbc"}};
  ASSERT_TRUE(Put(put, "content", attributes).ok());
  const std::string id = Initiate(parts, attributes).value();
  ASSERT_TRUE(Complete(parts, id, UploadAll(parts, id, {{1, "part"}}), attributes).ok());
  const absl::StatusOr<ListedObjects> page = List(Query("", "", 1000));
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(page.status());
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(Told(*page), ElementsAre("parts", "put"));
  EXPECT_EQ(page->next_page, "");
  for (const ListedObject& listed : page->objects) {
    const ObjectStat stat = Stat({harness_->bucket(), listed.key}).value();
    EXPECT_EQ(listed.stat.size, stat.size);
    EXPECT_EQ(listed.stat.etag, stat.etag);
    EXPECT_LT(absl::AbsDuration(listed.stat.update_time - stat.update_time), absl::Seconds(1));
    EXPECT_EQ(listed.stat.storage_class, stat.storage_class);
    if (!listed.complete) continue;
    EXPECT_EQ(listed.stat.update_time, stat.update_time);
    EXPECT_EQ(listed.stat.version_id, stat.version_id);
    EXPECT_EQ(listed.stat.crc64, stat.crc64);
    EXPECT_EQ(listed.stat.content_type, stat.content_type);
    EXPECT_EQ(listed.stat.content_encoding, stat.content_encoding);
    EXPECT_EQ(listed.stat.metadata, stat.metadata);
    EXPECT_EQ(listed.stat.mark, kMark);
  }
}

TEST_P(BackendConformanceTest, ListWithDelimiterTellsWhatIsBelowAsOnePrefix) {
  for (const std::string key : {"a", "a!", "a/", "a/b", "a/b/c", "a/d", "a.b", "a//x", "b/c/d/e",
                                "b/c/f", "c", "\xe9\xb1\xbc/fish", "z z/\x01"}) {
    ASSERT_TRUE(Put(Name(key), "x").ok());
  }
  struct Case {
    const char* prefix;
    std::vector<std::string> told;
  };
  const Case cases[] = {{"", {"a", "a!", "a.b", "a/", "b/", "c", "z z/", "\xe9\xb1\xbc/"}},
                        {"a", {"a", "a!", "a.b", "a/"}},
                        {"a/", {"a/", "a//", "a/b", "a/b/", "a/d"}},
                        {"a/b", {"a/b", "a/b/"}},
                        {"a//", {"a//x"}},
                        {"b", {"b/"}},
                        {"b/", {"b/c/"}},
                        {"b/c", {"b/c/"}},
                        {"b/c/", {"b/c/d/", "b/c/f"}},
                        {"c/", {}},
                        {"none", {}},
                        {"z", {"z z/"}}};
  for (const auto& [prefix, expected] : cases) {
    for (const int32_t limit : {1, 3, 1000}) {
      std::vector<std::string> told;
      const absl::Status listed = ListAll(prefix, "/", limit, told);
      PENSTOCK_SKIP_IF_NOT_SUPPORTED(listed);
      ASSERT_TRUE(listed.ok()) << listed;
      EXPECT_EQ(told, expected) << prefix << " " << limit;
    }
  }
  // A prefix is no object, and an object no prefix.
  const ListedObjects page = List(Query("a/", "/", 1000)).value();
  EXPECT_THAT(page.prefixes, ElementsAre(Name("a//").key, Name("a/b/").key));
  EXPECT_EQ(page.objects.size(), 3u);
}

TEST_P(BackendConformanceTest, ListWithoutDelimiterGoesPageByPage) {
  std::vector<std::string> expected;
  for (const std::string key : {"p", "p/1", "p/2/3", "p/2/4", "p/5", "p0", "q"}) {
    ASSERT_TRUE(Put(Name(key), "x").ok());
    expected.push_back(key);
  }
  for (const int32_t limit : {1, 2, 6, 7, 1000}) {
    std::vector<std::string> told;
    const absl::Status listed = ListAll("", "", limit, told);
    PENSTOCK_SKIP_IF_NOT_SUPPORTED(listed);
    ASSERT_TRUE(listed.ok()) << listed;
    EXPECT_EQ(told, expected) << limit;
  }
}

TEST_P(BackendConformanceTest, PagesGoOnWhileObjectsComeAndGo) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Put(Name("d" + std::to_string(i % 4) + "/" + std::to_string(i + 100)), "x").ok());
  }
  // What stays must be told once, whatever is put and deleted around it, and where.
  std::set<std::string> stay;
  for (int i = 0; i < 20; i += 3) {
    stay.insert("d" + std::to_string(i % 4) + "/" + std::to_string(i + 100));
  }
  ListQuery query = Query("", "", 2);
  std::vector<std::string> all;
  for (int number = 0; number == 0 || !query.page.empty(); ++number) {
    const absl::StatusOr<ListedObjects> page = List(query);
    PENSTOCK_SKIP_IF_NOT_SUPPORTED(page.status());
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_LT(number, 100) << "no end";
    const std::vector<std::string> told = Told(*page);
    all.insert(all.end(), told.begin(), told.end());
    query.page = page->next_page;
    // The last that was told, and one that was not yet; one before and one behind.
    const std::string last = told.empty() ? "none" : told.back();
    const std::string late = "d3/" + std::to_string(119 - number);
    for (const std::string& key : {last, late}) {
      ASSERT_TRUE(stay.contains(key) || Delete(Name(key)).ok());
    }
    ASSERT_TRUE(Put(Name("d0/" + std::to_string(number)), "x").ok());
    ASSERT_TRUE(Put(Name("d4/" + std::to_string(number % 3)), "x").ok());
  }
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end()) << "told twice";
  for (const std::string& key : stay) {
    EXPECT_TRUE(std::binary_search(all.begin(), all.end(), key)) << key;
  }
}

TEST_P(BackendConformanceTest, OnlyObjectsThatAreThereAreListed) {
  ASSERT_TRUE(Put(Name("in/gone"), "x").ok());
  ASSERT_TRUE(Delete(Name("in/gone")).ok());
  const std::string id = Initiate(Name("in/upload")).value();
  ASSERT_TRUE(Upload(Name("in/upload"), id, 1, "x").ok());
  auto prepared = Prepare(Name("in/prepared"), "x");
  for (const std::string delimiter : {"", "/"}) {
    std::vector<std::string> told;
    const absl::Status listed = ListAll("", delimiter, 1000, told);
    PENSTOCK_SKIP_IF_NOT_SUPPORTED(listed);
    ASSERT_TRUE(listed.ok()) << listed;
    EXPECT_THAT(told, IsEmpty());
  }
  EXPECT_TRUE(Abort(Name("in/upload"), id).ok());
}

TEST_P(BackendConformanceTest, ListOfAMissingBucketIsNoSuchBucket) {
  ListQuery query = Query("", "", 1000);
  query.bucket = harness_->missing_bucket();
  const absl::Status told = List(query).status();
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(told);
  EXPECT_EQ(ErrorReason(told), kReasonNoSuchBucket) << told;
  EXPECT_TRUE(absl::IsNotFound(told));
}

TEST_P(BackendConformanceTest, BucketsAreListedByName) {
  const absl::StatusOr<std::vector<ListedBucket>> buckets = ListBuckets();
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(buckets.status());
  if (ErrorReason(buckets.status()) == kReasonDenied) GTEST_SKIP() << buckets.status();
  ASSERT_TRUE(buckets.ok()) << buckets.status();
  std::vector<std::string> names;
  for (const ListedBucket& bucket : *buckets) names.push_back(bucket.name);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_THAT(names, testing::Contains(harness_->bucket()));
  EXPECT_THAT(names, testing::Not(testing::Contains(harness_->missing_bucket())));
}

}  // namespace penstock
