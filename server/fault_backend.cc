// A backend with fault points around its calls.

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/fault_points.h"

namespace penstock {
namespace {

absl::Status Lie(const char* call) {
  return MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable,
                   absl::StrCat("a fault point of the backend's call ", call), {},
                   absl::Seconds(1));
}

// `done`, behind the point after a call.
template <typename DoneCallback>
auto After(const char* call, DoneCallback done) {
  return [call, done = std::move(done)](auto answer) mutable {
    const FaultAction action = FaultPoint(absl::StrCat(call, ".after"));
    if (action == FaultAction::kFail) answer = Lie(call);
    auto tell = [answer = std::move(answer), done = std::move(done)]() mutable {
      std::move(done)(std::move(answer));
    };
    if (action == FaultAction::kHold) {
      HoldFaultPoint(std::move(tell));
    } else {
      std::move(tell)();
    }
  };
}

// Makes a call through `forward`, which takes what is to be answered, between its two points.
template <typename DoneCallback, typename Forward>
void Around(const char* call, Executor& executor, DoneCallback done, Forward forward) {
  const FaultAction action = FaultPoint(absl::StrCat(call, ".before"));
  if (action == FaultAction::kFail) {
    executor.Post([call, done = std::move(done)]() mutable { std::move(done)(Lie(call)); });
    return;
  }
  auto go_on = [call, done = std::move(done), forward = std::move(forward)]() mutable {
    forward(After(call, std::move(done)));
  };
  if (action == FaultAction::kHold) {
    HoldFaultPoint(std::move(go_on));
  } else {
    std::move(go_on)();
  }
}

class FaultPut final : public PreparedPut {
 public:
  FaultPut(std::unique_ptr<PreparedPut> put, Executor& executor)
      : executor_(executor), put_(std::move(put)) {}

  absl::Time valid_until() const override { return put_->valid_until(); }
  // Held until it is sent, whatever becomes of the attempt.
  void Send(Done<ObjectStat> done) override {
    Around("send_put", executor_, std::move(done),
           [put = put_](auto answered) { put->Send(std::move(answered)); });
  }

 private:
  Executor& executor_;
  const std::shared_ptr<PreparedPut> put_;
};

class FaultBackend final : public Backend {
 public:
  FaultBackend(std::unique_ptr<Backend> backend, Executor& executor)
      : executor_(executor), backend_(std::move(backend)) {}

  const Capabilities& capabilities() const override { return backend_->capabilities(); }
  int64_t slowdowns() const override { return backend_->slowdowns(); }
  absl::Status CheckObject(const ObjectName& object,
                           const ObjectAttributes& attributes) const override {
    return backend_->CheckObject(object, attributes);
  }

  void InitiateUpload(const ObjectName& object, const ObjectAttributes& attributes,
                      const std::string& mark, Done<std::string> done) override {
    Around("initiate", executor_, std::move(done), [=, this](auto answered) {
      backend_->InitiateUpload(object, attributes, mark, std::move(answered));
    });
  }

  void UploadPart(const ObjectName& object, const std::string& upload_id, int32_t number,
                  std::shared_ptr<const Buffer> body, Done<std::string> done) override {
    Around("upload_part", executor_, std::move(done), [=, this](auto answered) {
      backend_->UploadPart(object, upload_id, number, body, std::move(answered));
    });
  }

  void CompleteUpload(const ObjectName& object, const std::string& upload_id,
                      const std::vector<PartReference>& parts, const ObjectAttributes& attributes,
                      Done<ObjectStat> done) override {
    Around("complete", executor_, std::move(done), [=, this](auto answered) {
      backend_->CompleteUpload(object, upload_id, parts, attributes, std::move(answered));
    });
  }

  void AbortUpload(const ObjectName& object, const std::string& upload_id,
                   DoneStatus done) override {
    Around("abort_upload", executor_, std::move(done), [=, this](auto answered) {
      backend_->AbortUpload(object, upload_id, std::move(answered));
    });
  }

  void PreparePut(const ObjectName& object, const ObjectAttributes& attributes,
                  const std::string& mark, std::shared_ptr<const Buffer> body,
                  Done<std::unique_ptr<PreparedPut>> done) override {
    Done<std::unique_ptr<PreparedPut>> wrapped =
        [this,
         done = std::move(done)](absl::StatusOr<std::unique_ptr<PreparedPut>> prepared) mutable {
          if (prepared.ok()) prepared = std::make_unique<FaultPut>(*std::move(prepared), executor_);
          std::move(done)(std::move(prepared));
        };
    Around("prepare_put", executor_, std::move(wrapped), [=, this](auto answered) {
      backend_->PreparePut(object, attributes, mark, body, std::move(answered));
    });
  }

  void Stat(const ObjectName& object, Done<ObjectStat> done) override {
    Around("stat", executor_, std::move(done),
           [=, this](auto answered) { backend_->Stat(object, std::move(answered)); });
  }

  void Delete(const ObjectName& object, DoneStatus done) override {
    Around("delete", executor_, std::move(done),
           [=, this](auto answered) { backend_->Delete(object, std::move(answered)); });
  }

  void DeleteMany(const std::string& bucket, const std::vector<std::string>& keys,
                  Done<std::vector<absl::Status>> done) override {
    Around("delete_many", executor_, std::move(done),
           [=, this](auto answered) { backend_->DeleteMany(bucket, keys, std::move(answered)); });
  }

  void Read(const ObjectName& object, int64_t offset, int64_t length, const std::string& etag,
            Done<ObjectBytes> done) override {
    Around("read", executor_, std::move(done), [=, this](auto answered) {
      backend_->Read(object, offset, length, etag, std::move(answered));
    });
  }

  void List(const ListQuery& query, Done<ListedObjects> done) override {
    Around("list", executor_, std::move(done),
           [=, this](auto answered) { backend_->List(query, std::move(answered)); });
  }

  void Copy(const ObjectName& source, const std::string& etag, const ObjectName& target,
            const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done) override {
    Around("copy", executor_, std::move(done), [=, this](auto answered) {
      backend_->Copy(source, etag, target, attributes, std::move(answered));
    });
  }

  void SetAttributes(const ObjectName& object, const std::string& etag,
                     const ObjectAttributes& attributes, Done<ObjectStat> done) override {
    Around("set_attributes", executor_, std::move(done), [=, this](auto answered) {
      backend_->SetAttributes(object, etag, attributes, std::move(answered));
    });
  }

  // Nothing depends on these.
  void ListParts(const ObjectName& object, const std::string& upload_id,
                 Done<std::vector<ListedPart>> done) override {
    backend_->ListParts(object, upload_id, std::move(done));
  }
  void ListUploads(const std::string& bucket, const std::string& prefix, const std::string& page,
                   Done<ListedUploads> done) override {
    backend_->ListUploads(bucket, prefix, page, std::move(done));
  }
  void ListBuckets(Done<std::vector<ListedBucket>> done) override {
    backend_->ListBuckets(std::move(done));
  }

 private:
  Executor& executor_;
  const std::unique_ptr<Backend> backend_;
};

}  // namespace

std::unique_ptr<Backend> WithFaultPoints(std::unique_ptr<Backend> backend, Executor& executor) {
  return std::make_unique<FaultBackend>(std::move(backend), executor);
}

}  // namespace penstock
