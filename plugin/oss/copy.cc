#include "plugin/oss/copy.h"

#include <memory>
#include <utility>

#include "base/error.h"
#include "plugin/oss/copy_source.h"
#include "plugin/oss/multipart_copy.h"
#include "plugin/oss/object_headers.h"
#include "plugin/oss/object_replies.h"
#include "plugin/oss/remedy.h"
#include "plugin/oss/replies.h"
#include "plugin/oss/requests.h"

namespace penstock::oss {
namespace {

// OSS documents 1 GB without saying of which bytes: the smaller.
constexpr int64_t kMaxCopySize = 1'000'000'000;

constexpr char kCopied[] = "CopyObjectResult";

struct CopyPlan {
  CopySource source;
  ObjectName target;
  bool replaces_attributes = false;  // otherwise OSS copies them, and the tags
  bool replaces_tags = false;
  Headers attributes;           // content headers and metadata of the target
  Headers others;               // what else it carries
  ObjectAttributes complete;    // ACL and forbid_overwrite
  bool always_at_once = false;  // try CopyObject whatever the size

  bool in_place() const { return source.name == target; }
};

CopyPlan PlanSame(CopySource source, const ObjectName& target) {
  CopyPlan plan;
  plan.target = target;
  plan.attributes = source.attributes;
  plan.others = source.storage_class;
  plan.others.insert(source.encryption.begin(), source.encryption.end());
  plan.source = std::move(source);
  return plan;
}

CopyPlan PlanReplacing(CopySource source, const ObjectName& target,
                       const ObjectAttributes& attributes) {
  CopyPlan plan;
  plan.target = target;
  plan.replaces_attributes = true;
  plan.replaces_tags = true;
  plan.attributes = InitiateHeaders(attributes, source.stat.mark);
  plan.complete.options = AclOption(attributes.options);
  plan.complete.forbid_overwrite = attributes.forbid_overwrite;
  plan.source = std::move(source);
  return plan;
}

CopyPlan PlanInPlace(CopySource source, ObjectAttributes attributes, const std::string& acl) {
  attributes.tags.clear();
  attributes.options.clear();
  attributes.forbid_overwrite = false;
  CopyPlan plan;
  plan.target = source.name;
  plan.replaces_attributes = true;
  plan.attributes = InitiateHeaders(attributes, source.stat.mark);
  if (attributes.storage_class.empty()) plan.others = source.storage_class;
  plan.others.insert(source.encryption.begin(), source.encryption.end());
  plan.complete.options = AclOption(acl);
  plan.always_at_once = true;
  plan.source = std::move(source);
  return plan;
}

// Whether `now` is what `plan` was to make of its source: a request that was sent again may find
// what it did the first time.
bool IsDone(const CopyPlan& plan, const CopySource& now) {
  const ObjectStat& before = plan.source.stat;
  if (!before.crc64.has_value() || before.crc64 != now.stat.crc64) return false;
  if (before.size != now.stat.size) return false;
  for (const auto& [name, value] : now.attributes) {
    // OSS gives an object a type that was given none.
    if (name != "content-type" && !plan.attributes.contains(name)) return false;
  }
  Headers known = now.attributes;
  known.insert(now.storage_class.begin(), now.storage_class.end());
  known.insert(now.encryption.begin(), now.encryption.end());
  for (const Headers* wanted : {&plan.attributes, &plan.others}) {
    for (const auto& [name, value] : *wanted) {
      if (const auto it = known.find(name); it == known.end() || it->second != value) return false;
    }
  }
  return true;
}

class ObjectCopy : public std::enable_shared_from_this<ObjectCopy> {
 public:
  ObjectCopy(OssClient& client, const ObjectPolicy& policy, CopyPlan plan, Done<ObjectStat> done)
      : client_(client), policy_(policy), plan_(std::move(plan)), done_(std::move(done)) {}

  void Begin() {
    if (plan_.always_at_once || plan_.source.stat.size <= kMaxCopySize) {
      CopyAtOnce();
    } else {
      CopyParts();
    }
  }

 private:
  OssRequest CopyRequest() const {
    OssRequest request = ObjectRequest(policy_, "PUT", plan_.target);
    request.headers.merge(CopySourceHeaders(plan_.source));
    request.headers.merge(CompleteHeaders(plan_.complete));
    request.headers["x-oss-metadata-directive"] = plan_.replaces_attributes ? "REPLACE" : "COPY";
    request.headers["x-oss-tagging-directive"] = plan_.replaces_tags ? "Replace" : "Copy";
    request.headers.insert(plan_.others.begin(), plan_.others.end());
    if (plan_.replaces_attributes) {
      request.headers.insert(plan_.attributes.begin(), plan_.attributes.end());
    }
    request.stall_timeout = kSilentTimeout;
    return request;
  }

  void CopyAtOnce() {
    // Sent again, one that forbids overwriting would refuse what it did the first time.
    const Repeat repeat = plan_.complete.forbid_overwrite ? Repeat::kIfRefused : Repeat::kFreely;
    client_.Call(
        CopyRequest(), repeat,
        [source = plan_.source.stat](const HttpResponse& answer) {
          const absl::StatusOr<std::string> etag = ParseCopyReply(kCopied, answer.body);
          if (!etag.ok()) return BadAnswerStatus(answer, std::string(etag.status().message()));
          ObjectStat copy;
          copy.size = source.size;
          copy.crc64 = Crc64Of(answer);
          return CheckCopy(source, copy);
        },
        [self = shared_from_this()](absl::StatusOr<HttpResponse> answer) {
          self->OnCopied(std::move(answer));
        });
  }

  void OnCopied(absl::StatusOr<HttpResponse> answer) {
    if (answer.ok()) {
      DescribePublished(client_, policy_, plan_.target, answer->Header("x-oss-version-id"),
                        *ParseCopyReply(kCopied, answer->body),
                        [self = shared_from_this()](absl::StatusOr<ObjectStat> stat) {
                          self->OnDescribed(std::move(stat));
                        });
    } else if (IsTooLarge(answer.status())) {
      CopyParts();
    } else if (plan_.in_place() && MayBeDone(answer.status())) {
      OnRefused(std::move(answer).status());
    } else {
      Finish(WithPermission(answer.status(),
                            "oss:GetObject on what is copied and oss:PutObject on the copy"));
    }
  }

  void OnDescribed(absl::StatusOr<ObjectStat> stat) {
    if (stat.ok()) {
      if (absl::Status good = CheckCopy(plan_.source.stat, *stat); !good.ok()) {
        stat = std::move(good);
      }
    }
    Finish(std::move(stat));
  }

  // The object has another ETag by now, or is archived: perhaps because of an attempt of ours whose
  // answer was lost.
  static bool MayBeDone(const absl::Status& error) {
    return ErrorReason(error) == kReasonObjectChanged ||
           ErrorMetadataOf(error)["oss_code"] == "InvalidObjectState";
  }

  void OnRefused(absl::Status error) {
    FindCopySource(
        client_, policy_, plan_.target, "",
        [self = shared_from_this(), error = std::move(error)](absl::StatusOr<CopySource> now) {
          if (now.ok() && IsDone(self->plan_, *now)) {
            self->Finish(std::move(now->stat));
          } else {
            self->Finish(error);
          }
        });
  }

  bool IsTooLarge(const absl::Status& error) const {
    const int64_t size = plan_.source.stat.size;
    const std::string code = ErrorMetadataOf(error)["oss_code"];
    return size > 0 &&
           (code == "EntityTooLarge" || (code == "InvalidArgument" && size > kMaxCopySize));
  }

  void CopyParts() {
    MultipartCopyPlan parts;
    parts.initiate = plan_.attributes;
    parts.initiate.insert(plan_.others.begin(), plan_.others.end());
    parts.with_tags = !plan_.replaces_tags && plan_.source.has_tags;
    parts.source = plan_.source;
    parts.target = plan_.target;
    parts.complete = plan_.complete;
    CopyInParts(client_, policy_, std::move(parts),
                [self = shared_from_this()](absl::StatusOr<ObjectStat> stat) {
                  self->Finish(std::move(stat));
                });
  }

  void Finish(absl::StatusOr<ObjectStat> result) { std::move(done_)(std::move(result)); }

  OssClient& client_;
  const ObjectPolicy& policy_;
  const CopyPlan plan_;
  Done<ObjectStat> done_;
};

void Run(OssClient& client, const ObjectPolicy& policy, CopyPlan plan, Done<ObjectStat> done) {
  std::make_shared<ObjectCopy>(client, policy, std::move(plan), std::move(done))->Begin();
}

}  // namespace

void CopyObject(OssClient& client, const ObjectPolicy& policy, const ObjectName& source,
                const std::string& etag, const ObjectName& target,
                const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done) {
  FindCopySource(client, policy, source, etag,
                 [&client, &policy, target, attributes,
                  done = std::move(done)](absl::StatusOr<CopySource> found) mutable {
                   if (!found.ok()) {
                     std::move(done)(std::move(found).status());
                   } else if (attributes.has_value()) {
                     Run(client, policy, PlanReplacing(*std::move(found), target, *attributes),
                         std::move(done));
                   } else if (found->name == target) {
                     std::move(done)(std::move(found->stat));
                   } else {
                     Run(client, policy, PlanSame(*std::move(found), target), std::move(done));
                   }
                 });
}

void SetObjectAttributes(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                         const std::string& etag, const ObjectAttributes& attributes,
                         Done<ObjectStat> done) {
  FindCopySource(
      client, policy, object, etag,
      [&client, &policy, attributes,
       done = std::move(done)](absl::StatusOr<CopySource> found) mutable {
        if (!found.ok()) {
          std::move(done)(std::move(found).status());
          return;
        }
        const ObjectName name = found->name;
        FindAcl(client, policy, name,
                [&client, &policy, attributes, source = *std::move(found),
                 done = std::move(done)](absl::StatusOr<std::string> acl) mutable {
                  if (!acl.ok()) {
                    std::move(done)(WithPrefix(acl.status(), "the object's ACL could not be kept"));
                    return;
                  }
                  Run(client, policy, PlanInPlace(std::move(source), attributes, *acl),
                      std::move(done));
                });
      });
}

}  // namespace penstock::oss
