#include "plugin/oss/oss_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <future>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "base/error.h"
#include "base/http/fake_http_server.h"
#include "base/http/http_loop.h"
#include "plugin/oss/oss.h"

namespace penstock::oss {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr absl::Time kNow = absl::UnixEpoch() + absl::Seconds(1702743657);
const ObjectName kObject = {"bucket", "dir/key 1"};

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return kNow; }
};

// Always the same bytes: jitter is nearly its bound.
class FakeRandom final : public RandomSource {
 public:
  std::string Bytes(size_t count) override { return std::string(count, '\xff'); }
};

// Runs delayed work at once, unless told to hold it, and remembers the delays.
class FakeExecutor final : public Executor {
 public:
  void Post(Closure closure) override { pool_->Post(std::move(closure)); }
  void PostAfter(absl::Duration delay, Closure closure) override {
    absl::MutexLock lock(&mutex_);
    delays_.push_back(absl::ToInt64Milliseconds(delay + absl::Milliseconds(0.5)));
    if (hold_ != nullptr) {
      held_.push_back(std::move(closure));
      hold_->Notify();
    } else {
      pool_->Post(std::move(closure));
    }
  }
  std::vector<int64_t> delays() const {
    absl::MutexLock lock(&mutex_);
    return delays_;
  }
  void Hold(absl::Notification& held) { hold_ = &held; }

 private:
  const std::unique_ptr<Executor> pool_ = MakeThreadPool(1);
  absl::Notification* hold_ = nullptr;  // told of the closure that is held
  mutable absl::Mutex mutex_;
  std::vector<int64_t> delays_ ABSL_GUARDED_BY(mutex_);
  std::vector<Closure> held_ ABSL_GUARDED_BY(mutex_);
};

// One answer of the fake OSS. Status 0: the connection breaks.
struct Reply {
  int status = 200;
  std::vector<std::string> headers;
  std::string body;
};

Reply Refusal(int status, const std::string& code, std::vector<std::string> headers = {}) {
  headers.push_back("x-oss-request-id: R1");
  return {status, std::move(headers), absl::StrCat("<Error><Code>", code, "</Code></Error>")};
}

template <typename T>
auto Into(std::promise<T>& promise) {
  return [&promise](auto answer) { promise.set_value(std::move(answer)); };
}

class OssBackendTest : public testing::Test {
 protected:
  OssBackendTest() : server_([this](FakeExchange& exchange) { Serve(exchange); }) {
    secret_file_ = absl::StrCat(testing::TempDir(), "/oss_backend_secret_", server_.port());
    WriteSecret("sk");
    OptionValues values = {{"endpoint", server_.url()},
                           {"region", "cn-hangzhou"},
                           {"access_key_id", "ak"},
                           {"access_key_secret_file", secret_file_}};
    Registry registry;
    registry.Add(OssBackendInfo());
    auto backend =
        registry.Create("oss", values, {&http_, &executor_, &executor_, &clock_, &random_});
    EXPECT_TRUE(backend.ok()) << backend.status();
    backend_ = *std::move(backend);
  }

  void WriteSecret(const std::string& secret) {
    std::ofstream(secret_file_, std::ios::trunc) << secret;
  }

  void Serve(FakeExchange& exchange) {
    const std::string body = exchange.ReadBody();
    Reply reply;
    {
      absl::MutexLock lock(&mutex_);
      requests_.push_back(exchange.method() + " " + exchange.target());
      headers_.push_back(exchange.headers());
      bodies_.push_back(body);
      if (replies_.empty()) {
        reply = Refusal(400, "NoMoreReplies");
      } else {
        reply = replies_.front();
        replies_.pop_front();
      }
    }
    if (reply.status == 0) {
      exchange.Reset();
    } else {
      exchange.Reply(reply.status, reply.headers, reply.body);
    }
  }

  void Expect(std::vector<Reply> replies) {
    absl::MutexLock lock(&mutex_);
    replies_.assign(replies.begin(), replies.end());
  }

  std::vector<std::string> requests() {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }
  std::string Sent(size_t request, const std::string& header) {
    absl::MutexLock lock(&mutex_);
    const auto it = headers_.at(request).find(header);
    return it == headers_.at(request).end() ? "" : it->second;
  }

  absl::StatusOr<std::string> Initiate(const ObjectAttributes& attributes = {}) {
    std::promise<absl::StatusOr<std::string>> answer;
    backend_->InitiateUpload(kObject, attributes, "mark", Into(answer));
    return answer.get_future().get();
  }
  absl::StatusOr<std::string> Upload(const std::string& body, const std::string& id = "ID") {
    std::promise<absl::StatusOr<std::string>> answer;
    backend_->UploadPart(kObject, id, 7, MakeBuffer(body), Into(answer));
    return answer.get_future().get();
  }
  absl::StatusOr<ObjectStat> Complete(const ObjectAttributes& attributes = {}) {
    std::promise<absl::StatusOr<ObjectStat>> answer;
    backend_->CompleteUpload(kObject, "ID", {{1, "A"}, {3, "B"}}, attributes, Into(answer));
    return answer.get_future().get();
  }
  absl::StatusOr<ObjectStat> Stat() {
    std::promise<absl::StatusOr<ObjectStat>> answer;
    backend_->Stat(kObject, Into(answer));
    return answer.get_future().get();
  }
  absl::Status Abort() {
    std::promise<absl::Status> answer;
    backend_->AbortUpload(kObject, "ID", Into(answer));
    return answer.get_future().get();
  }
  std::unique_ptr<PreparedPut> Prepare(const std::string& body) {
    std::promise<absl::StatusOr<std::unique_ptr<PreparedPut>>> answer;
    backend_->PreparePut(kObject, {}, "mark", MakeBuffer(body), Into(answer));
    return answer.get_future().get().value();
  }
  absl::StatusOr<ObjectStat> Put(const std::string& body) {
    const std::unique_ptr<PreparedPut> put = Prepare(body);
    std::promise<absl::StatusOr<ObjectStat>> answer;
    put->Send(Into(answer));
    return answer.get_future().get();
  }

  absl::Mutex mutex_;  // guards what follows
  std::deque<Reply> replies_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::multimap<std::string, std::string>> headers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> bodies_ ABSL_GUARDED_BY(mutex_);

  std::string secret_file_;
  FakeHttpServer server_;
  FakeClock clock_;
  FakeRandom random_;
  FakeExecutor executor_;
  HttpLoop http_;
  std::unique_ptr<Backend> backend_;
};

const Reply kPartStored = {200, {"ETag: \"E7\"", "x-oss-hash-crc64ecma: 11177612005948864433"}, ""};
const Reply kInitiated = {
    200,
    {},
    "<InitiateMultipartUploadResult><UploadId>ID</UploadId></InitiateMultipartUploadResult>"};
const Reply kCompleted = {
    200,
    {"x-oss-request-id: R2"},
    "<CompleteMultipartUploadResult><ETag>\"E-2\"</ETag></CompleteMultipartUploadResult>"};
const Reply kDescribed = {200,
                          {"ETag: \"E-2\"", "x-oss-hash-crc64ecma: 5",
                           "x-oss-meta-penstock-mark: mark", "x-oss-request-id: R3"},
                          "12345"};

TEST_F(OssBackendTest, InitiateFixesAttributesAndMarkSigned) {
  Expect({kInitiated});
  ObjectAttributes attributes;
  attributes.content_type = "text/plain";
  attributes.forbid_overwrite = true;
  EXPECT_EQ(Initiate(attributes).value(), "ID");
  EXPECT_THAT(requests(), ElementsAre("POST /bucket/dir/key%201?encoding-type=url&uploads"));
  EXPECT_EQ(Sent(0, "content-length"), "0");
  EXPECT_EQ(Sent(0, "content-type"), "text/plain");
  EXPECT_EQ(Sent(0, "x-oss-meta-penstock-mark"), "mark");
  EXPECT_EQ(Sent(0, "x-oss-forbid-overwrite"), "true");
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

TEST_F(OssBackendTest, UploadPartIsRepeatedAfterFailuresThatDoNoHarm) {
  Expect({Refusal(500, "InternalError"), {0, {}, ""}, Refusal(400, "RequestTimeout"), kPartStored});
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_THAT(executor_.delays(), ElementsAre(200, 400, 800));
}

TEST_F(OssBackendTest, UploadPartGivesUpAfterItsAttempts) {
  Expect({Refusal(503, "ServiceUnavailable"), Refusal(503, "ServiceUnavailable"),
          Refusal(503, "ServiceUnavailable"), Refusal(503, "ServiceUnavailable"), kPartStored});
  const absl::Status status = Upload("hello").status();
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_EQ(ErrorMetadataOf(status).at("oss_code"), "ServiceUnavailable");
  EXPECT_TRUE(RetryDelay(status).has_value());
  EXPECT_THAT(executor_.delays(), ElementsAre(1000, 2000, 4000));
}

TEST_F(OssBackendTest, UploadPartIsNotRepeatedWhenItCannotHelp) {
  Expect({Refusal(404, "NoSuchUpload"), kPartStored});
  EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonNoSuchUpload);
  EXPECT_EQ(requests().size(), 1u);
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

TEST_F(OssBackendTest, ClockIsCorrectedByOssOnceForAll) {
  Expect({Refusal(403, "RequestTimeTooSkewed", {"Date: Sun, 17 Dec 2023 03:47:36 GMT"}),
          kPartStored, kPartStored});
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_EQ(Sent(1, "x-oss-date"), "20231217T034736Z");
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_EQ(Sent(2, "x-oss-date"), "20231217T034736Z");
  EXPECT_THAT(executor_.delays(), ElementsAre());
}

TEST_F(OssBackendTest, ClockIsNotCorrectedByAnybodyElse) {
  Expect({{403,
           {"Date: Sun, 17 Dec 2023 03:47:36 GMT"},
           "<Error><Code>RequestTimeTooSkewed</Code></Error>"},
          kPartStored});
  EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonUnavailable);
  EXPECT_EQ(requests().size(), 1u);
}

TEST_F(OssBackendTest, CredentialsAreReadAgainOnceWhenATokenIsRefused) {
  Expect({Refusal(403, "SecurityTokenExpired"), kPartStored, kPartStored});
  const auto first_signature = [&] { return Sent(0, "authorization"); };
  WriteSecret("sk2");
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_NE(Sent(1, "authorization"), first_signature());
  Expect({Refusal(403, "SecurityTokenExpired"), Refusal(403, "SecurityTokenExpired")});
  EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonDenied);
}

TEST_F(OssBackendTest, CredentialsThatWereReplacedServeTheNextCall) {
  Expect({Refusal(403, "SignatureDoesNotMatch"), kPartStored});
  WriteSecret("sk2");
  EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonDenied);
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_NE(Sent(1, "authorization"), Sent(0, "authorization"));
}

TEST_F(OssBackendTest, CompletePublishesTheListAndDescribesTheObject) {
  Expect({kCompleted, kDescribed});
  ObjectAttributes attributes;
  attributes.forbid_overwrite = true;
  const ObjectStat stat = Complete(attributes).value();
  EXPECT_EQ(stat.size, 5);
  EXPECT_EQ(stat.etag, "E-2");
  EXPECT_EQ(stat.crc64, 5u);
  EXPECT_EQ(stat.mark, "mark");
  EXPECT_THAT(requests(), ElementsAre("POST /bucket/dir/key%201?encoding-type=url&uploadId=ID",
                                      "HEAD /bucket/dir/key%201"));
  EXPECT_EQ(Sent(0, "x-oss-forbid-overwrite"), "true");
  EXPECT_NE(Sent(0, "content-md5"), "");
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(bodies_[0],
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"A\"</ETag>"
            "</Part><Part><PartNumber>3</PartNumber><ETag>\"B\"</ETag></Part>"
            "</CompleteMultipartUpload>");
}

TEST_F(OssBackendTest, CompleteDescribesTheVersionItMade) {
  Reply completed = kCompleted;
  completed.headers.push_back("x-oss-version-id: V9");
  Expect({completed, kDescribed});
  EXPECT_TRUE(Complete().ok());
  EXPECT_EQ(requests().back(), "HEAD /bucket/dir/key%201?versionId=V9");
}

TEST_F(OssBackendTest, CompleteIsNotRepeatedAfterAnUnknownOutcome) {
  const Reply unclear[] = {
      {0, {}, ""},
      Refusal(500, "InternalError"),
      {200, {}, "<CompleteMultipartUploadResult><ETag>\"E"},
      {200, {}, ""},
      Refusal(200, "InternalError"),
  };
  for (const Reply& reply : unclear) {
    Expect({reply, kCompleted, kDescribed});
    const size_t before = requests().size();
    const absl::Status status = Complete().status();
    EXPECT_EQ(ErrorReason(status), kReasonUnavailable) << reply.body;
    EXPECT_TRUE(OutcomeUnknown(status));
    EXPECT_EQ(requests().size(), before + 1);
  }
}

TEST_F(OssBackendTest, CompleteIsRepeatedAfterRefusalsThatHadNoEffect) {
  Expect({Refusal(403, "RequestTimeTooSkewed", {"Date: Sun, 17 Dec 2023 03:47:36 GMT"}),
          Refusal(403, "InvalidSecurityToken"), kCompleted, kDescribed});
  EXPECT_TRUE(Complete().ok());
}

TEST_F(OssBackendTest, CompleteOfAFailedCallbackHasPublished) {
  Expect({Refusal(203, "CallbackFailed"), kDescribed});
  EXPECT_EQ(Complete()->etag, "E-2");
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

TEST_F(OssBackendTest, NamesThatWouldMeanSomethingElseAreNotSent) {
  std::promise<absl::Status> no_key;
  backend_->Delete({"bucket", ""}, Into(no_key));
  EXPECT_EQ(no_key.get_future().get().code(), absl::StatusCode::kInvalidArgument);
  std::promise<absl::Status> no_upload;
  backend_->AbortUpload(kObject, "", Into(no_upload));
  EXPECT_EQ(no_upload.get_future().get().code(), absl::StatusCode::kInvalidArgument);
  std::promise<absl::Status> no_bucket;
  backend_->Delete({"evil.example/x", "key"}, Into(no_bucket));
  EXPECT_EQ(no_bucket.get_future().get().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(requests(), ElementsAre());
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
  EXPECT_EQ(put->valid_until(), kNow + absl::Minutes(15));
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

TEST_F(OssBackendTest, PutIsNeverRepeated) {
  const Reply changed = {200, {"ETag: \"E\"", "x-oss-hash-crc64ecma: 1"}, ""};
  const std::pair<Reply, const char*> rows[] = {
      {{0, {}, ""}, kReasonUnavailable},
      {Refusal(500, "InternalError"), kReasonUnavailable},
      {Refusal(409, "FileAlreadyExists"), kReasonObjectExists},
      {Refusal(403, "SecurityTokenExpired"), kReasonDenied},
      {changed, kReasonChecksumMismatch}};
  for (const auto& [reply, reason] : rows) {
    const size_t before = requests().size();
    Expect({reply, kPartStored});
    EXPECT_EQ(ErrorReason(Put("hello").status()), reason);
    EXPECT_EQ(requests().size(), before + 1);
  }
}

TEST_F(OssBackendTest, PutRefusedForTheClockSucceedsWhenItIsSignedAgain) {
  Expect(
      {Refusal(403, "RequestTimeTooSkewed", {"Date: Sun, 17 Dec 2023 03:47:36 GMT"}), kPartStored});
  EXPECT_EQ(ErrorReason(Put("hello").status()), kReasonUnavailable);
  EXPECT_TRUE(Put("hello").ok());
  EXPECT_EQ(Sent(1, "x-oss-date"), "20231217T034736Z");
}

TEST_F(OssBackendTest, PutRefusedForOldCredentialsIsWorthAnotherAttempt) {
  const std::unique_ptr<PreparedPut> put = Prepare("hello");
  WriteSecret("sk2");
  Expect({Refusal(403, "InvalidSecurityToken")});
  std::promise<absl::StatusOr<ObjectStat>> answer;
  put->Send(Into(answer));
  EXPECT_EQ(ErrorReason(answer.get_future().get().status()), kReasonUnavailable);
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

TEST_F(OssBackendTest, DestructorEndsWhatWaitsToBeSentAgain) {
  absl::Notification held;
  executor_.Hold(held);
  Expect({Refusal(500, "InternalError")});
  std::promise<absl::StatusOr<std::string>> answer;
  backend_->UploadPart(kObject, "ID", 7, MakeBuffer("hello"), Into(answer));
  held.WaitForNotification();
  backend_.reset();
  EXPECT_EQ(ErrorReason(answer.get_future().get().status()), kReasonUnavailable);
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
              ElementsAre("region", "endpoint", "addressing", "access_key_id", "access_key_id_file",
                          "access_key_secret_file", "security_token_file", "buckets", "prefix"));
}

}  // namespace
}  // namespace penstock::oss
