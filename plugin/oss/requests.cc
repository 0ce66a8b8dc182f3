#include "plugin/oss/requests.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace penstock::oss {
namespace {

void Describe(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
              const std::string& version_id, const std::string& etag, Done<ObjectStat> done) {
  HeadObject(
      client, policy, object, {version_id, ""},
      [&client, &policy, object, version_id, etag,
       done = std::move(done)](absl::StatusOr<ObjectStat> stat) mutable {
        absl::Status problem = stat.status();
        if (absl::IsPermissionDenied(problem) && !version_id.empty()) {
          // Versions need a permission of their own; what is there now is most often that one.
          Describe(client, policy, object, "", etag, std::move(done));
          return;
        }
        if (absl::IsPermissionDenied(problem)) {
          // Nothing to do about that but to allow it; the caller asks again then.
          std::move(done)(WithPrefix(problem, "the object was published, but may not be read"));
          return;
        }
        if (stat.ok() && (etag.empty() || stat->etag == etag)) {
          std::move(done)(std::move(stat));
          return;
        }
        if (stat.ok()) problem = absl::UnavailableError("another object has its name by now");
        std::move(done)(
            MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable,
                      absl::StrCat("the object was published, but cannot be described: ",
                                   std::string(problem.message())),
                      ErrorMetadataOf(problem), RetryDelay(problem).value_or(absl::Seconds(1))));
      });
}

// Keeps the version that was told when the object was published, also where HEAD tells none.
Done<ObjectStat> WithVersion(const std::string& version_id, Done<ObjectStat> done) {
  return [version_id, done = std::move(done)](absl::StatusOr<ObjectStat> stat) mutable {
    if (stat.ok() && !version_id.empty()) stat->version_id = version_id;
    std::move(done)(std::move(stat));
  };
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
  if (!crc64.has_value() && !answer.Header(kCrc64Header).empty()) {
    return BadAnswerStatus(answer, "with a CRC-64 that is none");
  }
  if (answers_itself && Unquoted(answer.Header("etag")).empty()) {
    return BadAnswerStatus(answer, "without an ETag");
  }
  return absl::OkStatus();
}

OssRequest HeadRequest(const ObjectPolicy& policy, const ObjectName& object, const Which& which) {
  Query query;
  if (!which.version_id.empty()) query["versionId"] = which.version_id;
  OssRequest request = ObjectRequest(policy, "HEAD", object, std::move(query));
  if (!which.etag.empty()) request.headers["if-match"] = Quoted(which.etag);
  return request;
}

absl::Status CheckHead(const HttpResponse& answer) {
  const absl::StatusOr<ObjectStat> stat = ParseHead(answer);
  return stat.ok() ? absl::OkStatus()
                   : BadAnswerStatus(answer, std::string(stat.status().message()));
}

void HeadObject(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                const Which& which, Done<ObjectStat> done) {
  client.Call(HeadRequest(policy, object, which), Repeat::kFreely, CheckHead,
              [done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
                if (!answer.ok()) {
                  std::move(done)(std::move(answer).status());
                } else {
                  std::move(done)(ParseHead(*answer));
                }
              });
}

void DescribePublished(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                       const std::string& version_id, const std::string& etag,
                       Done<ObjectStat> done) {
  Describe(client, policy, object, version_id, etag, WithVersion(version_id, std::move(done)));
}

absl::Status EndingStatus() {
  return MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable,
                   "left off: this process is going down", {}, absl::ZeroDuration());
}

std::string Quoted(const std::string& etag) {
  std::string text;
  for (const char c : etag) {
    const bool plain = absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '"';
    absl::StrAppend(&text, plain ? std::string(1, c) : UriEncode(std::string(1, c), false));
  }
  return absl::StrCat("\"", text, "\"");
}

}  // namespace penstock::oss
