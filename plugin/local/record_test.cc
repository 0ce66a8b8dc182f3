#include "plugin/local/record.h"

#include <gtest/gtest.h>

namespace penstock::local {
namespace {

ObjectAttributes SomeAttributes() {
  ObjectAttributes attributes;
  attributes.content_type = "text/plain";
  attributes.cache_control = "no-cache";
  attributes.content_disposition = "attachment; filename=\"a\"";
  attributes.content_encoding = "gzip";
  attributes.metadata = {{"fish", "\xe9\xb1\xbc"}, {"a", ""}};
  attributes.tags = {{"team", "a b"}};
  attributes.storage_class = "IA";
  return attributes;
}

TEST(RecordTest, ObjectRecordComesBack) {
  const ObjectRecord record{
      {"bucket", "key\n\x01\"\xc3\xa4"}, SomeAttributes(), "mark", 5, 0xfedcba9876543210};
  EXPECT_EQ(DecodeObjectRecord(Encode(record)), record);
}

TEST(RecordTest, UploadRecordComesBack) {
  const UploadRecord record{
      {"bucket", "a/b"}, SomeAttributes(), "mark", absl::FromUnixNanos(1'700'000'000'123'456'789)};
  EXPECT_EQ(DecodeUploadRecord(Encode(record)), record);
}

TEST(RecordTest, PartFooterComesBack) {
  const PartFooter footer{int64_t{5} << 30, 0xfedcba9876543210};
  EXPECT_EQ(Encode(footer).size(), static_cast<size_t>(PartFooter::kBytes));
  EXPECT_EQ(DecodePartFooter(Encode(footer)), footer);
}

TEST(RecordTest, DamagedRecordsAreNone) {
  const std::string good = Encode(ObjectRecord{{"bucket", "key"}, {}, "mark", 5, 7});
  ASSERT_TRUE(DecodeObjectRecord(good).has_value());
  for (size_t length = 0; length + 2 < good.size(); ++length) {
    EXPECT_EQ(DecodeObjectRecord(good.substr(0, length)), std::nullopt);
  }
  for (const char* bad : {"", "[]", "null", "{}", R"({"format":1})", R"({"format":2})",
                          R"({"format":1,"bucket":1,"key":"k","size":1,"crc64":"1","mark":""})"}) {
    EXPECT_EQ(DecodeObjectRecord(bad), std::nullopt) << bad;
    EXPECT_EQ(DecodeUploadRecord(bad), std::nullopt) << bad;
  }
}

TEST(RecordTest, DamagedFootersAreNone) {
  const std::string good = Encode(PartFooter{1, 2});
  EXPECT_EQ(DecodePartFooter(good.substr(1)), std::nullopt);
  EXPECT_EQ(DecodePartFooter(good + "x"), std::nullopt);
  EXPECT_EQ(DecodePartFooter("x" + good.substr(1)), std::nullopt);
  EXPECT_EQ(DecodePartFooter(Encode(PartFooter{-1, 2})), std::nullopt);
}

TEST(RecordTest, EtagsTellContentsApart) {
  EXPECT_EQ(ContentEtag(0xab, 3), "\"00000000000000ab-3\"");
  EXPECT_NE(ContentEtag(1, 3), ContentEtag(1, 4));
}

}  // namespace
}  // namespace penstock::local
