#ifndef PENSTOCK_TESTS_SUPPORT_FAULTY_BACKEND_H_
#define PENSTOCK_TESTS_SUPPORT_FAULTY_BACKEND_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "plugin/backend.h"

namespace penstock::testing_support {

// The asynchronous calls of a backend.
enum class BackendCall {
  kInitiateUpload,
  kUploadPart,
  kCompleteUpload,
  kAbortUpload,
  kListParts,
  kListUploads,
  kPreparePut,
  kSendPut,  // PreparedPut::Send
  kStat,
  kDelete,
  kRead,
  kList,
  kDeleteMany,
  kCopy,
  kSetAttributes,
  kListBuckets,
};

// What is to go wrong, once.
struct Fault {
  enum class Moment {
    kBefore,  // the call has no effect
    kAfter,   // the call has its effect, and only its answer is lost
  };

  std::optional<BackendCall> call;  // nullopt: any
  int number = 1;                   // the how manieth of these calls after Arm, from 1
  Moment moment = Moment::kBefore;
  absl::Status answer;  // not OK
};

// Another backend that fails on request; without a request it is that backend. Thread-safe.
class FaultyBackend final : public Backend {
 public:
  // `executor`, which answers calls that fail before their effect, must outlive it.
  FaultyBackend(std::unique_ptr<Backend> inner, Executor& executor);
  ~FaultyBackend() override;

  // Several faults may be armed; a call takes the first that is due.
  void Arm(Fault fault);
  void Disarm();

  // How many calls came since the beginning, failed ones too.
  int calls(BackendCall call) const;

  // How many armed faults have not happened yet.
  int armed() const;

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  int64_t slowdowns() const override { return inner_->slowdowns(); }
  absl::Status CheckObject(const ObjectName& object,
                           const ObjectAttributes& attributes) const override {
    return inner_->CheckObject(object, attributes);
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
  class Put;

  // Makes the call through `forward`, unless a fault is due.
  template <typename DoneCallback, typename Forward>
  void Intercept(BackendCall call, DoneCallback done, Forward forward);
  template <typename DoneCallback>
  void Refuse(absl::Status answer, DoneCallback done);
  std::optional<Fault> TakeFault(BackendCall call);

  Executor& executor_;

  mutable Mutex mutex_;  // guards what follows
  std::vector<Fault> faults_ ABSL_GUARDED_BY(mutex_);
  std::map<BackendCall, int> calls_ ABSL_GUARDED_BY(mutex_);
  int refusals_ ABSL_GUARDED_BY(mutex_) = 0;  // that have not answered

  const std::unique_ptr<Backend> inner_;  // goes first: its calls end with it
};

}  // namespace penstock::testing_support

#endif  // PENSTOCK_TESTS_SUPPORT_FAULTY_BACKEND_H_
