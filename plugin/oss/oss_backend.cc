#include "plugin/oss/oss_backend.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/oss/client.h"
#include "plugin/oss/digest.h"
#include "plugin/oss/object_headers.h"
#include "plugin/oss/replies.h"

namespace penstock::oss {
namespace {

constexpr int64_t kMinPartSize = 100 * 1024;
constexpr int64_t kMaxPartSize = int64_t{5} << 30;
constexpr int32_t kMaxPartCount = 10'000;

// OSS is silent while it combines parts.
constexpr absl::Duration kCompleteTimeout = absl::Minutes(10);

constexpr int kCallbackFailed = 203;

Capabilities OssCapabilities() {
  Capabilities capabilities;
  capabilities.min_part_size = kMinPartSize;
  capabilities.max_part_size = kMaxPartSize;
  capabilities.max_part_count = kMaxPartCount;
  capabilities.max_object_size = kMaxPartSize * kMaxPartCount;  // 48.8 TB
  capabilities.max_put_size = kMaxPartSize;
  capabilities.reports_crc64 = true;
  capabilities.forbids_overwrite_atomically = true;
  return capabilities;
}

OssRequest ControlRequest(const std::string& method, const ObjectName& object, Query query = {}) {
  OssRequest request;
  request.method = method;
  request.bucket = object.bucket;
  request.key = object.key;
  request.query = std::move(query);
  return request;
}

// What must be true of the answer to every request that stored `body`. An answer without a CRC-64
// is believed: OSS leaves it out where it has none.
absl::Status CheckStored(const HttpResponse& answer, const Buffer& body) {
  const std::optional<uint64_t> crc64 = Crc64Of(answer);
  if (crc64.has_value() && *crc64 != body.crc64()) return ChecksumStatus(answer, body.crc64());
  if (Unquoted(answer.Header("etag")).empty()) return BadAnswerStatus(answer, "without an ETag");
  return absl::OkStatus();
}

// Turns a parser of bodies into a judge of answers.
template <typename Parser>
OssClient::Check ChecksBody(Parser parse) {
  return [parse](const HttpResponse& answer) {
    const auto parsed = parse(answer.body);
    return parsed.ok() ? absl::OkStatus()
                       : BadAnswerStatus(answer, std::string(parsed.status().message()));
  };
}

absl::Status CheckHead(const HttpResponse& answer) {
  const absl::StatusOr<ObjectStat> stat = ParseHead(answer);
  return stat.ok() ? absl::OkStatus()
                   : BadAnswerStatus(answer, std::string(stat.status().message()));
}

// Of a request that removes: that there is nothing is as good.
DoneStatus Unless(const std::string& reason, DoneStatus done) {
  return [reason, done = std::move(done)](absl::Status status) mutable {
    std::move(done)(ErrorReason(status) == reason ? absl::OkStatus() : std::move(status));
  };
}

// Where a listing of uploads goes on, as a `page` of Backend::ListUploads and back.
std::string EncodePage(const UploadsPage& page) {
  return absl::StrCat(UriEncode(page.next_key_marker, false), "&", page.next_upload_id_marker);
}

void AddPage(const std::string& page, Query& query) {
  if (page.empty()) return;
  const std::pair<std::string, std::string> markers = absl::StrSplit(page, absl::MaxSplits('&', 1));
  query["key-marker"] = UrlDecode(markers.first);
  query["upload-id-marker"] = markers.second;
}

class OssPut final : public PreparedPut {
 public:
  OssPut(OssClient& client, SignedRequest request, std::shared_ptr<const Buffer> body,
         const ObjectAttributes& attributes, std::string mark)
      : client_(client),
        request_(std::move(request)),
        valid_until_(request_.time + kSignatureLife),
        body_(std::move(body)),
        content_type_(attributes.content_type),
        storage_class_(attributes.storage_class),
        mark_(std::move(mark)) {}

  absl::Time valid_until() const override { return valid_until_; }

  void Send(Done<ObjectStat> done) override {
    ObjectStat stat;
    stat.size = body_->size();
    stat.content_type = content_type_;
    stat.storage_class = storage_class_;
    stat.mark = mark_;
    client_.SendSigned(
        std::move(request_),
        [body = body_](const HttpResponse& answer) {
          // The answer of a failed callback is not about the object, which is stored.
          return answer.status == kCallbackFailed ? absl::OkStatus() : CheckStored(answer, *body);
        },
        [stat = std::move(stat),
         done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
          if (!answer.ok()) {
            std::move(done)(std::move(answer).status());
            return;
          }
          stat.etag = Unquoted(answer->Header("etag"));
          stat.version_id = answer->Header("x-oss-version-id");
          stat.crc64 = Crc64Of(*answer);
          stat.update_time = TimeOf(*answer, "date");
          stat.request_id = answer->Header("x-oss-request-id");
          std::move(done)(std::move(stat));
        });
  }

 private:
  OssClient& client_;
  SignedRequest request_;
  const absl::Time valid_until_;
  const std::shared_ptr<const Buffer> body_;
  const std::string content_type_;
  const std::string storage_class_;
  const std::string mark_;
};

class OssBackend final : public Backend {
 public:
  OssBackend(ClientOptions client_options, std::unique_ptr<CredentialSource> credentials,
             RemoteRestriction restriction, const BackendEnvironment& environment)
      : restriction_(std::move(restriction)),
        client_(std::move(client_options), std::move(credentials), environment) {}

  const Capabilities& capabilities() const override { return capabilities_; }

  absl::Status CheckObject(const ObjectName& object,
                           const ObjectAttributes& attributes) const override {
    PENSTOCK_RETURN_IF_ERROR(CheckBucketName(object.bucket));
    PENSTOCK_RETURN_IF_ERROR(CheckKey(object.key));
    PENSTOCK_RETURN_IF_ERROR(CheckAttributes(attributes, object_options_));
    PENSTOCK_RETURN_IF_ERROR(CheckOssRules(object, attributes));
    return restriction_.Check(object);
  }

  void InitiateUpload(const ObjectName& object, const ObjectAttributes& attributes,
                      const std::string& mark, Done<std::string> done) override;
  void UploadPart(const ObjectName& object, const std::string& upload_id, int32_t number,
                  std::shared_ptr<const Buffer> body, Done<std::string> done) override;
  void CompleteUpload(const ObjectName& object, const std::string& upload_id,
                      const std::vector<PartReference>& parts, const ObjectAttributes& attributes,
                      Done<ObjectStat> done) override;
  void AbortUpload(const ObjectName& object, const std::string& upload_id,
                   DoneStatus done) override;
  void ListParts(const ObjectName& object, const std::string& upload_id,
                 Done<std::vector<ListedPart>> done) override;
  void ListUploads(const std::string& bucket, const std::string& prefix, const std::string& page,
                   Done<ListedUploads> done) override;
  void PreparePut(const ObjectName& object, const ObjectAttributes& attributes,
                  const std::string& mark, std::shared_ptr<const Buffer> body,
                  Done<std::unique_ptr<PreparedPut>> done) override;
  void Stat(const ObjectName& object, Done<ObjectStat> done) override;
  void Delete(const ObjectName& object, DoneStatus done) override;

 private:
  void Head(const ObjectName& object, const std::string& version_id, Done<ObjectStat> done);
  void DescribeCompleted(const ObjectName& object, const HttpResponse& answer,
                         Done<ObjectStat> done);
  absl::StatusOr<std::unique_ptr<PreparedPut>> MakePut(const ObjectName& object,
                                                       const ObjectAttributes& attributes,
                                                       const std::string& mark,
                                                       std::shared_ptr<const Buffer> body);
  void ListPartsFrom(const ObjectName& object, const std::string& upload_id,
                     const std::string& marker, std::vector<ListedPart> before,
                     Done<std::vector<ListedPart>> done);

  const Capabilities capabilities_ = OssCapabilities();
  const std::vector<OptionInfo> object_options_ = ObjectOptions();
  const RemoteRestriction restriction_;
  OssClient client_;  // last: its destructor waits for calls that use the rest
};

void OssBackend::InitiateUpload(const ObjectName& object, const ObjectAttributes& attributes,
                                const std::string& mark, Done<std::string> done) {
  OssRequest request = ControlRequest("POST", object, {{"uploads", ""}, {"encoding-type", "url"}});
  request.headers = InitiateHeaders(attributes, mark);
  // A repetition may leave an upload that nobody knows behind: the reaper lists those.
  client_.Call(std::move(request), Repeat::kFreely, ChecksBody(ParseInitiateReply),
               [done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
                 if (!answer.ok()) {
                   std::move(done)(std::move(answer).status());
                 } else {
                   std::move(done)(ParseInitiateReply(answer->body));
                 }
               });
}

void OssBackend::UploadPart(const ObjectName& object, const std::string& upload_id, int32_t number,
                            std::shared_ptr<const Buffer> body, Done<std::string> done) {
  OssRequest request = ControlRequest(
      "PUT", object, {{"partNumber", absl::StrCat(number)}, {"uploadId", upload_id}});
  request.body = body;
  client_.Call(
      std::move(request), Repeat::kFreely,
      [body](const HttpResponse& answer) { return CheckStored(answer, *body); },
      [done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
        if (!answer.ok()) {
          std::move(done)(std::move(answer).status());
        } else {
          std::move(done)(Unquoted(answer->Header("etag")));
        }
      });
}

void OssBackend::CompleteUpload(const ObjectName& object, const std::string& upload_id,
                                const std::vector<PartReference>& parts,
                                const ObjectAttributes& attributes, Done<ObjectStat> done) {
  const std::string xml = CompleteBody(parts);
  OssRequest request =
      ControlRequest("POST", object, {{"uploadId", upload_id}, {"encoding-type", "url"}});
  request.headers = CompleteHeaders(attributes);
  request.headers["content-type"] = "application/xml";
  request.headers["content-md5"] = ContentMd5(xml);
  request.body = MakeBuffer(xml);
  request.stall_timeout = kCompleteTimeout;
  const auto check = [](const HttpResponse& answer) {
    if (answer.status == kCallbackFailed) return absl::OkStatus();
    return ChecksBody(ParseCompleteReply)(answer);
  };
  client_.Call(std::move(request), Repeat::kIfRefused, check,
               [this, object, done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
                 if (!answer.ok()) {
                   std::move(done)(std::move(answer).status());
                 } else {
                   DescribeCompleted(object, *answer, std::move(done));
                 }
               });
}

// The answer of Complete tells neither size nor mark nor time: HEAD does, of the version that
// Complete made where the bucket keeps versions, else of what is there now.
void OssBackend::DescribeCompleted(const ObjectName& object, const HttpResponse& answer,
                                   Done<ObjectStat> done) {
  const absl::StatusOr<std::string> etag = ParseCompleteReply(answer.body);
  Head(object, answer.Header("x-oss-version-id"),
       [published = etag.ok() ? *etag : std::string(),
        done = std::move(done)](absl::StatusOr<ObjectStat> stat) mutable {
         absl::Status problem;
         if (!stat.ok()) {
           problem = stat.status();
           // Nothing to do about that but to allow it; the caller asks again then.
           if (problem.code() == absl::StatusCode::kPermissionDenied) {
             std::move(done)(WithPrefix(problem, "the object was published, but may not be read"));
             return;
           }
         } else if (published.empty() || stat->etag == published) {
           std::move(done)(std::move(stat));
           return;
         } else {
           problem = absl::UnavailableError("another object has its name by now");
         }
         std::move(done)(
             MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable,
                       absl::StrCat("the object was published, but cannot be described: ",
                                    std::string(problem.message())),
                       ErrorMetadataOf(problem), RetryDelay(problem).value_or(absl::Seconds(1))));
       });
}

void OssBackend::AbortUpload(const ObjectName& object, const std::string& upload_id,
                             DoneStatus done) {
  client_.Call(ControlRequest("DELETE", object, {{"uploadId", upload_id}}), Repeat::kFreely,
               nullptr,
               [done = Unless(kReasonNoSuchUpload, std::move(done))](
                   const absl::StatusOr<HttpResponse>& answer) mutable {
                 std::move(done)(answer.status());
               });
}

void OssBackend::ListParts(const ObjectName& object, const std::string& upload_id,
                           Done<std::vector<ListedPart>> done) {
  ListPartsFrom(object, upload_id, "", {}, std::move(done));
}

void OssBackend::ListPartsFrom(const ObjectName& object, const std::string& upload_id,
                               const std::string& marker, std::vector<ListedPart> before,
                               Done<std::vector<ListedPart>> done) {
  Query query = {{"uploadId", upload_id}, {"max-parts", "1000"}, {"encoding-type", "url"}};
  if (!marker.empty()) query["part-number-marker"] = marker;
  client_.Call(
      ControlRequest("GET", object, std::move(query)), Repeat::kFreely, ChecksBody(ParsePartsReply),
      [this, object, upload_id, marker, parts = std::move(before),
       done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
        if (!answer.ok()) {
          std::move(done)(std::move(answer).status());
          return;
        }
        PartsPage page = *ParsePartsReply(answer->body);
        const bool advances = !page.parts.empty() && page.next_marker != marker;
        parts.insert(parts.end(), page.parts.begin(), page.parts.end());
        if (page.next_marker.empty()) {
          std::move(done)(std::move(parts));
        } else if (!advances) {
          std::move(done)(BadAnswerStatus(*answer, "its list of parts does not advance"));
        } else {
          ListPartsFrom(object, upload_id, page.next_marker, std::move(parts), std::move(done));
        }
      });
}

void OssBackend::ListUploads(const std::string& bucket, const std::string& prefix,
                             const std::string& page, Done<ListedUploads> done) {
  Query query = {{"uploads", ""}, {"max-uploads", "1000"}, {"encoding-type", "url"}};
  if (!prefix.empty()) query["prefix"] = prefix;
  AddPage(page, query);
  OssRequest request = ControlRequest("GET", {bucket, ""}, std::move(query));
  request.of_bucket = true;
  client_.Call(std::move(request), Repeat::kFreely, ChecksBody(ParseUploadsReply),
               [done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
                 if (!answer.ok()) {
                   std::move(done)(std::move(answer).status());
                   return;
                 }
                 UploadsPage found = *ParseUploadsReply(answer->body);
                 ListedUploads uploads;
                 if (!found.next_key_marker.empty()) uploads.next_page = EncodePage(found);
                 uploads.uploads = std::move(found.uploads);
                 std::move(done)(std::move(uploads));
               });
}

void OssBackend::PreparePut(const ObjectName& object, const ObjectAttributes& attributes,
                            const std::string& mark, std::shared_ptr<const Buffer> body,
                            Done<std::unique_ptr<PreparedPut>> done) {
  client_.Post([result = MakePut(object, attributes, mark, std::move(body)),
                done = std::move(done)]() mutable { std::move(done)(std::move(result)); });
}

absl::StatusOr<std::unique_ptr<PreparedPut>> OssBackend::MakePut(
    const ObjectName& object, const ObjectAttributes& attributes, const std::string& mark,
    std::shared_ptr<const Buffer> body) {
  PENSTOCK_RETURN_IF_ERROR(CheckBucketName(object.bucket));
  PENSTOCK_RETURN_IF_ERROR(CheckKey(object.key));
  OssRequest request = ControlRequest("PUT", object);
  request.headers = PutHeaders(attributes, mark);
  request.body = body;
  return std::make_unique<OssPut>(client_, client_.Sign(request), std::move(body), attributes,
                                  mark);
}

void OssBackend::Stat(const ObjectName& object, Done<ObjectStat> done) {
  Head(object, "", std::move(done));
}

void OssBackend::Head(const ObjectName& object, const std::string& version_id,
                      Done<ObjectStat> done) {
  Query query;
  if (!version_id.empty()) query["versionId"] = version_id;
  client_.Call(ControlRequest("HEAD", object, std::move(query)), Repeat::kFreely, CheckHead,
               [done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
                 if (!answer.ok()) {
                   std::move(done)(std::move(answer).status());
                 } else {
                   std::move(done)(ParseHead(*answer));
                 }
               });
}

void OssBackend::Delete(const ObjectName& object, DoneStatus done) {
  client_.Call(ControlRequest("DELETE", object), Repeat::kFreely, nullptr,
               [done = Unless(kReasonNoSuchObject, std::move(done))](
                   const absl::StatusOr<HttpResponse>& answer) mutable {
                 std::move(done)(answer.status());
               });
}

}  // namespace

std::unique_ptr<Backend> MakeOssBackend(ClientOptions client_options,
                                        std::unique_ptr<CredentialSource> credentials,
                                        RemoteRestriction restriction,
                                        const BackendEnvironment& environment) {
  return std::make_unique<OssBackend>(std::move(client_options), std::move(credentials),
                                      std::move(restriction), environment);
}

}  // namespace penstock::oss
