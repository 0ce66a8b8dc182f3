#include "plugin/local/key_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "absl/strings/str_split.h"
#include "plugin/object_rules.h"

namespace penstock::local {
namespace {

TEST(KeyPathTest, OrdinaryKeysAreTheirOwnPath) {
  for (const char* key :
       {"cat.jpg", "photos/2024/cat.jpg", "a b+c.txt", ".bashrc", "\xc3\xa4/\xe9\xb1\xbc.txt"}) {
    EXPECT_EQ(KeyToPath(key), key);
  }
}

TEST(KeyPathTest, MapsAsDocumented) {
  EXPECT_EQ(KeyToPath("README"), "README%f");
  EXPECT_EQ(KeyToPath("v1.2/README"), "v1.2%d/README%f");
  EXPECT_EQ(KeyToPath("a//b"), "a/%e/b%f");
  EXPECT_EQ(KeyToPath("/a/"), "%e/a/%e%f");
  EXPECT_EQ(KeyToPath("../.."), "%2E%2E/%2E%2E%f");
  EXPECT_EQ(KeyToPath("./a.b"), "%2E/a.b");
  EXPECT_EQ(KeyToPath("..."), "...");
  EXPECT_EQ(KeyToPath("100%.txt"), "100%25.txt");
  EXPECT_EQ(KeyToPath("a\x01\x7f.b\n"), "a%01%7F.b%0A");
  EXPECT_EQ(KeyToPath("%f"), "%25f%f");
}

TEST(KeyPathTest, CutsLongNamesBetweenCharacters) {
  const std::string key(600, 'x');
  EXPECT_EQ(KeyToPath(key), std::string(250, 'x') + "%c/" + std::string(250, 'x') + "%c/" +
                                std::string(100, 'x') + "%f");
  std::string fish = "x";
  for (int i = 0; i < 100; ++i) fish += "\xe9\xb1\xbc";
  const std::vector<std::string> pieces = absl::StrSplit(KeyToPath(fish), '/');
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_TRUE(CheckKey(pieces[0]).ok()) << "a character was cut";
}

TEST(KeyPathTest, PathsThatNoKeyHasAreRefused) {
  for (const char* path : {"README", "cat.jpg/x.y", "a//b.c", "..", "a%", "a%2e.b", "x%c", "%41.b",
                           "a%f%f", "", "/", "a.b%f", "x%d/y.z", "%e.x", "\xff.x"}) {
    EXPECT_EQ(PathToKey(path), std::nullopt) << path;
  }
}

// What may stand at each place of a file system.
void CheckPath(const std::string& key, const std::string& path) {
  EXPECT_LT(path.size(), 3500u);  // PATH_MAX is 4096, with the bucket
  const std::vector<std::string> components = absl::StrSplit(path, '/');
  for (const std::string& component : components) {
    EXPECT_THAT(component, testing::Not(testing::AnyOf("", ".", "..")));
    EXPECT_LE(component.size(), 255u);
    EXPECT_TRUE(CheckKey(component).ok());
  }
  EXPECT_EQ(PathToKey(path), key);
}

TEST(KeyPathTest, ComponentsSayWhatTheyAddToAKey) {
  using Kind = PathPiece::Kind;
  const auto expect = [](const char* component, const char* added, Kind kind) {
    const std::optional<PathPiece> piece = ParseComponent(component);
    ASSERT_TRUE(piece.has_value()) << component;
    EXPECT_EQ(piece->KeyBytes(), added) << component;
    EXPECT_EQ(piece->kind, kind) << component;
  };
  expect("photos", "photos/", Kind::kDirectory);
  expect("v1.2%d", "v1.2/", Kind::kDirectory);
  expect("cat.jpg", "cat.jpg", Kind::kFile);
  expect("README%f", "README", Kind::kFile);
  expect("%2E%2E", "../", Kind::kDirectory);
  expect("%e", "/", Kind::kDirectory);
  expect("xx%c", "xx", Kind::kContinued);
  for (const char* component : {"a.b%f", "photos%d", "a%2e.b", "%41.b", "", "..", "a%", "%"}) {
    EXPECT_FALSE(ParseComponent(component).has_value()) << component;
  }
}

TEST(KeyPathTest, KeysOfSomeNamesLieInTheirDirectory) {
  EXPECT_EQ(KeyDirectory(""), "");
  EXPECT_EQ(KeyDirectory("photos/v1.2/"), "photos/v1.2%d");
  EXPECT_EQ(KeyDirectory("//"), "%e/%e");
  EXPECT_EQ(KeyDirectory(std::string(300, 'x') + "/"),
            std::string(250, 'x') + "%c/" + std::string(50, 'x'));
}

TEST(KeyPathTest, LongestKeysFit) {
  for (const char* piece : {"/", "x", "%", ".", "\x01", "./", "%/", "a./", "\x01./", "..", "%c"}) {
    std::string key;
    while (key.size() + std::string(piece).size() <= 1023) key += piece;
    CheckPath(key, KeyToPath(key));
  }
}

TEST(KeyPathTest, RandomKeysComeBackAndNeverCollide) {
  std::mt19937 random(1);
  const std::vector<std::string> pieces = {"/",     ".", "..", "%",  "f", "d",    "c",
                                           "e",     "a", "%f", "%d", "2", "\x1f", "\xe9\xb1\xbc",
                                           "%e%c/", "E"};
  std::set<std::string> keys, files, directories;
  for (int i = 0; i < 20'000; ++i) {
    std::string key;
    for (int length = 1 + random() % 8; length > 0; --length) {
      key += pieces[random() % pieces.size()];
      if (random() % 64 == 0) key += std::string(random() % 400, key.back() == '/' ? '.' : 'z');
    }
    if (!CheckKey(key).ok()) continue;
    keys.insert(key);
    const std::string path = KeyToPath(key);
    CheckPath(key, path);
    files.insert(path);
    for (size_t at = path.find('/'); at != path.npos; at = path.find('/', at + 1)) {
      directories.insert(path.substr(0, at));
    }
  }
  EXPECT_EQ(files.size(), keys.size());
  for (const std::string& file : files) EXPECT_FALSE(directories.contains(file)) << file;
}

}  // namespace
}  // namespace penstock::local
