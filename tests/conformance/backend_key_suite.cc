// Keys: every byte that is legal in one, in every place that a key goes to.

#include <set>
#include <utility>

#include "base/error.h"
#include "tests/conformance/backend_suite.h"

namespace penstock {

// Many differ from another in what a careless encoding would lose.
std::vector<std::string> OddKeys() {
  std::vector<std::string> keys = {
      // Directories, or what looks like them.
      "a", "a/b", "a/b/c", "a/", "a//b", "/a", "//", "a.b", "a!", "a.b/c.d", "A", "..", "../..",
      ".", "./a", "a/../b", "a/..", "a/.", "a/./b", "...", ".hidden", "..a", ".penstock/tmp",
      "b///",
      // What a URL and its query are made of.
      "two words", "two+words", "two%20words", "two%2Bwords", "plus+", "per%cent", "%", "%4", "%41",
      "%2e%2e", "%2F", "a%d/x", "b%f", "?", "question?mark=1&x", "uploads?uploadId=1", "&", "=",
      "hash#", "semi;colon", "colon:", "at@", "comma,", "[brackets]", "{braces}", "pipe|", "^", "~",
      "a\\b", "star*", "(parens)!", "$dollar", "http://host/path", "-/x",
      // What XML and headers are made of.
      "quote\"'`", "<tag>&amp;", "]]>", "&#1;", "a\r\nx-evil: 1",
      // Spaces at the ends.
      " ", " leading", "trailing ", "\t", "tab\t",
      // Beyond ASCII: composed and not, right to left, astral, a line separator, a byte order mark.
      "\xc3\xa9", "e\xcc\x81", "\xd7\x90\xd7\x91", "\xe9\xb1\xbc/\xf0\x9f\x90\x9f", "\xe2\x80\xa8",
      "\xef\xbb\xbf", "\xc2\x85", "\xef\xbc\x8e\xef\xbc\x8e",
      // Long ones.
      std::string(600, '/') + "x", std::string(300, 'n') + "/" + std::string(300, 'n')};
  std::string controls = "\x7f";
  for (char c = 1; c < 0x20; ++c) controls.push_back(c);
  keys.push_back(controls);
  for (const char c : {'\x01', '\n', '\r', '\x1f', '\x7f'}) keys.push_back({'c', c});
  return keys;
}

// All of them are there at the same time: none may be another's directory, or another itself.
TEST_P(BackendConformanceTest, OddKeysAreKeysLikeOthers) {
  std::vector<std::string> keys = OddKeys();
  keys.push_back(LongKey(1023));
  std::vector<std::string> stored;
  for (const std::string& key : keys) {
    if (!backend().CheckObject(Name(key), {}).ok()) {
      EXPECT_EQ(key.front(), '/') << testing::PrintToString(key) << ": OSS takes all but these";
      continue;
    }
    const auto published = Put(Name(key), "content of " + key);
    EXPECT_TRUE(published.ok()) << testing::PrintToString(key) << ": " << published.status();
    if (published.ok()) stored.push_back(key);
  }
  for (const std::string& key : stored) {
    SCOPED_TRACE(testing::PrintToString(key));
    ExpectObject(Name(key), "content of " + key);
  }
  for (const std::string& key : stored) EXPECT_TRUE(Delete(Name(key)).ok());
  for (const std::string& key : stored) EXPECT_FALSE(Stat(Name(key)).ok());
}

TEST_P(BackendConformanceTest, OddKeysGoByMultipartToo) {
  for (const std::string key :
       {"m p/+%\xe9\xb1\xbc", "m/../x", "..", "m\x01", "m//", "m?x=1&y#z", "m\r\n", ".m/."}) {
    const ObjectName object = Name(key);
    ASSERT_TRUE(backend().CheckObject(object, {}).ok());
    SCOPED_TRACE(testing::PrintToString(key));
    const absl::StatusOr<std::string> id = Initiate(object);
    ASSERT_TRUE(id.ok()) << id.status();
    const auto parts = UploadAll(object, *id, {{1, key}});
    EXPECT_EQ(ListParts(object, *id)->size(), 1u);
    const auto published = Complete(object, *id, parts);
    ASSERT_TRUE(published.ok()) << published.status();
    ExpectObject(object, key, &*published);
  }
}

TEST_P(BackendConformanceTest, OddKeysComeBackFromTheListOfUploads) {
  std::set<std::pair<std::string, std::string>> begun;
  for (const std::string& key : OddKeys()) {
    const ObjectName object = Name(key);
    if (!backend().CheckObject(object, {}).ok()) continue;
    const absl::StatusOr<std::string> id = Initiate(object);
    ASSERT_TRUE(id.ok()) << testing::PrintToString(key) << ": " << id.status();
    begun.emplace(object.key, *id);
  }
  std::set<std::pair<std::string, std::string>> listed;
  std::string page;
  do {
    const absl::StatusOr<ListedUploads> answer =
        ListUploads(harness_->bucket(), harness_->key_prefix(), page);
    ASSERT_TRUE(answer.ok()) << answer.status();
    for (const ListedUpload& upload : answer->uploads) listed.emplace(upload.key, upload.upload_id);
    page = answer->next_page;
  } while (!page.empty());
  EXPECT_EQ(listed, begun);
  for (const auto& [key, id] : begun) EXPECT_TRUE(Abort({harness_->bucket(), key}, id).ok());
}

}  // namespace penstock
