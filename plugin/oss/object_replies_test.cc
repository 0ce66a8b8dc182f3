#include "plugin/oss/object_replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::oss {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(ObjectRepliesTest, RefusesWhatIsBroken) {
  for (const char* xml : {"", "text", "<Error><Code>x</Code></Error>", "<ListBucketResult>"}) {
    EXPECT_FALSE(ParseObjectsReply(xml).ok()) << xml;
    EXPECT_FALSE(ParseBucketsReply(xml).ok()) << xml;
    EXPECT_FALSE(ParseDeletedReply(xml).ok()) << xml;
    EXPECT_FALSE(ParseCopyReply("CopyObjectResult", xml).ok()) << xml;
    EXPECT_FALSE(ParseAclReply(xml).ok()) << xml;
    EXPECT_FALSE(ParseTagsReply(xml).ok()) << xml;
  }
  EXPECT_FALSE(ParseCopyReply("CopyObjectResult", "<CopyObjectResult/>").ok());
  EXPECT_FALSE(ParseCopyReply("CopyPartResult",
                              "<CopyObjectResult><ETag>\"E\"</ETag>"
                              "</CopyObjectResult>")
                   .ok());
  EXPECT_FALSE(ParseAclReply("<AccessControlPolicy/>").ok());
  EXPECT_FALSE(ParseTagsReply("<Tagging><TagSet><Tag/></TagSet></Tagging>").ok());
  EXPECT_FALSE(
      ParseBucketsReply("<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name></Bucket></Buckets>"
                        "</ListAllMyBucketsResult>")
          .ok());
}

TEST(ObjectRepliesTest, ReadsAListThatIsNotEncoded) {
  const ListedObjects page = ParseObjectsReply(
                                 "<ListBucketResult><Contents><Key>a%20+</Key><Size>0</Size>"
                                 "<LastModified>2023-12-16T16:20:57.000Z</LastModified></Contents>"
                                 "</ListBucketResult>")
                                 .value();
  ASSERT_EQ(page.objects.size(), 1u);
  EXPECT_EQ(page.objects[0].key, "a%20+");
  EXPECT_FALSE(page.objects[0].stat.crc64.has_value());
}

TEST(ObjectRepliesTest, ReadsCopiesAclsAndTags) {
  EXPECT_EQ(ParseCopyReply("CopyPartResult",
                           "<CopyPartResult><ETag>&quot;E&quot;</ETag></CopyPartResult>")
                .value(),
            "E");
  EXPECT_EQ(ParseAclReply("<AccessControlPolicy><AccessControlList><Grant>private</Grant>"
                          "</AccessControlList></AccessControlPolicy>")
                .value(),
            "private");
  EXPECT_THAT(ParseTagsReply("<Tagging><TagSet><Tag><Key>a</Key><Value> </Value></Tag>"
                             "<Tag><Key>b</Key><Value>x y</Value></Tag><Tag><Key>c</Key></Tag>"
                             "</TagSet></Tagging>")
                  .value(),
              ElementsAre(Pair("a", " "), Pair("b", "x y"), Pair("c", "")));
}

TEST(ObjectRepliesTest, KnowsWhichKeysXmlCarries) {
  for (const char* key : {"a", "a b", "a&<>\"'", "\xc3\xa4\x7f", "\xf0\x9f\x90\x9f"}) {
    EXPECT_TRUE(FitsXml(key)) << key;
  }
  for (const char* key : {"", " a", "a ", " ", "a\tb", "a\nb", "a\rb", "\x1f", "\xef\xbf\xbe"}) {
    EXPECT_FALSE(FitsXml(key)) << key;
  }
}

}  // namespace
}  // namespace penstock::oss
