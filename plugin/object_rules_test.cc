#include "plugin/object_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock {
namespace {

TEST(CheckBucketNameTest, KeepsOssRule) {
  for (const char* good : {"abc", "a-b", "0ab", "my-bucket-1"}) {
    EXPECT_TRUE(CheckBucketName(good).ok()) << good;
  }
  for (const char* bad : {"", "ab", "-ab", "ab-", "Abc", "a_b", "a.b", "a/b", "..."}) {
    EXPECT_EQ(ErrorReason(CheckBucketName(bad)), "BAD_BUCKET") << bad;
  }
  EXPECT_TRUE(CheckBucketName(std::string(63, 'a')).ok());
  EXPECT_FALSE(CheckBucketName(std::string(64, 'a')).ok());
}

TEST(CheckKeyTest, TakesAnyUtf8OfTheRightLength) {
  for (const char* good :
       {"a", "/", "a//b", "..", "\xc3\xa4", "\xf0\x9f\x90\x9f", "a b+c%", "\x01"}) {
    EXPECT_TRUE(CheckKey(good).ok()) << good;
  }
  EXPECT_TRUE(CheckKey(std::string(1023, 'k')).ok());
}

TEST(CheckKeyTest, RefusesWhatIsNoUtf8OrTooLong) {
  const std::string bad[] = {"",
                             std::string(1024, 'k'),
                             std::string("a\0b", 3),
                             "\xff",
                             "\xc0\xaf",          // overlong
                             "\xed\xa0\x80",      // a surrogate
                             "\xf4\x90\x80\x80",  // above U+10FFFF
                             "\xe2\x82"};         // cut off
  for (const std::string& key : bad) {
    EXPECT_EQ(ErrorReason(CheckKey(key)), "BAD_KEY") << testing::PrintToString(key);
  }
}

TEST(CheckAttributesTest, RefusesControlCharactersInHeaders) {
  ObjectAttributes attributes;
  attributes.content_type = "text/plain\r\nx-oss-object-acl: public-read";
  const absl::Status status = CheckAttributes(attributes, {});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(status), "BAD_HEADER_VALUE");
  EXPECT_EQ(ErrorMetadataOf(status).at("field"), "content_type");
}

// Every session keeps them in memory.
TEST(CheckAttributesTest, RefusesWhatIsTooLong) {
  ObjectAttributes attributes;
  attributes.content_disposition = std::string(8 * 1024, 'v');
  EXPECT_TRUE(CheckAttributes(attributes, {}).ok());
  attributes.content_disposition += 'v';
  const absl::Status status = CheckAttributes(attributes, {});
  EXPECT_EQ(ErrorReason(status), "BAD_HEADER_VALUE");
  EXPECT_EQ(ErrorMetadataOf(status).at("got"), "8193");
  attributes = ObjectAttributes();
  for (char c = 'a'; c <= 'q'; ++c) attributes.tags[std::string(1, c)] = std::string(1023, 't');
  EXPECT_EQ(ErrorReason(CheckAttributes(attributes, {})), "BAD_TAGS");
  attributes.tags.erase("q");
  EXPECT_TRUE(CheckAttributes(attributes, {}).ok());
}

TEST(CheckAttributesTest, RefusesReservedAndMalformedMetadataNames) {
  for (const char* name : {"", "UPPER", "a_b", "a b", "penstock-mark", "penstock-encoding"}) {
    ObjectAttributes attributes;
    attributes.metadata[name] = "v";
    EXPECT_EQ(ErrorReason(CheckAttributes(attributes, {})), "BAD_METADATA") << name;
  }
  ObjectAttributes attributes;
  for (const char* value : {"gr\xc3\xbc\xc3\x9f dich", "", " ", "a\r\nb", "\x7f"}) {
    attributes.metadata["note"] = value;
    EXPECT_TRUE(CheckAttributes(attributes, {}).ok()) << value;
  }
  attributes.metadata["note"] = "\xff";
  EXPECT_EQ(ErrorReason(CheckAttributes(attributes, {})), "BAD_METADATA");
  attributes.metadata["note"] = std::string(kMaxMetadataBytes, 'x');
  EXPECT_EQ(ErrorReason(CheckAttributes(attributes, {})), "BAD_METADATA");
}

TEST(CheckAttributesTest, KnowsOnlyListedOptions) {
  OptionInfo acl;
  acl.name = "acl";
  ObjectAttributes attributes;
  attributes.options["acl"] = "private";
  EXPECT_TRUE(CheckAttributes(attributes, {acl}).ok());
  EXPECT_EQ(ErrorReason(CheckAttributes(attributes, {})), "BAD_BACKEND_OPTION");
}

TEST(RemoteRestrictionTest, AllowsEverythingByDefault) {
  EXPECT_TRUE(RemoteRestriction({}).Check({"bucket", "key"}).ok());
}

TEST(RemoteRestrictionTest, KeepsToBucketsAndPrefix) {
  const RemoteRestriction restriction({{"buckets", "one, two"}, {"prefix", "team/"}});
  EXPECT_TRUE(restriction.Check({"two", "team/x"}).ok());
  EXPECT_EQ(ErrorReason(restriction.Check({"three", "team/x"})), "BUCKET_NOT_ALLOWED");
  EXPECT_EQ(ErrorReason(restriction.Check({"one", "teams"})), "KEY_NOT_ALLOWED");
}

TEST(RemoteRestrictionTest, NoBucketMeansAllThatAreAllowed) {
  using Buckets = std::vector<std::string>;
  const RemoteRestriction restriction(OptionValues{{"buckets", "one, two"}});
  EXPECT_EQ(*restriction.BucketsMeantBy(""), Buckets({"one", "two"}));
  EXPECT_EQ(*restriction.BucketsMeantBy("two"), Buckets({"two"}));
  EXPECT_EQ(ErrorReason(restriction.BucketsMeantBy("three").status()), "BUCKET_NOT_ALLOWED");
  EXPECT_EQ(*RemoteRestriction({}).BucketsMeantBy("any"), Buckets({"any"}));
  EXPECT_EQ(ErrorReason(RemoteRestriction({}).BucketsMeantBy("").status()), "BUCKET_REQUIRED");
  EXPECT_EQ(ErrorReason(RemoteRestriction({}).BucketsMeantBy("No").status()), "BAD_BUCKET");
}

TEST(RemoteRestrictionTest, NarrowsPrefixesToItsOwn) {
  const RemoteRestriction restriction(OptionValues{{"prefix", "team/"}});
  EXPECT_EQ(*restriction.Narrow(""), "team/");
  EXPECT_EQ(*restriction.Narrow("te"), "team/");
  EXPECT_EQ(*restriction.Narrow("team/a"), "team/a");
  EXPECT_EQ(ErrorReason(restriction.Narrow("teams").status()), "KEY_NOT_ALLOWED");
  EXPECT_EQ(*RemoteRestriction({}).Narrow("x"), "x");
}

}  // namespace
}  // namespace penstock
