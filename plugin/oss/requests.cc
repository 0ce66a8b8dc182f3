#include "plugin/oss/requests.h"

#include <utility>

namespace penstock::oss {
namespace {

absl::Status CheckHead(const HttpResponse& answer) {
  const absl::StatusOr<ObjectStat> stat = ParseHead(answer);
  return stat.ok() ? absl::OkStatus()
                   : BadAnswerStatus(answer, std::string(stat.status().message()));
}

}  // namespace

OssRequest ObjectRequest(const ObjectPolicy& policy, const std::string& method,
                         const ObjectName& object, Query query) {
  OssRequest request;
  request.method = method;
  request.bucket = object.bucket;
  request.key = object.key;
  request.query = std::move(query);
  request.headers = policy.request_headers();
  return request;
}

OssRequest BucketRequest(const ObjectPolicy& policy, const std::string& method,
                         const std::string& bucket, Query query) {
  OssRequest request = ObjectRequest(policy, method, {bucket, ""}, std::move(query));
  request.of_bucket = true;
  return request;
}

absl::Status CheckStored(const HttpResponse& answer, const Buffer& body, bool answers_itself) {
  const std::optional<uint64_t> crc64 = Crc64Of(answer);
  if (crc64.has_value() && *crc64 != body.crc64()) return ChecksumStatus(answer, body.crc64());
  if (answers_itself && Unquoted(answer.Header("etag")).empty()) {
    return BadAnswerStatus(answer, "without an ETag");
  }
  return absl::OkStatus();
}

void HeadObject(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                const std::string& version_id, Done<ObjectStat> done) {
  Query query;
  if (!version_id.empty()) query["versionId"] = version_id;
  client.Call(ObjectRequest(policy, "HEAD", object, std::move(query)), Repeat::kFreely, CheckHead,
              [done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
                if (!answer.ok()) {
                  std::move(done)(std::move(answer).status());
                } else {
                  std::move(done)(ParseHead(*answer));
                }
              });
}

}  // namespace penstock::oss
