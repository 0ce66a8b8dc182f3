#include "plugin/local/object_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <set>

#include "base/error.h"
#include "plugin/local/local_fixture.h"
#include "plugin/object_rules.h"

namespace penstock::local {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::WriteFile;

ListQuery Query(const std::string& prefix = "", const std::string& delimiter = "",
                int32_t limit = 1000) {
  return {"bucket", prefix, delimiter, /*page=*/"", limit};
}

class ObjectListTest : private FastDirectory, public LocalFixture {
 protected:
  ObjectListTest() : LocalFixture(fast.path()) { Open(); }

  // An object as others make one: a file, that is all.
  void Make(const std::string& key) {
    const std::filesystem::path file = ObjectFile(key);
    std::filesystem::create_directories(file.parent_path());
    WriteFile(file, "x");
  }

  // Keys and prefixes of all pages, each in the order of bytes and told once.
  std::vector<std::string> All(ListQuery query) {
    std::vector<std::string> all;
    do {
      const absl::StatusOr<ListedObjects> page = List(query);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      std::vector<std::string> told = page->prefixes;
      for (const ListedObject& object : page->objects) told.push_back(object.key);
      std::sort(told.begin(), told.end());
      EXPECT_LE(std::ssize(told), query.limit);
      if (!all.empty() && !told.empty()) {
        EXPECT_LT(all.back(), told.front());
      }
      all.insert(all.end(), told.begin(), told.end());
      query.page = page->next_page;
    } while (!query.page.empty());
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end()) << "told twice";
    return all;
  }
};

// What List has to tell of these keys.
std::vector<std::string> Expected(const std::set<std::string>& keys, const ListQuery& query) {
  std::set<std::string> told;
  for (const std::string& key : keys) {
    if (!key.starts_with(query.prefix)) continue;
    const size_t end =
        query.delimiter.empty() ? key.npos : key.find(query.delimiter, query.prefix.size());
    told.insert(end == key.npos ? key : key.substr(0, end + 1));
  }
  return {told.begin(), told.end()};
}

TEST_F(ObjectListTest, AnyKeysComeInTheOrderOfBytes) {
  std::mt19937 random(1);
  const std::vector<std::string> pieces = {"/", "/",    "a", "b", ".",    "..",           "%",
                                           "!", "\x01", "-", "0", "\x7f", "\xe9\xb1\xbc", "%f"};
  std::set<std::string> keys;
  while (keys.size() < 600) {
    std::string key;
    for (int length = 1 + static_cast<int>(random() % 6); length > 0; --length) {
      key += pieces[random() % pieces.size()];
      // Around the length where a name goes on in the next directory.
      if (random() % 8 == 0) key += std::string(244 + random() % 8, 'x');
    }
    if (CheckKey(key).ok() && keys.insert(key).second) Make(key);
  }
  for (const std::string delimiter : {"", "/"}) {
    for (const std::string prefix : {"", "a", "a/", "/", "a//", "b.", "xx", "!", "none"}) {
      for (const int32_t limit : {1, 7, 1000}) {
        const ListQuery query = Query(prefix, delimiter, limit);
        EXPECT_EQ(All(query), Expected(keys, query)) << delimiter << " " << prefix << " " << limit;
      }
    }
  }
  const std::string long_name = *std::find_if(keys.begin(), keys.end(), [](const auto& key) {
    return key.find('/') > 300 && key.size() > 300;
  });
  const ListQuery within = Query(long_name.substr(0, 270));
  EXPECT_EQ(All(within), Expected(keys, within));
}

// A long name goes on in a directory, and what lies there comes before and behind what is beside.
TEST_F(ObjectListTest, KeysOnBothSidesOfAContinuedNameAreInOrder) {
  const std::string stem(248, 'x');
  const std::set<std::string> keys = {stem,       stem + "\x01",   stem + "/y", stem + "\x7f",
                                      stem + "y", stem + "\x01/z", stem + "yy"};
  for (const std::string& key : keys) Make(key);
  for (const std::string delimiter : {"", "/"}) {
    for (const int32_t limit : {1, 2, 1000}) {
      const ListQuery query = Query("", delimiter, limit);
      EXPECT_EQ(All(query), Expected(keys, query));
    }
  }
}

TEST_F(ObjectListTest, DirectoryOfMoreNamesThanAreKeptIsListedWhole) {
  std::set<std::string> keys;
  for (int i = 0; i < 10'000; ++i) {
    keys.insert(std::to_string(i * 7919 % 10'007) + (i % 3 == 0 ? "/in" : ".txt"));
  }
  for (const std::string& key : keys) Make(key);
  for (const std::string delimiter : {"", "/"}) {
    const ListQuery query = Query("", delimiter);
    EXPECT_EQ(All(query), Expected(keys, query));
  }
}

TEST_F(ObjectListTest, WhatIsNoObjectIsPassedOver) {
  ASSERT_TRUE(Put(Name("ours.txt"), "x").ok());
  Make("theirs.txt");
  WriteFile(Path("bucket/README"), "a file's name has a dot, or ends with %f");
  WriteFile(Path("bucket/bad%zz.txt"), "x");
  WriteFile(Path("bucket/long%c"), "x");
  WriteFile(Path("bucket/no utf-8 \xff.x"), "x");
  WriteFile(Path("bucket/\xf0.\xf0"), "x");
  std::filesystem::create_directories(Path("bucket/v1.2/dots"));
  WriteFile(Path("bucket/v1.2/a.txt"), "a directory's name has no dot, or ends with %d");
  std::filesystem::create_directories(Path("bucket/empty/deep"));
  std::filesystem::create_directories(Path("bucket/dir.txt"));
  std::filesystem::create_directories(Path("bucket/%e%c/%e%c"));
  std::filesystem::create_directory(Path("outside"));
  WriteFile(Path("outside/secret.txt"), "x");
  std::filesystem::create_symlink(Path("outside"), Path("bucket/link"));
  std::filesystem::create_symlink(Path("outside/secret.txt"), Path("bucket/link.txt"));
  ASSERT_EQ(mkfifo(Path("bucket/pipe.txt").c_str(), 0600), 0);
  for (const std::string delimiter : {"", "/"}) {
    EXPECT_THAT(All(Query("", delimiter)), ElementsAre("ours.txt", "theirs.txt"));
  }
  for (const std::string prefix :
       {"link/", "ours.txt/", "README/", "v1.2/", "empty/", "link", "\xf0"}) {
    EXPECT_THAT(All(Query(prefix)), IsEmpty()) << prefix;
  }
  EXPECT_THAT(All(Query(std::string(2000, 'x'))), IsEmpty());
}

TEST_F(ObjectListTest, DirectoriesThatBecameEmptyAreNotTold) {
  ASSERT_TRUE(Put(Name("a/b/c.txt"), "x").ok());
  ASSERT_TRUE(Delete(Name("a/b/c.txt")).ok());
  EXPECT_THAT(All(Query("", "/")), IsEmpty());
  ASSERT_TRUE(Put(Name("a/z/c.txt"), "x").ok());
  EXPECT_THAT(All(Query("", "/")), ElementsAre("a/"));
}

TEST_F(ObjectListTest, FilesOfOthersAreToldAsStatTellsThem) {
  Make("theirs.txt");
  const ListedObjects page = List(Query()).value();
  ASSERT_EQ(page.objects.size(), 1u);
  EXPECT_TRUE(page.objects[0].complete);
  EXPECT_EQ(page.objects[0].stat.etag, Stat(Name("theirs.txt"))->etag);
  EXPECT_EQ(page.objects[0].stat.crc64, std::nullopt);
}

TEST_F(ObjectListTest, BucketIsMadeWhenItIsNeededAndEmptyBefore) {
  ListQuery query = Query();
  query.bucket = "not-there";
  EXPECT_EQ(ErrorReason(List(query).status()), kReasonNoSuchBucket);
  settings_.create_buckets = true;
  Open();
  const absl::StatusOr<ListedObjects> page = List(query);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->objects, IsEmpty());
  EXPECT_TRUE(Delete({"not-there", "key"}).ok());
  EXPECT_TRUE(DeleteMany("not-there", {"key"}).value().at(0).ok());
  EXPECT_FALSE(std::filesystem::exists(Path("not-there")));
}

TEST_F(ObjectListTest, BadQueriesAreRefused) {
  ListQuery bad_page = Query();
  bad_page.page = "no page";
  for (const ListQuery& query : {bad_page, Query("", "-"), Query("", "", 0)}) {
    EXPECT_EQ(ErrorReason(List(query).status()), kReasonRejected);
  }
}

TEST_F(ObjectListTest, BucketsAreTheDirectoriesWithABucketsName) {
  std::filesystem::create_directory(Path("another"));
  std::filesystem::create_directory(Path("Not A Bucket"));
  std::filesystem::create_symlink(Path("another"), Path("linked"));
  WriteFile(Path("file"), "x");
  const std::vector<ListedBucket> buckets = ListBuckets().value();
  ASSERT_EQ(buckets.size(), 2u);
  EXPECT_EQ(buckets[0].name, "another");
  EXPECT_EQ(buckets[1].name, "bucket");
}

}  // namespace
}  // namespace penstock::local
