#include "plugin/oss/deletion.h"

#include <memory>
#include <set>
#include <utility>

#include "base/error.h"
#include "plugin/oss/digest.h"
#include "plugin/oss/fan_out.h"
#include "plugin/oss/object_replies.h"
#include "plugin/oss/remedy.h"
#include "plugin/oss/requests.h"

namespace penstock::oss {
namespace {

// Of the objects in one body: OSS's answer, in which a byte of a key takes three, stays within what
// an answer may have then.
constexpr size_t kMaxEntryBytes = 1024 * 1024;

// Keys deleted one by one at a time: others want to have their turn too.
constexpr int kParallelDeletes = 8;

constexpr char kPermission[] = "oss:DeleteObject";

class Deletion : public std::enable_shared_from_this<Deletion> {
 public:
  Deletion(OssClient& client, const ObjectPolicy& policy, std::string bucket,
           std::vector<std::string> keys, Done<std::vector<absl::Status>> done)
      : client_(client),
        policy_(policy),
        bucket_(std::move(bucket)),
        keys_(std::move(keys)),
        results_(keys_.size()),
        done_(std::move(done)) {}

  // Sends the next body; when all are through, deletes what is left.
  void Go() {
    std::string entries;
    std::vector<size_t> sent;
    for (; next_ < keys_.size(); ++next_) {
      if (!FitsXml(keys_[next_])) {
        left_.push_back(next_);
        continue;
      }
      const std::string entry = DeleteEntry(keys_[next_]);
      if (entries.size() + entry.size() > kMaxEntryBytes) break;
      entries += entry;
      sent.push_back(next_);
    }
    if (sent.empty()) {
      DeleteLeft();
    } else {
      Send(DeleteBody(entries), std::move(sent));
    }
  }

 private:
  void Send(const std::string& body, std::vector<size_t> sent) {
    OssRequest request =
        BucketRequest(policy_, "POST", bucket_, {{"delete", ""}, {"encoding-type", "url"}});
    request.headers["content-type"] = "application/xml";
    request.headers["content-md5"] = ContentMd5(body);
    request.body = MakeBuffer(body);
    client_.Call(
        std::move(request), Repeat::kFreely, ChecksBody(ParseDeletedReply),
        [self = shared_from_this(), sent = std::move(sent)](absl::StatusOr<HttpResponse> answer) {
          if (!answer.ok()) {
            std::move(self->done_)(WithPermission(answer.status(), kPermission));
            return;
          }
          const std::set<std::string> deleted = *ParseDeletedReply(answer->body);
          for (const size_t index : sent) {
            if (!deleted.contains(self->keys_[index])) self->left_.push_back(index);
          }
          self->Go();
        });
  }

  void DeleteLeft() {
    if (left_.empty()) {
      client_.Post([self = shared_from_this()] { self->Finish(); });
      return;
    }
    FanOut(
        static_cast<int64_t>(left_.size()), kParallelDeletes,
        [self = shared_from_this()](int64_t step, DoneStatus done) {
          self->DeleteOne(self->left_[static_cast<size_t>(step)], std::move(done));
        },
        [self = shared_from_this()](const absl::Status&) { self->Finish(); });
  }

  // Answers OK in any case: the others are tried all the same.
  void DeleteOne(size_t index, DoneStatus done) {
    DoneStatus tried = [self = shared_from_this(), index,
                        done = std::move(done)](absl::Status status) mutable {
      self->results_[index] = std::move(status);
      std::move(done)(absl::OkStatus());
    };
    if (client_.ending()) {
      client_.Post([tried = std::move(tried)]() mutable { std::move(tried)(EndingStatus()); });
    } else {
      DeleteObject(client_, policy_, {bucket_, keys_[index]}, std::move(tried));
    }
  }

  void Finish() { std::move(done_)(std::move(results_)); }

  OssClient& client_;
  const ObjectPolicy& policy_;
  const std::string bucket_;
  const std::vector<std::string> keys_;
  size_t next_ = 0;                    // the first that was not looked at yet
  std::vector<size_t> left_;           // those to be deleted one by one
  std::vector<absl::Status> results_;  // by the keys' order; OK until something else is known
  Done<std::vector<absl::Status>> done_;
};

}  // namespace

void DeleteObject(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                  DoneStatus done) {
  client.Call(
      ObjectRequest(policy, "DELETE", object), Repeat::kFreely, nullptr,
      [done = std::move(done)](const absl::StatusOr<HttpResponse>& answer) mutable {
        // That there is nothing is as good.
        const bool gone = ErrorReason(answer.status()) == kReasonNoSuchObject;
        std::move(done)(gone ? absl::OkStatus() : WithPermission(answer.status(), kPermission));
      });
}

void DeleteObjects(OssClient& client, const ObjectPolicy& policy, const std::string& bucket,
                   const std::vector<std::string>& keys, Done<std::vector<absl::Status>> done) {
  std::make_shared<Deletion>(client, policy, bucket, keys, std::move(done))->Go();
}

}  // namespace penstock::oss
