#include "tests/support/faulty_backend.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace penstock::testing_support {

FaultyBackend::FaultyBackend(std::unique_ptr<Backend> inner, Executor& executor)
    : executor_(executor), inner_(std::move(inner)) {}

FaultyBackend::~FaultyBackend() {
  MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return refusals_ == 0; };
  mutex_.Await(idle);
}

void FaultyBackend::Arm(Fault fault) {
  assert(!fault.answer.ok() && fault.number >= 1);
  MutexLock lock(&mutex_);
  faults_.push_back(std::move(fault));
}

void FaultyBackend::Disarm() {
  MutexLock lock(&mutex_);
  faults_.clear();
}

int FaultyBackend::calls(BackendCall call) const {
  MutexLock lock(&mutex_);
  const auto it = calls_.find(call);
  return it == calls_.end() ? 0 : it->second;
}

int FaultyBackend::armed() const {
  MutexLock lock(&mutex_);
  return static_cast<int>(faults_.size());
}

// The fault of this call, if there is one; the others come one call nearer.
std::optional<Fault> FaultyBackend::TakeFault(BackendCall call) {
  MutexLock lock(&mutex_);
  ++calls_[call];
  for (Fault& fault : faults_) {
    if (!fault.call.has_value() || *fault.call == call) --fault.number;
  }
  const auto due =
      std::find_if(faults_.begin(), faults_.end(), [](const Fault& f) { return f.number <= 0; });
  if (due == faults_.end()) return std::nullopt;
  Fault fault = *due;
  faults_.erase(due);
  return fault;
}

template <typename DoneCallback>
void FaultyBackend::Refuse(absl::Status answer, DoneCallback done) {
  {
    MutexLock lock(&mutex_);
    ++refusals_;
  }
  executor_.Post([this, answer = std::move(answer), done = std::move(done)]() mutable {
    std::move(done)(std::move(answer));
    MutexLock lock(&mutex_);
    --refusals_;
  });
}

template <typename DoneCallback, typename Forward>
void FaultyBackend::Intercept(BackendCall call, DoneCallback done, Forward forward) {
  std::optional<Fault> fault = TakeFault(call);
  if (!fault.has_value()) {
    forward(std::move(done));
  } else if (fault->moment == Fault::Moment::kBefore) {
    Refuse(std::move(fault->answer), std::move(done));
  } else {
    forward(DoneCallback([answer = std::move(fault->answer), done = std::move(done)](
                             const auto&) mutable { std::move(done)(std::move(answer)); }));
  }
}

void FaultyBackend::InitiateUpload(const ObjectName& object, const ObjectAttributes& attributes,
                                   const std::string& mark, Done<std::string> done) {
  Intercept(BackendCall::kInitiateUpload, std::move(done), [&](Done<std::string> forwarded) {
    inner_->InitiateUpload(object, attributes, mark, std::move(forwarded));
  });
}

void FaultyBackend::UploadPart(const ObjectName& object, const std::string& upload_id,
                               int32_t number, std::shared_ptr<const Buffer> body,
                               Done<std::string> done) {
  Intercept(BackendCall::kUploadPart, std::move(done), [&](Done<std::string> forwarded) {
    inner_->UploadPart(object, upload_id, number, std::move(body), std::move(forwarded));
  });
}

void FaultyBackend::CompleteUpload(const ObjectName& object, const std::string& upload_id,
                                   const std::vector<PartReference>& parts,
                                   const ObjectAttributes& attributes, Done<ObjectStat> done) {
  Intercept(BackendCall::kCompleteUpload, std::move(done), [&](Done<ObjectStat> forwarded) {
    inner_->CompleteUpload(object, upload_id, parts, attributes, std::move(forwarded));
  });
}

void FaultyBackend::AbortUpload(const ObjectName& object, const std::string& upload_id,
                                DoneStatus done) {
  Intercept(BackendCall::kAbortUpload, std::move(done), [&](DoneStatus forwarded) {
    inner_->AbortUpload(object, upload_id, std::move(forwarded));
  });
}

void FaultyBackend::ListParts(const ObjectName& object, const std::string& upload_id,
                              Done<std::vector<ListedPart>> done) {
  Intercept(BackendCall::kListParts, std::move(done), [&](Done<std::vector<ListedPart>> forwarded) {
    inner_->ListParts(object, upload_id, std::move(forwarded));
  });
}

void FaultyBackend::ListUploads(const std::string& bucket, const std::string& prefix,
                                const std::string& page, Done<ListedUploads> done) {
  Intercept(BackendCall::kListUploads, std::move(done), [&](Done<ListedUploads> forwarded) {
    inner_->ListUploads(bucket, prefix, page, std::move(forwarded));
  });
}

class FaultyBackend::Put final : public PreparedPut {
 public:
  Put(FaultyBackend& backend, std::unique_ptr<PreparedPut> inner)
      : backend_(backend), inner_(std::move(inner)) {}

  absl::Time valid_until() const override { return inner_->valid_until(); }

  void Send(Done<ObjectStat> done) override {
    backend_.Intercept(BackendCall::kSendPut, std::move(done),
                       [this](Done<ObjectStat> forwarded) { inner_->Send(std::move(forwarded)); });
  }

 private:
  FaultyBackend& backend_;
  const std::unique_ptr<PreparedPut> inner_;
};

void FaultyBackend::PreparePut(const ObjectName& object, const ObjectAttributes& attributes,
                               const std::string& mark, std::shared_ptr<const Buffer> body,
                               Done<std::unique_ptr<PreparedPut>> done) {
  using Answer = absl::StatusOr<std::unique_ptr<PreparedPut>>;
  auto wrapped = [this, done = std::move(done)](Answer put) mutable {
    if (put.ok()) put = Answer(std::make_unique<Put>(*this, *std::move(put)));
    std::move(done)(std::move(put));
  };
  Intercept(BackendCall::kPreparePut, Done<std::unique_ptr<PreparedPut>>(std::move(wrapped)),
            [&](Done<std::unique_ptr<PreparedPut>> forwarded) {
              inner_->PreparePut(object, attributes, mark, std::move(body), std::move(forwarded));
            });
}

void FaultyBackend::Stat(const ObjectName& object, Done<ObjectStat> done) {
  Intercept(BackendCall::kStat, std::move(done),
            [&](Done<ObjectStat> forwarded) { inner_->Stat(object, std::move(forwarded)); });
}

void FaultyBackend::Delete(const ObjectName& object, DoneStatus done) {
  Intercept(BackendCall::kDelete, std::move(done),
            [&](DoneStatus forwarded) { inner_->Delete(object, std::move(forwarded)); });
}

void FaultyBackend::Read(const ObjectName& object, int64_t offset, int64_t length,
                         const std::string& etag, Done<ObjectBytes> done) {
  Intercept(BackendCall::kRead, std::move(done), [&](Done<ObjectBytes> forwarded) {
    inner_->Read(object, offset, length, etag, std::move(forwarded));
  });
}

void FaultyBackend::List(const ListQuery& query, Done<ListedObjects> done) {
  Intercept(BackendCall::kList, std::move(done),
            [&](Done<ListedObjects> forwarded) { inner_->List(query, std::move(forwarded)); });
}

void FaultyBackend::DeleteMany(const std::string& bucket, const std::vector<std::string>& keys,
                               Done<std::vector<absl::Status>> done) {
  Intercept(BackendCall::kDeleteMany, std::move(done),
            [&](Done<std::vector<absl::Status>> forwarded) {
              inner_->DeleteMany(bucket, keys, std::move(forwarded));
            });
}

void FaultyBackend::Copy(const ObjectName& source, const std::string& etag,
                         const ObjectName& target,
                         const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done) {
  Intercept(BackendCall::kCopy, std::move(done), [&](Done<ObjectStat> forwarded) {
    inner_->Copy(source, etag, target, attributes, std::move(forwarded));
  });
}

void FaultyBackend::SetAttributes(const ObjectName& object, const std::string& etag,
                                  const ObjectAttributes& attributes, Done<ObjectStat> done) {
  Intercept(BackendCall::kSetAttributes, std::move(done), [&](Done<ObjectStat> forwarded) {
    inner_->SetAttributes(object, etag, attributes, std::move(forwarded));
  });
}

void FaultyBackend::ListBuckets(Done<std::vector<ListedBucket>> done) {
  Intercept(BackendCall::kListBuckets, std::move(done),
            [&](Done<std::vector<ListedBucket>> forwarded) {
              inner_->ListBuckets(std::move(forwarded));
            });
}

}  // namespace penstock::testing_support
