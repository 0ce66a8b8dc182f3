#include "plugin/oss/object_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock::oss {
namespace {

ObjectAttributes EverySetting() {
  ObjectAttributes attributes;
  attributes.content_type = "text/plain";
  attributes.cache_control = "no-cache";
  attributes.content_disposition = "attachment";
  attributes.content_encoding = "gzip";
  attributes.metadata = {{"author", "al\xc3\xa9"}};
  attributes.tags = {{"a b", "c/d"}, {"empty", ""}};
  attributes.options = {{"acl", "private"},
                        {"server_side_encryption", "KMS"},
                        {"server_side_encryption_key_id", "key-1"},
                        {"server_side_data_encryption", "SM4"},
                        {"callback", R"({"callbackUrl":"http://a.example/","callbackBody":"b"})"},
                        {"callback_var", R"({"x:a":"b"})"}};
  attributes.storage_class = "IA";
  attributes.forbid_overwrite = true;
  return attributes;
}

TEST(ObjectHeadersTest, InitiateCarriesAllButTheAclAndTheCallback) {
  EXPECT_EQ(InitiateHeaders(EverySetting(), "mark"),
            (Headers{{"content-type", "text/plain"},
                     {"cache-control", "no-cache"},
                     {"content-disposition", "attachment"},
                     {"content-encoding", "gzip"},
                     {"x-oss-meta-author", "al%C3%A9"},
                     {"x-oss-meta-penstock-encoding", "percent"},
                     {"x-oss-meta-penstock-mark", "mark"},
                     {"x-oss-tagging", "a%20b=c%2Fd&empty="},
                     {"x-oss-server-side-encryption", "KMS"},
                     {"x-oss-server-side-encryption-key-id", "key-1"},
                     {"x-oss-server-side-data-encryption", "SM4"},
                     {"x-oss-storage-class", "IA"},
                     {"x-oss-forbid-overwrite", "true"}}));
}

TEST(ObjectHeadersTest, PutCarriesAllAndCompleteTheRest) {
  const Headers at_publishing = {
      {"x-oss-object-acl", "private"},
      {"x-oss-callback",
       "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly9hLmV4YW1wbGUvIiwiY2FsbGJhY2tCb2R5IjoiYiJ9"},
      {"x-oss-callback-var", "eyJ4OmEiOiJiIn0="},
      {"x-oss-forbid-overwrite", "true"}};
  EXPECT_EQ(CompleteHeaders(EverySetting()), at_publishing);
  Headers all = at_publishing;
  all.merge(InitiateHeaders(EverySetting(), "mark"));
  EXPECT_EQ(PutHeaders(EverySetting(), "mark"), all);
}

TEST(ObjectHeadersTest, SendsNothingThatIsNotGiven) {
  EXPECT_EQ(InitiateHeaders({}, ""), Headers());
  EXPECT_EQ(CompleteHeaders({}), Headers());
}

TEST(ObjectHeadersTest, AcceptsEverythingThatOssKeeps) {
  EXPECT_TRUE(CheckOssRules({"bkt", "key"}, EverySetting()).ok());
  ObjectAttributes attributes;
  for (const char* good : {"Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive", ""}) {
    attributes.storage_class = good;
    EXPECT_TRUE(CheckOssRules({"bkt", "a\\/"}, attributes).ok()) << good;
  }
}

TEST(ObjectHeadersTest, RefusesWhatOssWouldRefuseOrLose) {
  const auto reason = [](const std::string& key, const ObjectAttributes& attributes) {
    return ErrorReason(CheckOssRules({"bkt", key}, attributes));
  };
  EXPECT_EQ(reason("/a", {}), "BAD_KEY");
  EXPECT_EQ(reason("\\a", {}), "BAD_KEY");
  ObjectAttributes attributes;
  attributes.storage_class = "GLACIER";
  EXPECT_EQ(reason("a", attributes), "BAD_STORAGE_CLASS");
  attributes = {};
  attributes.metadata["name"] = std::string(8192 - 4 - 77, 'x');
  EXPECT_EQ(reason("a", attributes), "");
  attributes.metadata["name"] += "x";
  EXPECT_EQ(reason("a", attributes), "BAD_METADATA");
  attributes.metadata["name"] = std::string(2000, 'x') + std::string(2000, '\n');
  EXPECT_EQ(reason("a", attributes), "");
  attributes.metadata["name"] += std::string(100, '%');
  EXPECT_EQ(reason("a", attributes), "BAD_METADATA");
  attributes = {};
  attributes.content_type = " text/plain";
  EXPECT_EQ(reason("a", attributes), "BAD_HEADER_VALUE");
}

TEST(ObjectHeadersTest, KeepsOssRulesOfTags) {
  const auto reason = [](const std::map<std::string, std::string>& tags) {
    ObjectAttributes attributes;
    attributes.tags = tags;
    return ErrorReason(CheckOssRules({"bkt", "a"}, attributes));
  };
  std::map<std::string, std::string> many;
  for (int i = 0; i < 10; ++i) many[std::to_string(i)] = "v";
  EXPECT_EQ(reason(many), "");
  many["one more"] = "v";
  EXPECT_EQ(reason(many), "BAD_TAGS");
  EXPECT_EQ(reason({{"a Z9+-=._:/", std::string(256, 'v')}}), "");
  EXPECT_EQ(reason({{"", "v"}}), "BAD_TAGS");
  EXPECT_EQ(reason({{std::string(129, 'k'), "v"}}), "BAD_TAGS");
  EXPECT_EQ(reason({{"k", std::string(257, 'v')}}), "BAD_TAGS");
  EXPECT_EQ(reason({{"k", "a&b"}}), "BAD_TAGS");
}

TEST(ObjectHeadersTest, KnowsTheValuesOfItsOptions) {
  const auto reason = [](const std::map<std::string, std::string>& options) {
    ObjectAttributes attributes;
    attributes.options = options;
    return ErrorReason(CheckOssRules({"bkt", "a"}, attributes));
  };
  EXPECT_EQ(reason({{"acl", "public-read"}, {"server_side_encryption", "AES256"}}), "");
  EXPECT_EQ(reason({{"acl", "public"}}), "BAD_BACKEND_OPTION");
  EXPECT_EQ(reason({{"server_side_encryption", "rot13"}}), "BAD_BACKEND_OPTION");
  EXPECT_EQ(reason({{"server_side_encryption_key_id", "k"}}), "BAD_BACKEND_OPTION");
  const std::pair<std::string, std::string> kms = {"server_side_encryption", "KMS"};
  EXPECT_EQ(reason({kms, {"server_side_encryption_key_id", "k"}}), "");
  EXPECT_EQ(reason({kms, {"server_side_encryption_key_id", ""}}), "BAD_BACKEND_OPTION");
  EXPECT_EQ(reason({kms, {"server_side_encryption_key_id", "a b"}}), "BAD_BACKEND_OPTION");
  EXPECT_EQ(reason({kms, {"server_side_data_encryption", "SM4"}}), "");
  EXPECT_EQ(reason({kms, {"server_side_data_encryption", "AES256"}}), "BAD_BACKEND_OPTION");
  EXPECT_EQ(reason({{"server_side_data_encryption", "SM4"}}), "BAD_BACKEND_OPTION");
  EXPECT_EQ(reason({{"callback", "{}"}}), "BAD_BACKEND_OPTION");
}

}  // namespace
}  // namespace penstock::oss
