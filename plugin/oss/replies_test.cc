#include "plugin/oss/replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::oss {
namespace {

TEST(RepliesTest, ReadsTheUploadIdOfInitiate) {
  EXPECT_EQ(ParseInitiateReply("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                               "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key>"
                               "<UploadId>0004B9894A22E5B1888A1E29F8236E2D</UploadId>"
                               "</InitiateMultipartUploadResult>")
                .value(),
            "0004B9894A22E5B1888A1E29F8236E2D");
}

TEST(RepliesTest, RefusesBrokenForeignAndIncompleteXml) {
  for (const char* xml :
       {"", "not xml", "<InitiateMultipartUploadResult><UploadId>00",
        "<InitiateMultipartUploadResult><UploadId>00</UploadId>", "<Error><Code>x</Code></Error>",
        "<InitiateMultipartUploadResult></InitiateMultipartUploadResult>",
        "<html><body/></html>"}) {
    EXPECT_FALSE(ParseInitiateReply(xml).ok()) << xml;
  }
  for (const char* xml : {"", "<CompleteMultipartUploadResult><ETag>\"A",
                          "<CompleteMultipartUploadResult/>", "{\"Status\":\"OK\"}"}) {
    EXPECT_FALSE(ParseCompleteReply(xml).ok()) << xml;
  }
  EXPECT_FALSE(ParsePartsReply("<ListPartsResult><Part/></ListPartsResult>").ok());
  EXPECT_FALSE(
      ParsePartsReply("<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>").ok());
  EXPECT_FALSE(ParseUploadsReply("<ListMultipartUploadsResult><Upload><Key>a</Key></Upload>"
                                 "</ListMultipartUploadsResult>")
                   .ok());
}

TEST(RepliesTest, TakesOneDocumentForAReplyAndNoMore) {
  const std::string success =
      "<CompleteMultipartUploadResult><ETag>A-2</ETag></CompleteMultipartUploadResult>";
  const std::string error = "<Error><Code>InternalError</Code></Error>";
  EXPECT_EQ(ParseCompleteReply("<?xml version=\"1.0\"?>\n<!-- kept alive -->\r\n " + success + "\n")
                .value(),
            "A-2");
  for (const std::string& xml :
       {success + error, error + success, success + success, "HTTP/1.1 500 " + success,
        success + "\xff", success + "<![CDATA[more]]>"}) {
    EXPECT_FALSE(ParseCompleteReply(xml).ok()) << xml;
  }
}

TEST(RepliesTest, ReadsTheETagOfCompleteWithoutItsQuotes) {
  EXPECT_EQ(ParseCompleteReply("<CompleteMultipartUploadResult><ETag>&quot;A-2&quot;</ETag>"
                               "</CompleteMultipartUploadResult>")
                .value(),
            "A-2");
}

TEST(RepliesTest, ReadsAListOfParts) {
  const PartsPage page =
      ParsePartsReply(
          "<ListPartsResult><NextPartNumberMarker>5</NextPartNumberMarker>"
          "<IsTruncated>false</IsTruncated>"
          "<Part><PartNumber>1</PartNumber><ETag>\"A\"</ETag>"
          "<HashCrc64ecma>18446744073709551615</HashCrc64ecma><Size>5368709120</Size></Part>"
          "<Part><PartNumber>5</PartNumber><ETag>\"B\"</ETag><Size>3</Size></Part>"
          "</ListPartsResult>")
          .value();
  ASSERT_EQ(page.parts.size(), 2u);
  EXPECT_EQ(page.parts[0].number, 1);
  EXPECT_EQ(page.parts[0].etag, "A");
  EXPECT_EQ(page.parts[0].size, int64_t{5} << 30);
  EXPECT_EQ(page.parts[0].crc64, ~uint64_t{0});
  EXPECT_EQ(page.parts[1].number, 5);
  EXPECT_EQ(page.parts[1].crc64, std::nullopt);
  EXPECT_EQ(page.next_marker, "");
}

TEST(RepliesTest, DecodesKeysOfUploadsWhereTheReplySaysSo) {
  const std::string uploads =
      "<IsTruncated>true</IsTruncated><NextKeyMarker>a%2Bb</NextKeyMarker>"
      "<NextUploadIdMarker>ID2</NextUploadIdMarker>"
      "<Upload><Key>a%2Bb+%01</Key><UploadId>ID1</UploadId>"
      "<Initiated>2012-02-23T04:18:23.500Z</Initiated></Upload></ListMultipartUploadsResult>";
  const UploadsPage encoded =
      ParseUploadsReply("<ListMultipartUploadsResult><EncodingType>url</EncodingType>" + uploads)
          .value();
  EXPECT_EQ(encoded.next_key_marker, "a+b");
  EXPECT_EQ(encoded.next_upload_id_marker, "ID2");
  ASSERT_EQ(encoded.uploads.size(), 1u);
  EXPECT_EQ(encoded.uploads[0].key, "a+b \x01");
  EXPECT_EQ(encoded.uploads[0].upload_id, "ID1");
  EXPECT_EQ(encoded.uploads[0].initiate_time,
            absl::FromUnixSeconds(1329970703) + absl::Milliseconds(500));
  EXPECT_EQ(ParseUploadsReply("<ListMultipartUploadsResult>" + uploads)->uploads[0].key,
            "a%2Bb+%01");
}

TEST(RepliesTest, TellsWhetherABucketHasVersions) {
  const auto parse = [](const std::string& inside) {
    return ParseVersioningReply("<VersioningConfiguration xmlns=\"http://x\">" + inside +
                                "</VersioningConfiguration>");
  };
  EXPECT_FALSE(parse("").value());
  EXPECT_TRUE(parse("<Status>Enabled</Status>").value());
  EXPECT_TRUE(parse("<Status>Suspended</Status>").value());
  EXPECT_FALSE(parse("<Status>Off</Status>").ok());
  EXPECT_FALSE(ParseVersioningReply("<Other/>").ok());
}

TEST(RepliesTest, WritesTheListThatCompletePublishes) {
  EXPECT_EQ(CompleteBody({{1, "A"}, {7, "\"B\""}}),
            "<CompleteMultipartUpload>"
            "<Part><PartNumber>1</PartNumber><ETag>\"A\"</ETag></Part>"
            "<Part><PartNumber>7</PartNumber><ETag>\"B\"</ETag></Part>"
            "</CompleteMultipartUpload>");
  EXPECT_THAT(CompleteBody({{1, "A</ETag><x/>"}}), testing::Not(testing::HasSubstr("<x/>")));
}

TEST(RepliesTest, DescribesAnObjectByItsHeaders) {
  HttpResponse answer;
  answer.status = 200;
  answer.headers = {{"content-length", "11"},
                    {"etag", "\"5D41402A-1\""},
                    {"last-modified", "Wed, 28 Dec 2022 10:27:41 GMT"},
                    {"content-type", "text/plain"},
                    {"x-oss-hash-crc64ecma", "0"},
                    {"x-oss-storage-class", "IA"},
                    {"x-oss-version-id", "V1"},
                    {"x-oss-request-id", "R1"},
                    {"x-oss-meta-author", "al%C3%ADce"},
                    {"x-oss-meta-penstock-encoding", "percent"},
                    {"x-oss-meta-penstock-mark", "0123"}};
  const ObjectStat stat = ParseHead(answer).value();
  EXPECT_EQ(stat.size, 11);
  EXPECT_EQ(stat.etag, "5D41402A-1");
  EXPECT_EQ(stat.update_time, absl::FromUnixSeconds(1672223261));
  EXPECT_EQ(stat.content_type, "text/plain");
  EXPECT_EQ(stat.crc64, 0u);
  EXPECT_EQ(stat.storage_class, "IA");
  EXPECT_EQ(stat.version_id, "V1");
  EXPECT_EQ(stat.request_id, "R1");
  EXPECT_EQ(stat.mark, "0123");
  EXPECT_EQ(stat.metadata, (std::map<std::string, std::string>{{"author",
                                                                "al\xc3\xad"
                                                                "ce"}}));
  answer.headers.erase("content-length");
  EXPECT_FALSE(ParseHead(answer).ok());
}

TEST(RepliesTest, DecodesPercentsAndLeavesBrokenOnes) {
  EXPECT_EQ(UrlDecode("a%2Fb%c3%A4+c%"), "a/b\xc3\xa4 c%");
  EXPECT_EQ(UrlDecode("%zz%4"), "%zz%4");
}

}  // namespace
}  // namespace penstock::oss
