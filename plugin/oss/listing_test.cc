// Lists of objects and buckets (listing.h), in front of a server that answers what a test tells it.

#include "plugin/oss/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/oss/fake_oss.h"

namespace penstock::oss {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class ListingTest : public OssBackendTest {
 protected:
  absl::StatusOr<ListedObjects> List(const ListQuery& query) {
    std::promise<absl::StatusOr<ListedObjects>> answer;
    backend_->List(query, Into(answer));
    return answer.get_future().get();
  }
  absl::StatusOr<std::vector<ListedBucket>> ListBuckets() {
    std::promise<absl::StatusOr<std::vector<ListedBucket>>> answer;
    backend_->ListBuckets(Into(answer));
    return answer.get_future().get();
  }
};

Reply Page(const std::string& content) {
  return {200,
          {},
          "<ListBucketResult><EncodingType>url</EncodingType>" + content + "</ListBucketResult>"};
}

Reply Buckets(const std::string& content) {
  return {200, {}, "<ListAllMyBucketsResult>" + content + "</ListAllMyBucketsResult>"};
}

const char kContents[] =
    "<Contents><Key>dir%2Fa%01%20%2B</Key><LastModified>2023-12-16T16:20:57.000Z</LastModified>"
    "<ETag>\"E\"</ETag><Type>Normal</Type><Size>12</Size><StorageClass>IA</StorageClass>"
    "</Contents>";

TEST_F(ListingTest, ListsAPageWithNamesDecoded) {
  Expect({Page(
      absl::StrCat("<IsTruncated>true</IsTruncated>"
                   "<NextContinuationToken>a%2Bb%3D</NextContinuationToken>",
                   kContents, "<CommonPrefixes><Prefix>dir%2Fb%2F</Prefix></CommonPrefixes>"))});
  const ListedObjects page = List({"bucket", "dir/", "/", "", 2}).value();
  EXPECT_THAT(requests(), ElementsAre("GET /bucket/?delimiter=%2F&encoding-type=url&list-type=2&"
                                      "max-keys=2&prefix=dir%2F"));
  ASSERT_THAT(page.objects, SizeIs(1));
  EXPECT_EQ(page.objects[0].key, "dir/a\x01 +");
  EXPECT_EQ(page.objects[0].stat.size, 12);
  EXPECT_EQ(page.objects[0].stat.etag, "E");
  EXPECT_EQ(page.objects[0].stat.update_time, kNow);
  EXPECT_EQ(page.objects[0].stat.storage_class, "IA");
  EXPECT_FALSE(page.objects[0].complete);
  EXPECT_THAT(page.prefixes, ElementsAre("dir/b/"));
  EXPECT_EQ(page.next_page, "a+b=");
}

TEST_F(ListingTest, GoesOnWhereAPageSays) {
  Expect({Page(kContents)});
  EXPECT_EQ(List({"bucket", "", "", "a+b=", 1000})->next_page, "");
  EXPECT_THAT(requests(), ElementsAre("GET /bucket/?continuation-token=a%2Bb%3D&encoding-type=url&"
                                      "list-type=2&max-keys=1000"));
}

TEST_F(ListingTest, TriesAgainAfterBrokenPages) {
  const Reply good = Page(kContents);
  for (const Reply& bad :
       {Page("<IsTruncated>true</IsTruncated>"), Page("<Contents><Key>a</Key></Contents>"),
        Page("<IsTruncated>true</IsTruncated><NextContinuationToken>T</NextContinuationToken>"),
        Reply{200, {}, "<ListBucketResult><Contents>"}, Reply{200, {}, ""}}) {
    Expect({bad, good});
    const absl::StatusOr<ListedObjects> page = List({"bucket", "", "", "T", 1000});
    EXPECT_TRUE(page.ok()) << page.status() << bad.body;
  }
  EXPECT_THAT(requests(), SizeIs(10));
}

TEST_F(ListingTest, TellsWhyItCannotList) {
  Expect({Refusal(404, "NoSuchBucket")});
  EXPECT_EQ(ErrorReason(List({"bucket", "", "", "", 1000}).status()), kReasonNoSuchBucket);
  Expect({Refusal(403, "AccessDenied")});
  const absl::Status denied = List({"bucket", "", "", "", 1000}).status();
  EXPECT_EQ(ErrorReason(denied), kReasonDenied);
  EXPECT_THAT(ErrorMetadataOf(denied)["remedy"], HasSubstr("grant oss:ListObjects"));
  Expect({Refusal(400, "InvalidArgument"), Refusal(400, "InvalidArgument")});
  EXPECT_EQ(ErrorReason(List({"bucket", "", "", "none", 10}).status()), "BAD_PAGE_TOKEN");
  EXPECT_EQ(ErrorReason(List({"bucket", "", "", "", 1000}).status()), kReasonRejected);
}

TEST_F(ListingTest, ListsAllBucketsByName) {
  const std::string first =
      "<Bucket><Name>b-2</Name><CreationDate>2023-12-16T16:20:57.000Z</CreationDate>"
      "<Location>oss-cn-beijing</Location></Bucket>";
  const std::string second =
      "<Bucket><Name>b-1</Name><CreationDate>2023-12-16T16:20:57.000Z</CreationDate>"
      "<Location>oss-cn-hangzhou</Location><Region>cn-hangzhou</Region></Bucket>";
  Expect({Buckets("<IsTruncated>true</IsTruncated><NextMarker>b-2</NextMarker><Buckets>" + first +
                  "</Buckets>"),
          Buckets("<IsTruncated>false</IsTruncated><Buckets>" + second + "</Buckets>")});
  const std::vector<ListedBucket> buckets = ListBuckets().value();
  EXPECT_THAT(requests(), ElementsAre("GET /?max-keys=1000", "GET /?marker=b-2&max-keys=1000"));
  ASSERT_THAT(buckets, SizeIs(2));
  EXPECT_EQ(buckets[0].name, "b-1");
  EXPECT_EQ(buckets[0].region, "cn-hangzhou");
  EXPECT_EQ(buckets[1].name, "b-2");
  EXPECT_EQ(buckets[1].region, "cn-beijing");
  EXPECT_EQ(buckets[1].create_time, kNow);
}

TEST_F(ListingTest, TellsWhyItCannotListBuckets) {
  Expect({Refusal(403, "AccessDenied")});
  EXPECT_THAT(ErrorMetadataOf(ListBuckets().status())["remedy"], HasSubstr("oss:ListBuckets"));
  const Reply again = Buckets("<IsTruncated>true</IsTruncated><NextMarker>b</NextMarker>");
  Expect({again, again});
  EXPECT_EQ(ErrorReason(ListBuckets().status()), kReasonUnavailable);
  // What is asked at a bucket's own domain is asked of the bucket.
  Configure({{"addressing", "cname"}, {"buckets", "bucket"}});
  EXPECT_EQ(ErrorReason(ListBuckets().status()), kReasonNotSupported);
  EXPECT_THAT(requests(), SizeIs(3));
}

}  // namespace
}  // namespace penstock::oss
