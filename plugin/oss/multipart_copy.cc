#include "plugin/oss/multipart_copy.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "plugin/oss/fan_out.h"
#include "plugin/oss/object_headers.h"
#include "plugin/oss/object_replies.h"
#include "plugin/oss/publish.h"
#include "plugin/oss/replies.h"
#include "plugin/oss/requests.h"

namespace penstock::oss {
namespace {

constexpr int64_t kPartSize = int64_t{64} << 20;
constexpr int64_t kMaxParts = 10'000;

// Requests of one copy at a time: OSS copies each faster than it could be sent, and others want to
// have their turn too.
constexpr int kParallelParts = 8;

class MultipartCopy : public std::enable_shared_from_this<MultipartCopy> {
 public:
  MultipartCopy(OssClient& client, const ObjectPolicy& policy, MultipartCopyPlan plan,
                Done<ObjectStat> done)
      : client_(client),
        policy_(policy),
        plan_(std::move(plan)),
        part_size_(CopyPartSize(plan_.source.stat.size)),
        parts_(static_cast<size_t>((plan_.source.stat.size + part_size_ - 1) / part_size_)),
        done_(std::move(done)) {}

  void Begin() {
    if (!plan_.with_tags) {
      Initiate();
      return;
    }
    FindTags(client_, policy_, plan_.source.name,
             [self = shared_from_this()](absl::StatusOr<std::map<std::string, std::string>> tags) {
               if (!tags.ok()) {
                 self->Finish(std::move(tags).status());
                 return;
               }
               self->plan_.initiate.merge(TagHeaders(*tags));
               self->Initiate();
             });
  }

 private:
  void Initiate() {
    OssRequest request =
        ObjectRequest(policy_, "POST", plan_.target, {{"uploads", ""}, {"encoding-type", "url"}});
    request.headers.insert(plan_.initiate.begin(), plan_.initiate.end());
    client_.Call(std::move(request), Repeat::kFreely, ChecksBody(ParseInitiateReply),
                 [self = shared_from_this()](absl::StatusOr<HttpResponse> answer) {
                   if (!answer.ok()) {
                     self->Finish(std::move(answer).status());
                     return;
                   }
                   self->upload_id_ = *ParseInitiateReply(answer->body);
                   self->CopyParts();
                 });
  }

  void CopyParts() {
    FanOut(
        static_cast<int64_t>(parts_.size()), kParallelParts,
        [self = shared_from_this()](int64_t index, DoneStatus done) {
          self->CopyPart(index, std::move(done));
        },
        [self = shared_from_this()](absl::Status status) {
          if (status.ok()) {
            self->Complete();
          } else {
            self->Abort(std::move(status));
          }
        });
  }

  void CopyPart(int64_t index, DoneStatus done) {
    if (client_.ending()) {
      client_.Post([done = std::move(done)]() mutable { std::move(done)(EndingStatus()); });
      return;
    }
    const int64_t first = index * part_size_;
    const int64_t last = std::min(first + part_size_, plan_.source.stat.size) - 1;
    const std::string range = absl::StrCat(first, "-", last);
    const auto number = static_cast<int32_t>(index + 1);
    OssRequest request =
        ObjectRequest(policy_, "PUT", plan_.target,
                      {{"partNumber", absl::StrCat(number)}, {"uploadId", upload_id_}});
    request.headers.merge(CopySourceHeaders(plan_.source));
    request.headers["x-oss-copy-source-range"] = absl::StrCat("bytes=", range);
    request.stall_timeout = kSilentTimeout;
    client_.Call(
        std::move(request), Repeat::kFreely,
        [range](const HttpResponse& answer) { return CheckPart(answer, range); },
        [self = shared_from_this(), index, number,
         done = std::move(done)](const absl::StatusOr<HttpResponse>& answer) mutable {
          if (answer.ok()) {
            self->parts_[static_cast<size_t>(index)] = {number,
                                                        *ParseCopyReply(kCopiedPart, answer->body)};
          }
          std::move(done)(answer.status());
        });
  }

  // OSS copies the whole object where it does not understand a range, and names none then.
  static absl::Status CheckPart(const HttpResponse& answer, const std::string& range) {
    const std::string copied = answer.Header("content-range");
    if (!copied.empty() && copied.rfind(absl::StrCat("bytes ", range), 0) != 0) {
      return BadAnswerStatus(answer, absl::StrCat("it copied ", copied, ", not bytes ", range));
    }
    const absl::StatusOr<std::string> etag = ParseCopyReply(kCopiedPart, answer.body);
    return etag.ok() ? absl::OkStatus()
                     : BadAnswerStatus(answer, std::string(etag.status().message()));
  }

  void Complete() {
    oss::Complete(client_, policy_, plan_.target, upload_id_, parts_, plan_.complete,
                  [self = shared_from_this()](absl::StatusOr<ObjectStat> stat) {
                    if (!stat.ok()) {
                      self->Abort(std::move(stat).status());
                      return;
                    }
                    const absl::Status good = CheckCopy(self->plan_.source.stat, *stat);
                    if (good.ok()) {
                      self->Finish(std::move(stat));
                    } else {
                      self->Finish(good);
                    }
                  });
  }

  // What becomes of the request is not waited for long, and changes nothing: `penstock gc` finds an
  // upload that stayed.
  void Abort(absl::Status error) {
    client_.Call(ObjectRequest(policy_, "DELETE", plan_.target, {{"uploadId", upload_id_}}),
                 Repeat::kFreely, nullptr,
                 [self = shared_from_this(), error = std::move(error)](
                     const absl::StatusOr<HttpResponse>&) { self->Finish(error); });
  }

  void Finish(absl::StatusOr<ObjectStat> result) { std::move(done_)(std::move(result)); }

  static constexpr char kCopiedPart[] = "CopyPartResult";

  OssClient& client_;
  const ObjectPolicy& policy_;
  MultipartCopyPlan plan_;
  const int64_t part_size_;
  std::string upload_id_;
  std::vector<PartReference> parts_;  // each written by its step
  Done<ObjectStat> done_;
};

}  // namespace

void CopyInParts(OssClient& client, const ObjectPolicy& policy, MultipartCopyPlan plan,
                 Done<ObjectStat> done) {
  std::make_shared<MultipartCopy>(client, policy, std::move(plan), std::move(done))->Begin();
}

int64_t CopyPartSize(int64_t size) {
  return std::max(kPartSize, (size + kMaxParts - 1) / kMaxParts);
}

}  // namespace penstock::oss
