#ifndef PENSTOCK_BENCH_IN_PROCESS_DIGEST_BACKEND_H_
#define PENSTOCK_BENCH_IN_PROCESS_DIGEST_BACKEND_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "plugin/backend.h"

namespace penstock::bench {

// A backend that costs nothing: of what is stored it keeps size and CRC-64 (the one that was
// computed when the bytes were copied, it reads none), with OSS's limits. Keeps to the contract
// otherwise, for one that is used as the session core does. Answers on `executor`, which must
// outlive it, and which must have run every answer before it goes.
class DigestBackend final : public Backend {
 public:
  explicit DigestBackend(Executor& executor) : executor_(executor) {}

  // Parts that were stored.
  int64_t part_count() const;

  const Capabilities& capabilities() const override { return capabilities_; }
  absl::Status CheckObject(const ObjectName&, const ObjectAttributes&) const override {
    return absl::OkStatus();
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

 private:
  class Put;

  struct Digest {
    int64_t size = 0;
    uint64_t crc64 = 0;
  };
  struct Upload {
    std::string mark;
    std::map<int32_t, Digest> parts;
  };
  using Key = std::pair<std::string, std::string>;  // bucket and key

  template <typename DoneCallback, typename Result>
  void Answer(DoneCallback done, Result result);
  static ObjectStat StatOf(const Digest& digest, const std::string& mark);
  ObjectStat Publish(const ObjectName& object, const Digest& digest, const std::string& mark);
  absl::StatusOr<ObjectStat> Complete(const ObjectName& object, const std::string& upload_id,
                                      const std::vector<PartReference>& parts);

  static constexpr int64_t kGiB = int64_t{1} << 30;
  const Capabilities capabilities_ = {100 * 1024, 5 * kGiB, 10'000, 10'000 * 5 * kGiB,
                                      5 * kGiB,   true,     false};
  Executor& executor_;

  mutable Mutex mutex_;  // guards what follows
  int64_t part_count_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_upload_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<std::string, Upload> uploads_ ABSL_GUARDED_BY(mutex_);  // by upload id
  std::map<Key, ObjectStat> objects_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_IN_PROCESS_DIGEST_BACKEND_H_
