#ifndef PENSTOCK_SERVER_OBJECTS_OBJECTS_H_
#define PENSTOCK_SERVER_OBJECTS_OBJECTS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/in_flight.h"
#include "base/mutex.h"
#include "base/object.h"
#include "base/periodic_task.h"
#include "plugin/remote.h"
#include "server/objects/object_list.h"
#include "server/objects/object_reader.h"

namespace penstock {

// Where an object is.
struct ObjectPlace {
  std::string remote;
  ObjectName name;
};

// What to read.
struct ReadQuery {
  ObjectPlace object;
  int64_t offset = 0;             // negative: from the end
  std::optional<int64_t> length;  // nullopt: up to the end
  std::string if_match;
};

// The objects that are there, of all remotes: checks what a request names against the rules and the
// remote's configuration, and does what the contract promises beyond a call of the backend.
// Thread-safe. An error of the request itself is answered from within the call, all else later.
// Errors are those of the backend and of object_errors.h, as clients get them.
//
// Destroy it after what serves requests from it, and before the backends and the executor: the
// destructor waits for what it has asked of backends.
class Objects {
 public:
  // `executor` and `clock` must outlive it, the backends too.
  Objects(Remotes remotes, const ReadLimits& limits, Executor& executor, const Clock& clock);
  ~Objects();
  Objects(const Objects&) = delete;
  Objects& operator=(const Objects&) = delete;

  void Stat(const ObjectPlace& object, Done<ObjectStat> done);

  // Makes a reader, whose Begin() is to be called; an error when there is nothing to begin.
  absl::StatusOr<std::shared_ptr<ObjectReader>> Read(const ReadQuery& query,
                                                     std::shared_ptr<ReadSink> sink);

  void List(const ObjectQuery& query, Done<ObjectPage> done);

  void Delete(const ObjectPlace& object, DoneStatus done);

  // The outcome of each key, in their order: what Delete would have answered.
  void DeleteMany(const std::string& remote, const std::string& bucket,
                  const std::vector<std::string>& keys, Done<std::vector<absl::Status>> done);

  // `if_match`: the source's ETag, or empty.
  void Copy(const ObjectPlace& source, const std::string& if_match, const ObjectPlace& target,
            const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done);

  void SetAttributes(const ObjectPlace& object, const std::string& if_match,
                     const ObjectAttributes& attributes, Done<ObjectStat> done);

  // The configured buckets, or where none are, the backend's. By name.
  void ListBuckets(const std::string& remote, Done<std::vector<ListedBucket>> done);

  // Refuses what comes from now on, and has reads end when the range that is being sent is done.
  // May be repeated.
  void Stop();

  // Whether nothing is under way, or nothing was any more within `timeout`.
  bool AwaitIdle(absl::Duration timeout) { return in_flight_.AwaitFor(timeout); }

  // What of the memory of reads is in use.
  BufferBudget::Stats read_memory() const { return read_memory_.stats(); }

  static constexpr int64_t kMaxKeyCount = 1000;

 private:
  // The backend, if objects of this name can be there.
  absl::StatusOr<Backend*> Check(const ObjectPlace& object,
                                 const ObjectAttributes& attributes = {}) const;
  absl::StatusOr<const Remote*> CheckRemote(const std::string& remote) const;

  // `done`, for the answer of a backend.
  template <typename T>
  Done<T> Answer(Done<T> done);

  std::vector<std::shared_ptr<ObjectReader>> Readers();
  void Forget(int64_t reader);

  const Remotes remotes_;
  const ReadLimits limits_;
  Executor& executor_;
  const Clock& clock_;
  BufferBudget read_memory_;

  InFlight in_flight_;

  mutable Mutex mutex_;  // guards what follows
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t next_reader_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int64_t, std::weak_ptr<ObjectReader>> readers_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<PeriodicTask> idle_check_;  // last: uses the rest
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_OBJECTS_OBJECTS_H_
