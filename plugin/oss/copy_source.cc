#include "plugin/oss/copy_source.h"

#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/oss/object_replies.h"
#include "plugin/oss/remedy.h"
#include "plugin/oss/replies.h"
#include "plugin/oss/requests.h"

namespace penstock::oss {
namespace {

// Names of headers that HEAD tells and that say the same when an object is made.
constexpr const char* kContentHeaders[] = {"content-type",     "cache-control",
                                           "expires",          "content-disposition",
                                           "content-encoding", "content-language"};
constexpr const char* kEncryptionHeaders[] = {"x-oss-server-side-encryption",
                                              "x-oss-server-side-encryption-key-id",
                                              "x-oss-server-side-data-encryption"};

void Take(const HttpResponse& answer, const std::string& name, Headers& headers) {
  if (std::string value = answer.Header(name); !value.empty()) headers[name] = std::move(value);
}

absl::StatusOr<CopySource> ParseCopySource(const ObjectName& name, const HttpResponse& answer) {
  CopySource source;
  source.name = name;
  PENSTOCK_ASSIGN_OR_RETURN(source.stat, ParseHead(answer));
  if (source.stat.etag.empty()) return absl::InvalidArgumentError("without an ETag");
  for (const char* header : kContentHeaders) Take(answer, header, source.attributes);
  for (const auto& [header, value] : answer.headers) {
    if (absl::StartsWith(header, "x-oss-meta-")) Take(answer, header, source.attributes);
  }
  for (const char* header : kEncryptionHeaders) Take(answer, header, source.encryption);
  Take(answer, "x-oss-storage-class", source.storage_class);
  int64_t tags = 0;
  source.has_tags = absl::SimpleAtoi(answer.Header("x-oss-tagging-count"), &tags) && tags > 0;
  return source;
}

// Asks for a subresource of an object, of which `parse` makes the answer.
template <typename T>
void Find(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
          const std::string& subresource, const std::string& permission,
          absl::StatusOr<T> (*parse)(const std::string&), Done<T> done) {
  client.Call(ObjectRequest(policy, "GET", object, {{subresource, ""}}), Repeat::kFreely,
              ChecksBody(parse),
              [permission, parse,
               done = std::move(done)](const absl::StatusOr<HttpResponse>& answer) mutable {
                if (!answer.ok()) {
                  std::move(done)(WithPermission(answer.status(), permission));
                } else {
                  std::move(done)(parse(answer->body));
                }
              });
}

}  // namespace

void FindCopySource(OssClient& client, const ObjectPolicy& policy, const ObjectName& name,
                    const std::string& etag, Done<CopySource> done) {
  client.Call(
      HeadRequest(policy, name, {"", etag}), Repeat::kFreely,
      [name](const HttpResponse& answer) {
        const absl::StatusOr<CopySource> source = ParseCopySource(name, answer);
        return source.ok() ? absl::OkStatus()
                           : BadAnswerStatus(answer, std::string(source.status().message()));
      },
      [name, done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
        if (!answer.ok()) {
          std::move(done)(std::move(answer).status());
        } else {
          std::move(done)(ParseCopySource(name, *answer));
        }
      });
}

Headers CopySourceHeaders(const CopySource& source) {
  return {{"x-oss-copy-source",
           absl::StrCat("/", source.name.bucket, "/", UriEncode(source.name.key, true))},
          {"x-oss-copy-source-if-match", Quoted(source.stat.etag)}};
}

void FindTags(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
              Done<std::map<std::string, std::string>> done) {
  Find(client, policy, object, "tagging", "oss:GetObjectTagging", ParseTagsReply, std::move(done));
}

void FindAcl(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
             Done<std::string> done) {
  Find(client, policy, object, "acl", "oss:GetObjectAcl", ParseAclReply, std::move(done));
}

absl::Status CheckCopy(const ObjectStat& source, const ObjectStat& copy) {
  ErrorMetadata metadata = {{"source_size", absl::StrCat(source.size)},
                            {"copied_size", absl::StrCat(copy.size)}};
  std::string problem;
  if (source.size != copy.size) {
    problem = absl::StrCat("the object has ", source.size, " bytes, its copy ", copy.size);
  } else if (source.crc64.has_value() && copy.crc64.has_value() && source.crc64 != copy.crc64) {
    problem =
        absl::StrCat("the CRC-64 of the object is ", *source.crc64, ", of its copy ", *copy.crc64);
    metadata["source_crc64"] = absl::StrCat(*source.crc64);
    metadata["copied_crc64"] = absl::StrCat(*copy.crc64);
  } else {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kDataLoss, kReasonChecksumMismatch,
                   absl::StrCat(problem, ": OSS copied something else"), metadata);
}

}  // namespace penstock::oss
