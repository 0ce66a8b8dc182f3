#include "plugin/oss/oss_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/oss/fake_oss.h"
#include "plugin/oss/oss.h"

namespace penstock::oss {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(OssBackendTest, InitiateFixesAttributesAndMarkSigned) {
  Expect({kInitiated});
  ObjectAttributes attributes;
  attributes.content_type = "text/plain";
  EXPECT_EQ(Initiate(attributes).value(), "ID");
  EXPECT_THAT(requests(), ElementsAre("POST /bucket/dir/key%201?encoding-type=url&uploads"));
  EXPECT_EQ(Sent(0, "content-length"), "0");
  EXPECT_EQ(Sent(0, "content-type"), "text/plain");
  EXPECT_EQ(Sent(0, "x-oss-meta-penstock-mark"), "mark");
  EXPECT_EQ(Sent(0, "x-oss-date"), "20231216T162057Z");
  EXPECT_THAT(Sent(0, "authorization"),
              HasSubstr("Credential=ak/20231216/cn-hangzhou/oss/aliyun_v4_request,Signature="));
}

TEST_F(OssBackendTest, UploadPartAnswersTheETag) {
  Expect({kPartStored});
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_THAT(requests(), ElementsAre("PUT /bucket/dir/key%201?partNumber=7&uploadId=ID"));
  EXPECT_EQ(Sent(0, "content-length"), "5");
  EXPECT_EQ(Sent(0, "content-type"), "");
}

TEST_F(OssBackendTest, UploadPartSendsBytesAgainThatArrivedChanged) {
  const Reply changed = {200, {"ETag: \"E\"", "x-oss-hash-crc64ecma: 1"}, ""};
  Expect({changed, kPartStored});
  EXPECT_EQ(Upload("hello").value(), "E7");
  Expect({changed, changed, changed, changed});
  const absl::Status status = Upload("hello").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ErrorReason(status), kReasonChecksumMismatch);
}

TEST_F(OssBackendTest, UploadPartNeedsAnETagButNoChecksum) {
  Expect({{200, {"ETag: \"E\""}, ""}});
  EXPECT_EQ(Upload("hello").value(), "E");
  const Reply bare = {200, {"x-oss-hash-crc64ecma: 11177612005948864433"}, ""};
  Expect({bare, bare, bare, bare});
  EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonUnavailable);
}

TEST_F(OssBackendTest, CompletePublishesTheListAndDescribesTheObject) {
  Expect({kCompleted, kDescribed});
  const ObjectStat stat = Complete().value();
  EXPECT_EQ(stat.size, 5);
  EXPECT_EQ(stat.etag, "E-2");
  EXPECT_EQ(stat.crc64, 5u);
  EXPECT_EQ(stat.mark, "mark");
  EXPECT_THAT(requests(), ElementsAre("POST /bucket/dir/key%201?encoding-type=url&uploadId=ID",
                                      "HEAD /bucket/dir/key%201"));
  EXPECT_EQ(Sent(0, "content-type"), "application/xml");
  EXPECT_EQ(Sent(0, "content-md5"), "cpF/x6xHkpY91Mn9cmNsEw==");
  MutexLock lock(&mutex_);
  EXPECT_EQ(bodies_[0],
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"A\"</ETag>"
            "</Part><Part><PartNumber>3</PartNumber><ETag>\"B\"</ETag></Part>"
            "</CompleteMultipartUpload>");
}

TEST_F(OssBackendTest, CompleteIsUnclearWhenItsObjectCannotBeDescribed) {
  Expect({kCompleted, Refusal(404, "NoSuchKey")});
  EXPECT_EQ(ErrorReason(Complete().status()), kReasonUnavailable);
  Reply other = kDescribed;
  other.headers[0] = "ETag: \"OTHER\"";
  Expect({kCompleted, other});
  EXPECT_EQ(ErrorReason(Complete().status()), kReasonUnavailable);
  Expect({kCompleted, Refusal(403, "AccessDenied")});
  EXPECT_EQ(ErrorReason(Complete().status()), kReasonDenied);
}

TEST_F(OssBackendTest, CompleteTellsItsErrorsApart) {
  const std::pair<Reply, const char*> rows[] = {
      {Refusal(400, "InvalidPart"), kReasonInvalidPart},
      {Refusal(404, "NoSuchUpload"), kReasonNoSuchUpload},
      {Refusal(409, "FileAlreadyExists"), kReasonObjectExists},
      {Refusal(404, "NoSuchBucket"), kReasonNoSuchBucket},
      {Refusal(403, "AccessDenied"), kReasonDenied},
      {Refusal(400, "EntityTooSmall"), kReasonRejected}};
  for (const auto& [reply, reason] : rows) {
    Expect({reply});
    EXPECT_EQ(ErrorReason(Complete().status()), reason);
  }
}

TEST_F(OssBackendTest, AbortOfWhatIsGoneIsOk) {
  Expect({{204, {}, ""}});
  EXPECT_TRUE(Abort().ok());
  EXPECT_THAT(requests(), ElementsAre("DELETE /bucket/dir/key%201?uploadId=ID"));
  Expect({Refusal(404, "NoSuchUpload")});
  EXPECT_TRUE(Abort().ok());
  Expect({Refusal(404, "NoSuchBucket")});
  EXPECT_EQ(ErrorReason(Abort()), kReasonNoSuchBucket);
}

TEST_F(OssBackendTest, DeleteOfWhatIsGoneIsOk) {
  for (const Reply& reply : {Reply{204, {}, ""}, Refusal(404, "NoSuchKey")}) {
    Expect({reply});
    std::promise<absl::Status> answer;
    backend_->Delete(kObject, Into(answer));
    EXPECT_TRUE(answer.get_future().get().ok());
  }
}

TEST_F(OssBackendTest, StatReportsAMissingObjectByItsHeader) {
  Expect({kDescribed});
  EXPECT_EQ(Stat()->size, 5);
  Expect({{404, {"x-oss-request-id: R1"}, ""}});
  EXPECT_EQ(ErrorReason(Stat().status()), kReasonNoSuchObject);
}

TEST_F(OssBackendTest, ListPartsReadsAllPages) {
  const auto page = [](int number, bool more) {
    return Reply{200,
                 {},
                 absl::StrCat("<ListPartsResult><IsTruncated>", more ? "true" : "false",
                              "</IsTruncated><NextPartNumberMarker>", number,
                              "</NextPartNumberMarker><Part><PartNumber>", number,
                              "</PartNumber><ETag>\"A\"</ETag><Size>9</Size></Part>"
                              "</ListPartsResult>")};
  };
  Expect({page(1, true), page(4, false)});
  std::promise<absl::StatusOr<std::vector<ListedPart>>> answer;
  backend_->ListParts(kObject, "ID", Into(answer));
  const auto parts = answer.get_future().get();
  ASSERT_TRUE(parts.ok()) << parts.status();
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[1].number, 4);
  EXPECT_THAT(requests().back(), HasSubstr("part-number-marker=1"));
}

TEST_F(OssBackendTest, ListPartsEndsWhenItsPagesDoNotAdvance) {
  const Reply same = {200,
                      {},
                      "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>1"
                      "</NextPartNumberMarker><Part><PartNumber>1</PartNumber><Size>9</Size></Part>"
                      "</ListPartsResult>"};
  Expect({same, same, same, same});
  std::promise<absl::StatusOr<std::vector<ListedPart>>> answer;
  backend_->ListParts(kObject, "ID", Into(answer));
  EXPECT_EQ(ErrorReason(answer.get_future().get().status()), kReasonUnavailable);
}

TEST_F(OssBackendTest, ListUploadsGoesOnWhereItsPageSays) {
  Expect({{200,
           {},
           "<ListMultipartUploadsResult><EncodingType>url</EncodingType>"
           "<IsTruncated>true</IsTruncated><NextKeyMarker>a%26b%2Bc</NextKeyMarker>"
           "<NextUploadIdMarker>I&amp;D</NextUploadIdMarker></ListMultipartUploadsResult>"},
          {200, {}, "<ListMultipartUploadsResult></ListMultipartUploadsResult>"}});
  std::promise<absl::StatusOr<ListedUploads>> first;
  backend_->ListUploads("bucket", "a", "", Into(first));
  const std::string next = first.get_future().get()->next_page;
  std::promise<absl::StatusOr<ListedUploads>> second;
  backend_->ListUploads("bucket", "a", next, Into(second));
  EXPECT_EQ(second.get_future().get()->next_page, "");
  EXPECT_THAT(requests(),
              ElementsAre("GET /bucket/?encoding-type=url&max-uploads=1000&prefix=a&uploads",
                          "GET /bucket/?encoding-type=url&key-marker=a%26b%2Bc&max-uploads=1000"
                          "&prefix=a&upload-id-marker=I%26D&uploads"));
}

TEST_F(OssBackendTest, PutIsSignedBeforeItIsSentAndSentOnce) {
  const std::unique_ptr<PreparedPut> put = Prepare("hello");
  EXPECT_EQ(put->valid_until(), kNow + absl::Minutes(30));
  EXPECT_THAT(requests(), ElementsAre());
  Reply stored = kPartStored;
  stored.headers.insert(stored.headers.end(), {"x-oss-version-id: V1", "x-oss-request-id: R1",
                                               "Date: Sat, 16 Dec 2023 16:20:58 GMT"});
  Expect({stored});
  std::promise<absl::StatusOr<ObjectStat>> answer;
  put->Send(Into(answer));
  const absl::StatusOr<ObjectStat> stat = answer.get_future().get();
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(stat->size, 5);
  EXPECT_EQ(stat->etag, "E7");
  EXPECT_EQ(stat->crc64, 11177612005948864433u);
  EXPECT_EQ(stat->version_id, "V1");
  EXPECT_EQ(stat->request_id, "R1");
  EXPECT_EQ(stat->mark, "mark");
  EXPECT_EQ(stat->update_time, kNow + absl::Seconds(1));
  EXPECT_THAT(requests(), ElementsAre("PUT /bucket/dir/key%201"));
  EXPECT_EQ(Sent(0, "x-oss-meta-penstock-mark"), "mark");
}

TEST_F(OssBackendTest, CapabilitiesAreOssLimits) {
  const Capabilities& capabilities = backend_->capabilities();
  EXPECT_EQ(capabilities.min_part_size, 102'400);
  EXPECT_EQ(capabilities.max_part_size, 5'368'709'120);
  EXPECT_EQ(capabilities.max_part_count, 10'000);
  EXPECT_EQ(capabilities.max_object_size, 53'687'091'200'000);  // 48.8 TiB
  EXPECT_EQ(capabilities.max_put_size, 5'368'709'120);
}

TEST_F(OssBackendTest, CheckObjectKeepsTheRulesOfAllAndOfOss) {
  EXPECT_TRUE(backend_->CheckObject(kObject, {}).ok());
  EXPECT_EQ(ErrorReason(backend_->CheckObject({"B", "k"}, {})), "BAD_BUCKET");
  EXPECT_EQ(ErrorReason(backend_->CheckObject({"bucket", ""}, {})), "BAD_KEY");
  EXPECT_EQ(ErrorReason(backend_->CheckObject({"bucket", "/k"}, {})), "BAD_KEY");
  ObjectAttributes attributes;
  attributes.options["unheard-of"] = "1";
  EXPECT_EQ(ErrorReason(backend_->CheckObject(kObject, attributes)), "BAD_BACKEND_OPTION");
}

TEST(OssBackendInfoTest, DescribesItsOptions) {
  const BackendInfo info = OssBackendInfo();
  EXPECT_EQ(info.name, "oss");
  std::vector<std::string> names;
  for (const OptionInfo& option : info.options) {
    names.push_back(option.name);
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_EQ(option.required, option.name == "region");
  }
  EXPECT_THAT(names,
              ElementsAre("region", "endpoint", "endpoint_type", "addressing", "signature",
                          "ca_file", "proxy", "proxy_credentials_file", "stall_timeout",
                          "max_requests", "credentials", "access_key_id", "access_key_id_file",
                          "access_key_secret_file", "security_token_file", "credentials_file",
                          "profile", "ram_role_name", "metadata_endpoint", "oidc_provider_arn",
                          "oidc_token_file", "oidc_role_arn", "role_arn", "role_session_name",
                          "role_external_id", "role_duration", "sts_endpoint", "buckets", "prefix",
                          "bucket_versioning", "allow_callback", "traffic_limit", "request_payer"));
}

}  // namespace
}  // namespace penstock::oss
