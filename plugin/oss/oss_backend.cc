#include "plugin/oss/oss_backend.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/oss/client.h"
#include "plugin/oss/copy.h"
#include "plugin/oss/deletion.h"
#include "plugin/oss/digest.h"
#include "plugin/oss/listing.h"
#include "plugin/oss/object_headers.h"
#include "plugin/oss/overwrite_guard.h"
#include "plugin/oss/publish.h"
#include "plugin/oss/read.h"
#include "plugin/oss/replies.h"
#include "plugin/oss/requests.h"

namespace penstock::oss {
namespace {

constexpr int64_t kMinPartSize = 100 * 1024;
constexpr int64_t kMaxPartSize = int64_t{5} << 30;
constexpr int32_t kMaxPartCount = 10'000;

Capabilities OssCapabilities(const ObjectPolicy& policy) {
  Capabilities capabilities;
  capabilities.min_part_size = kMinPartSize;
  capabilities.max_part_size = kMaxPartSize;
  capabilities.max_part_count = kMaxPartCount;
  capabilities.max_object_size = kMaxPartSize * kMaxPartCount;  // 48.8 TB
  capabilities.max_put_size = kMaxPartSize;
  capabilities.reports_crc64 = true;
  capabilities.forbids_overwrite_atomically = policy.versioning() != ObjectPolicy::Versioning::kOn;
  return capabilities;
}

absl::Status CheckName(const ObjectName& object) {
  PENSTOCK_RETURN_IF_ERROR(CheckBucketName(object.bucket));
  return CheckKey(object.key);
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

class OssBackend final : public Backend {
 public:
  OssBackend(ClientOptions client_options, std::unique_ptr<CredentialCache> credentials,
             RemoteRestriction restriction, ObjectPolicy policy,
             const BackendEnvironment& environment)
      : capabilities_(OssCapabilities(policy)),
        restriction_(std::move(restriction)),
        policy_(std::move(policy)),
        client_(std::move(client_options), std::move(credentials), environment) {}

  const Capabilities& capabilities() const override { return capabilities_; }
  int64_t slowdowns() const override { return client_.slowdowns(); }

  absl::Status CheckObject(const ObjectName& object,
                           const ObjectAttributes& attributes) const override {
    PENSTOCK_RETURN_IF_ERROR(CheckName(object));
    PENSTOCK_RETURN_IF_ERROR(CheckAttributes(attributes, object_options_));
    PENSTOCK_RETURN_IF_ERROR(CheckOssRules(object, attributes));
    PENSTOCK_RETURN_IF_ERROR(restriction_.Check(object));
    PENSTOCK_RETURN_IF_ERROR(policy_.Check(attributes));
    return guard_.CheckKnown(object.bucket, attributes);
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
  void Read(const ObjectName& object, int64_t offset, int64_t length, const std::string& etag,
            Done<ObjectBytes> done) override;
  void List(const ListQuery& query, Done<ListedObjects> done) override;
  void DeleteMany(const std::string& bucket, const std::vector<std::string>& keys,
                  Done<std::vector<absl::Status>> done) override;
  void Copy(const ObjectName& source, const std::string& etag, const ObjectName& target,
            const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done) override;
  void SetAttributes(const ObjectName& object, const std::string& etag,
                     const ObjectAttributes& attributes, Done<ObjectStat> done) override;
  void ListBuckets(Done<std::vector<ListedBucket>> done) override;

 private:
  // Goes on with `next(done)` where the attributes' forbid_overwrite, if any, is a promise.
  template <typename T, typename Next>
  void IfOverwriteIsSafe(const ObjectName& object, const ObjectAttributes& attributes, Done<T> done,
                         Next next);
  void ListPartsFrom(const ObjectName& object, const std::string& upload_id,
                     const std::string& marker, std::vector<ListedPart> before,
                     Done<std::vector<ListedPart>> done);

  const Capabilities capabilities_;
  const std::vector<OptionInfo> object_options_ = ObjectOptions();
  const RemoteRestriction restriction_;
  const ObjectPolicy policy_;
  OverwriteGuard guard_{client_, policy_};
  OssClient client_;  // last: its destructor waits for calls that use the rest
};

template <typename T, typename Next>
void OssBackend::IfOverwriteIsSafe(const ObjectName& object, const ObjectAttributes& attributes,
                                   Done<T> done, Next next) {
  guard_.Check(object.bucket, attributes,
               [this, done = std::move(done), next = std::move(next)](absl::Status safe) mutable {
                 if (safe.ok()) {
                   next(std::move(done));
                   return;
                 }
                 // Perhaps we are within the call.
                 client_.Post([safe = std::move(safe), done = std::move(done)]() mutable {
                   std::move(done)(std::move(safe));
                 });
               });
}

void OssBackend::InitiateUpload(const ObjectName& object, const ObjectAttributes& attributes,
                                const std::string& mark, Done<std::string> done) {
  OssRequest request =
      ObjectRequest(policy_, "POST", object, {{"uploads", ""}, {"encoding-type", "url"}});
  request.headers.merge(InitiateHeaders(attributes, mark));
  // A repetition may leave an upload that nobody knows behind: penstock gc finds those.
  IfOverwriteIsSafe(object, attributes, std::move(done),
                    [this, request = std::move(request)](Done<std::string> next) mutable {
                      client_.Call(
                          std::move(request), Repeat::kFreely, ChecksBody(ParseInitiateReply),
                          [next = std::move(next)](absl::StatusOr<HttpResponse> answer) mutable {
                            if (!answer.ok()) {
                              std::move(next)(std::move(answer).status());
                            } else {
                              std::move(next)(ParseInitiateReply(answer->body));
                            }
                          });
                    });
}

void OssBackend::UploadPart(const ObjectName& object, const std::string& upload_id, int32_t number,
                            std::shared_ptr<const Buffer> body, Done<std::string> done) {
  OssRequest request = ObjectRequest(
      policy_, "PUT", object, {{"partNumber", absl::StrCat(number)}, {"uploadId", upload_id}});
  request.headers.insert(policy_.body_headers().begin(), policy_.body_headers().end());
  request.body = body;
  client_.Call(
      std::move(request), Repeat::kFreely,
      [body](const HttpResponse& answer) { return CheckStored(answer, *body, true); },
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
  IfOverwriteIsSafe(object, attributes, std::move(done),
                    [this, object, upload_id, parts, attributes](Done<ObjectStat> next) mutable {
                      Complete(client_, policy_, object, upload_id, parts, attributes,
                               std::move(next));
                    });
}

void OssBackend::AbortUpload(const ObjectName& object, const std::string& upload_id,
                             DoneStatus done) {
  client_.Call(ObjectRequest(policy_, "DELETE", object, {{"uploadId", upload_id}}), Repeat::kFreely,
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
  client_.Call(ObjectRequest(policy_, "GET", object, std::move(query)), Repeat::kFreely,
               ChecksBody(ParsePartsReply),
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
                   ListPartsFrom(object, upload_id, page.next_marker, std::move(parts),
                                 std::move(done));
                 }
               });
}

void OssBackend::ListUploads(const std::string& bucket, const std::string& prefix,
                             const std::string& page, Done<ListedUploads> done) {
  Query query = {{"uploads", ""}, {"max-uploads", "1000"}, {"encoding-type", "url"}};
  if (!prefix.empty()) query["prefix"] = prefix;
  AddPage(page, query);
  client_.Call(BucketRequest(policy_, "GET", bucket, std::move(query)), Repeat::kFreely,
               ChecksBody(ParseUploadsReply),
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
  using DonePut = Done<std::unique_ptr<PreparedPut>>;
  const absl::Status named = CheckName(object);
  if (!named.ok()) {
    client_.Post([named, done = std::move(done)]() mutable { std::move(done)(named); });
    return;
  }
  IfOverwriteIsSafe(object, attributes, std::move(done),
                    [this, object, attributes, mark, body = std::move(body)](DonePut next) mutable {
                      SignPut(client_, policy_, object, attributes, mark, std::move(body),
                              std::move(next));
                    });
}

void OssBackend::Stat(const ObjectName& object, Done<ObjectStat> done) {
  HeadObject(client_, policy_, object, {}, std::move(done));
}

void OssBackend::Delete(const ObjectName& object, DoneStatus done) {
  DeleteObject(client_, policy_, object, std::move(done));
}

void OssBackend::Read(const ObjectName& object, int64_t offset, int64_t length,
                      const std::string& etag, Done<ObjectBytes> done) {
  ReadObject(client_, policy_, object, offset, length, etag, std::move(done));
}

void OssBackend::List(const ListQuery& query, Done<ListedObjects> done) {
  ListObjects(client_, policy_, query, std::move(done));
}

void OssBackend::DeleteMany(const std::string& bucket, const std::vector<std::string>& keys,
                            Done<std::vector<absl::Status>> done) {
  DeleteObjects(client_, policy_, bucket, keys, std::move(done));
}

void OssBackend::Copy(const ObjectName& source, const std::string& etag, const ObjectName& target,
                      const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done) {
  IfOverwriteIsSafe(target, attributes.value_or(ObjectAttributes()), std::move(done),
                    [this, source, etag, target, attributes](Done<ObjectStat> next) {
                      CopyObject(client_, policy_, source, etag, target, attributes,
                                 std::move(next));
                    });
}

void OssBackend::SetAttributes(const ObjectName& object, const std::string& etag,
                               const ObjectAttributes& attributes, Done<ObjectStat> done) {
  SetObjectAttributes(client_, policy_, object, etag, attributes, std::move(done));
}

void OssBackend::ListBuckets(Done<std::vector<ListedBucket>> done) {
  ListAllBuckets(client_, policy_, std::move(done));
}

}  // namespace

std::unique_ptr<Backend> MakeOssBackend(ClientOptions client_options,
                                        std::unique_ptr<CredentialCache> credentials,
                                        RemoteRestriction restriction, ObjectPolicy policy,
                                        const BackendEnvironment& environment) {
  return std::make_unique<OssBackend>(std::move(client_options), std::move(credentials),
                                      std::move(restriction), std::move(policy), environment);
}

}  // namespace penstock::oss
