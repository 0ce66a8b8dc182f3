#include "server/objects/describe.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/error.h"
#include "base/mutex.h"

namespace penstock {
namespace {

// Alive as long as a request is under way.
class Description : public std::enable_shared_from_this<Description> {
 public:
  Description(ObjectAccess& backend, std::string bucket, std::vector<ListedObject> objects,
              Done<std::vector<ListedObject>> done)
      : backend_(backend),
        bucket_(std::move(bucket)),
        objects_(std::move(objects)),
        done_(std::move(done)) {}

  // Each lane has one request under way.
  void Begin() {
    for (int i = 0; i < kParallelStats; ++i) GoOn();
  }

 private:
  // Next step of a lane: another request, or the lane's end, of which the last answers.
  void GoOn() {
    std::optional<size_t> index;
    {
      MutexLock lock(&mutex_);
      index = Next();
      if (!index.has_value() && --lanes_ > 0) return;
    }
    if (!index.has_value()) return Answer();
    backend_.Stat({bucket_, KeyOf(*index)},
                  [self = shared_from_this(), index = *index](absl::StatusOr<ObjectStat> stat) {
                    self->Keep(index, std::move(stat));
                    self->GoOn();
                  });
  }

  std::optional<size_t> Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (next_ < objects_.size() && objects_[next_].complete) ++next_;
    if (!error_.ok() || next_ == objects_.size()) return std::nullopt;
    return next_++;
  }

  std::string KeyOf(size_t index) {
    MutexLock lock(&mutex_);
    return objects_[index].key;
  }

  void Keep(size_t index, absl::StatusOr<ObjectStat> stat) {
    MutexLock lock(&mutex_);
    ListedObject& object = objects_[index];
    if (stat.ok()) {
      object.stat = *std::move(stat);
      object.complete = true;
    } else if (ErrorReason(stat.status()) != kReasonNoSuchObject && error_.ok()) {
      error_ = stat.status();
    }
  }

  void Answer() {
    std::vector<ListedObject> objects;
    absl::Status error;
    {
      MutexLock lock(&mutex_);
      objects.swap(objects_);
      error = error_;
    }
    if (!error.ok()) return std::move(done_)(std::move(error));
    std::erase_if(objects, [](const ListedObject& object) { return !object.complete; });
    std::move(done_)(std::move(objects));
  }

  ObjectAccess& backend_;
  const std::string bucket_;

  Mutex mutex_;  // guards what follows
  std::vector<ListedObject> objects_ ABSL_GUARDED_BY(mutex_);
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  int lanes_ ABSL_GUARDED_BY(mutex_) = kParallelStats;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);

  Done<std::vector<ListedObject>> done_;  // called by the last lane
};

}  // namespace

void Describe(ObjectAccess& backend, const std::string& bucket, std::vector<ListedObject> objects,
              Done<std::vector<ListedObject>> done) {
  std::make_shared<Description>(backend, bucket, std::move(objects), std::move(done))->Begin();
}

}  // namespace penstock
