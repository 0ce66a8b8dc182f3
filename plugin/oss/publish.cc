#include "plugin/oss/publish.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"
#include "plugin/oss/callback.h"
#include "plugin/oss/digest.h"
#include "plugin/oss/object_headers.h"
#include "plugin/oss/replies.h"
#include "plugin/oss/requests.h"

namespace penstock::oss {
namespace {

constexpr int kCallbackFailed = 203;

// Whether OSS's own answer is missing from `answer`: the application's stands there, or an error
// that is not about the object.
bool IsOfCallback(const HttpResponse& answer, bool asked_for) {
  return asked_for || answer.status == kCallbackFailed;
}

// What a user should know of an object that was published all the same.
void LogOddities(const ObjectName& object, const ObjectAttributes& attributes,
                 const HttpResponse& answer) {
  log::Fields fields = {{"bucket", object.bucket},
                        {"key", object.key},
                        {"request_id", answer.Header("x-oss-request-id")}};
  if (answer.status == kCallbackFailed) {
    const OssError error = ParseError(answer, false);
    log::Fields all = fields;
    all.insert(all.end(),
               {{"oss_code", error.code}, {"oss_ec", error.ec}, {"oss_message", error.message}});
    log::Warning("the object is published, but its callback failed", all);
  }
  const std::string version_id = answer.Header("x-oss-version-id");
  if (attributes.forbid_overwrite && !version_id.empty()) {
    fields.emplace_back("version_id", version_id);
    log::Warning("the bucket has versioning, where OSS ignores forbid_overwrite", fields);
  }
}

class OssPut final : public PreparedPut {
 public:
  OssPut(OssClient& client, const ObjectPolicy& policy, SignedRequest request, ObjectName object,
         ObjectAttributes attributes, std::string mark, std::shared_ptr<const Buffer> body)
      : client_(client),
        policy_(policy),
        request_(std::move(request)),
        valid_until_(request_.time + kSignatureLife),
        object_(std::move(object)),
        attributes_(std::move(attributes)),
        mark_(std::move(mark)),
        body_(std::move(body)) {}

  absl::Time valid_until() const override { return valid_until_; }

  void Send(Done<ObjectStat> done) override {
    const bool callback = AsksForCallback(attributes_.options);
    client_.SendSigned(
        std::move(request_),
        [body = body_, callback](const HttpResponse& answer) {
          return CheckStored(answer, *body, !IsOfCallback(answer, callback));
        },
        [&client = client_, &policy = policy_, object = object_, attributes = attributes_,
         mark = mark_, size = body_->size(),
         done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
          if (!answer.ok()) {
            std::move(done)(std::move(answer).status());
            return;
          }
          LogOddities(object, attributes, *answer);
          ObjectStat stat;
          stat.size = size;
          stat.etag = Unquoted(answer->Header("etag"));
          stat.version_id = answer->Header("x-oss-version-id");
          stat.crc64 = Crc64Of(*answer);
          stat.update_time = TimeOf(*answer, "date");
          stat.content_type = attributes.content_type;
          stat.storage_class = attributes.storage_class;
          stat.mark = std::move(mark);
          stat.request_id = answer->Header("x-oss-request-id");
          if (stat.etag.empty()) {
            DescribePublished(client, policy, object, stat.version_id, "", std::move(done));
          } else {
            std::move(done)(std::move(stat));
          }
        });
  }

 private:
  OssClient& client_;
  const ObjectPolicy& policy_;
  SignedRequest request_;
  const absl::Time valid_until_;
  const ObjectName object_;
  const ObjectAttributes attributes_;
  const std::string mark_;
  const std::shared_ptr<const Buffer> body_;
};

OssRequest CompleteRequest(const ObjectPolicy& policy, const ObjectName& object,
                           const std::string& upload_id, const std::vector<PartReference>& parts,
                           const ObjectAttributes& attributes) {
  const std::string xml = CompleteBody(parts);
  OssRequest request =
      ObjectRequest(policy, "POST", object, {{"uploadId", upload_id}, {"encoding-type", "url"}});
  request.headers.merge(CompleteHeaders(attributes));
  request.headers["content-type"] = "application/xml";
  request.headers["content-md5"] = ContentMd5(xml);
  request.body = MakeBuffer(xml);
  request.stall_timeout = kSilentTimeout;
  return request;
}

}  // namespace

void SignPut(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
             const ObjectAttributes& attributes, const std::string& mark,
             std::shared_ptr<const Buffer> body, Done<std::unique_ptr<PreparedPut>> done) {
  OssRequest request = ObjectRequest(policy, "PUT", object);
  request.headers.merge(PutHeaders(attributes, mark));
  request.headers.insert(policy.body_headers().begin(), policy.body_headers().end());
  request.body = body;
  client.Sign(
      std::move(request), [&client, &policy, object, attributes, mark, body = std::move(body),
                           done = std::move(done)](absl::StatusOr<SignedRequest> request) mutable {
        if (!request.ok()) {
          std::move(done)(std::move(request).status());
          return;
        }
        std::move(done)(std::make_unique<OssPut>(client, policy, *std::move(request), object,
                                                 attributes, mark, std::move(body)));
      });
}

void Complete(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
              const std::string& upload_id, const std::vector<PartReference>& parts,
              const ObjectAttributes& attributes, Done<ObjectStat> done) {
  const bool callback = AsksForCallback(attributes.options);
  client.Call(
      CompleteRequest(policy, object, upload_id, parts, attributes), Repeat::kIfRefused,
      [callback](const HttpResponse& answer) {
        if (IsOfCallback(answer, callback)) return absl::OkStatus();
        return ChecksBody(ParseCompleteReply)(answer);
      },
      [&client, &policy, object, attributes,
       done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
        if (!answer.ok()) {
          std::move(done)(std::move(answer).status());
          return;
        }
        LogOddities(object, attributes, *answer);
        const std::string version_id = answer->Header("x-oss-version-id");
        const std::string etag =
            ParseCompleteReply(answer->body).value_or(Unquoted(answer->Header("etag")));
        DescribePublished(client, policy, object, version_id, etag, std::move(done));
      });
}

}  // namespace penstock::oss
