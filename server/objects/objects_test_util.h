#ifndef PENSTOCK_SERVER_OBJECTS_OBJECTS_TEST_UTIL_H_
#define PENSTOCK_SERVER_OBJECTS_OBJECTS_TEST_UTIL_H_

// What tests above a backend's objects share.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "plugin/backend.h"

namespace penstock {

// Objects in memory, of any bucket, answered on a thread of their own and in an order of the test's
// choice. Thread-safe. Calls are named "stat", "read", "list", "delete", "delete_many", "copy",
// "set_attributes" and "list_buckets". It takes no uploads.
class FakeObjects final : public Backend {
 public:
  // Puts an object; returns its ETag, which is new.
  std::string Put(const std::string& key, const std::string& bytes,
                  const std::map<std::string, std::string>& metadata = {});
  // The object claims to have this CRC-64.
  void SetCrc64(const std::string& key, uint64_t crc64);
  std::set<std::string> keys();

  // Lists tell all of each object, or size, ETag and time only.
  void set_lists_complete(bool complete) { capabilities_.lists_complete = complete; }
  // Pages of lists have at most so many entries, the first of each list none.
  void SetPageLimit(int32_t limit);

  // Calls of this name wait before their effect, from now until Release.
  void Hold(const std::string& call);
  void Release(const std::string& call);
  // Lets one of those that wait go on, counted from 0; others still wait.
  void ReleaseOne(const std::string& call, size_t index);
  // Blocks until so many calls of this name wait.
  void AwaitHeld(const std::string& call, int count = 1);

  // Calls of this name fail, without an effect, until an OK is set.
  void FailWith(const std::string& call, const absl::Status& status);
  // Calls of this name answer fewer bytes than they should.
  void CutReadsShort();

  int calls(const std::string& call);
  // Blocks until so many calls of this name came.
  void AwaitCalls(const std::string& call, int count);
  // Calls of this name that were under way at the same time, at most.
  int most_at_once(const std::string& call);

  const Capabilities& capabilities() const override { return capabilities_; }
  // The rules of names, and that a key is not "refused".
  absl::Status CheckObject(const ObjectName& object,
                           const ObjectAttributes& attributes) const override;
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

  void InitiateUpload(const ObjectName&, const ObjectAttributes&, const std::string&,
                      Done<std::string> done) override;
  void UploadPart(const ObjectName&, const std::string&, int32_t, std::shared_ptr<const Buffer>,
                  Done<std::string> done) override;
  void CompleteUpload(const ObjectName&, const std::string&, const std::vector<PartReference>&,
                      const ObjectAttributes&, Done<ObjectStat> done) override;
  void AbortUpload(const ObjectName&, const std::string&, DoneStatus done) override;
  void ListParts(const ObjectName&, const std::string&,
                 Done<std::vector<ListedPart>> done) override;
  void ListUploads(const std::string&, const std::string&, const std::string&,
                   Done<ListedUploads> done) override;
  void PreparePut(const ObjectName&, const ObjectAttributes&, const std::string&,
                  std::shared_ptr<const Buffer>, Done<std::unique_ptr<PreparedPut>> done) override;

 private:
  struct Object {
    std::string bytes;
    ObjectStat stat;
  };
  struct Count {
    int calls = 0;
    int under_way = 0;
    int most_at_once = 0;
  };

  // Does `effect` on the thread and hands over its answer, once calls of this name are not held.
  template <typename T, typename Effect>
  void Call(const std::string& call, Done<T> done, Effect effect);
  absl::StatusOr<Object*> Find(const std::string& key, const std::string& etag)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ListedObjects Page(const ListQuery& query) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string PutLocked(const std::string& key, const std::string& bytes,
                        const std::map<std::string, std::string>& metadata)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Capabilities capabilities_;  // constant once calls are made

  Mutex mutex_;  // guards what follows
  std::set<std::string> held_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<Closure>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Count> counts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Object> objects_ ABSL_GUARDED_BY(mutex_);
  int next_etag_ ABSL_GUARDED_BY(mutex_) = 1;
  std::optional<int32_t> page_limit_ ABSL_GUARDED_BY(mutex_);
  bool cut_short_ ABSL_GUARDED_BY(mutex_) = false;

  const std::unique_ptr<Executor> thread_ = MakeThreadPool(1);  // last: its closures use the rest
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_OBJECTS_OBJECTS_TEST_UTIL_H_
