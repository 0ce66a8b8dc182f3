#include "server/objects/objects.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "plugin/answer.h"
#include "server/objects/object_errors.h"

namespace penstock {
namespace {

// How often stalled reads are looked for: late by at most an eighth of the timeout.
absl::Duration CheckInterval(absl::Duration idle_timeout) {
  return std::clamp(idle_timeout / 8, absl::Milliseconds(100), absl::Seconds(15));
}

}  // namespace

Objects::Objects(Remotes remotes, const ReadLimits& limits, Executor& executor, const Clock& clock)
    : remotes_(std::move(remotes)),
      limits_(limits),
      executor_(executor),
      clock_(clock),
      read_memory_(limits.memory, Buffer::kSlabSize) {
  const absl::Duration interval = CheckInterval(limits.idle_timeout);
  idle_check_ = std::make_unique<PeriodicTask>(executor, interval, interval, [this](Closure done) {
    for (const auto& reader : Readers()) reader->CheckIdle();
    std::move(done)();
  });
}

Objects::~Objects() {
  Stop();
  idle_check_.reset();
  in_flight_.Await();
}

template <typename T>
Done<T> Objects::Answer(Done<T> done) {
  return [busy = in_flight_.Begin(), done = std::move(done)](absl::StatusOr<T> answer) mutable {
    if (!answer.ok()) answer = Repeatable(answer.status());
    std::move(done)(std::move(answer));
  };
}

absl::StatusOr<const Remote*> Objects::CheckRemote(const std::string& remote) const {
  {
    MutexLock lock(&mutex_);
    if (stopping_) return object_errors::Draining();
  }
  return FindRemote(remotes_, remote);
}

absl::StatusOr<Backend*> Objects::Check(const ObjectPlace& object,
                                        const ObjectAttributes& attributes) const {
  PENSTOCK_ASSIGN_OR_RETURN(const Remote* const remote, CheckRemote(object.remote));
  PENSTOCK_RETURN_IF_ERROR(remote->backend->CheckObject(object.name, attributes));
  return remote->backend;
}

void Objects::Stat(const ObjectPlace& object, Done<ObjectStat> done) {
  const absl::StatusOr<Backend*> backend = Check(object);
  if (!backend.ok()) return std::move(done)(backend.status());
  (*backend)->Stat(object.name, Answer(std::move(done)));
}

absl::StatusOr<std::shared_ptr<ObjectReader>> Objects::Read(const ReadQuery& query,
                                                            std::shared_ptr<ReadSink> sink) {
  PENSTOCK_ASSIGN_OR_RETURN(Backend* const backend, Check(query.object));
  if (query.length.value_or(0) < 0) return object_errors::BadLength(*query.length);
  ObjectReader::Environment environment;
  environment.backend = backend;
  environment.memory = &read_memory_;
  environment.executor = &executor_;
  environment.clock = &clock_;
  environment.limits = limits_;
  MutexLock lock(&mutex_);
  if (stopping_) return object_errors::Draining();
  const int64_t number = next_reader_++;
  environment.busy = {this, [number, busy = in_flight_.Begin()](Objects* self) mutable {
                        self->Forget(number);
                        busy = nullptr;
                      }};
  auto reader =
      std::make_shared<ObjectReader>(std::move(environment), query.object.name, query.offset,
                                     query.length, query.if_match, std::move(sink));
  readers_[number] = reader;
  return reader;
}

void Objects::Forget(int64_t reader) {
  MutexLock lock(&mutex_);
  readers_.erase(reader);
}

std::vector<std::shared_ptr<ObjectReader>> Objects::Readers() {
  std::vector<std::shared_ptr<ObjectReader>> readers;
  MutexLock lock(&mutex_);
  for (const auto& [number, reader] : readers_) {
    if (std::shared_ptr<ObjectReader> alive = reader.lock()) readers.push_back(std::move(alive));
  }
  return readers;
}

void Objects::List(const ObjectQuery& query, Done<ObjectPage> done) {
  const absl::StatusOr<const Remote*> remote = CheckRemote(query.remote);
  if (!remote.ok()) return std::move(done)(remote.status());
  ListObjects(**remote, query, Answer(std::move(done)));
}

void Objects::Delete(const ObjectPlace& object, DoneStatus done) {
  const absl::StatusOr<Backend*> backend = Check(object);
  if (!backend.ok()) return std::move(done)(backend.status());
  (*backend)->Delete(object.name, [busy = in_flight_.Begin(),
                                   done = std::move(done)](const absl::Status& status) mutable {
    std::move(done)(Repeatable(status));
  });
}

void Objects::DeleteMany(const std::string& remote, const std::string& bucket,
                         const std::vector<std::string>& keys,
                         Done<std::vector<absl::Status>> done) {
  const absl::StatusOr<const Remote*> found = CheckRemote(remote);
  if (!found.ok()) return std::move(done)(found.status());
  if (keys.empty() || std::ssize(keys) > kMaxKeyCount) {
    return std::move(done)(object_errors::BadKeyCount(kMaxKeyCount, std::ssize(keys)));
  }
  absl::Status status = CheckBucketName(bucket);
  if (status.ok()) status = (*found)->restriction.BucketsMeantBy(bucket).status();
  if (!status.ok()) return std::move(done)(status);
  std::vector<absl::Status> outcomes;
  std::vector<std::string> allowed;
  for (const std::string& key : keys) {
    outcomes.push_back((*found)->backend->CheckObject({bucket, key}, {}));
    if (outcomes.back().ok()) allowed.push_back(key);
  }
  if (allowed.empty()) return std::move(done)(std::move(outcomes));
  (*found)->backend->DeleteMany(bucket, allowed,
                                Answer<std::vector<absl::Status>>(
                                    [outcomes = std::move(outcomes), done = std::move(done)](
                                        absl::StatusOr<std::vector<absl::Status>> answer) mutable {
                                      if (!answer.ok()) return std::move(done)(answer.status());
                                      auto next = answer->begin();
                                      for (absl::Status& outcome : outcomes) {
                                        if (outcome.ok()) outcome = Repeatable(*next++);
                                      }
                                      std::move(done)(std::move(outcomes));
                                    }));
}

void Objects::Copy(const ObjectPlace& source, const std::string& if_match,
                   const ObjectPlace& target, const std::optional<ObjectAttributes>& attributes,
                   Done<ObjectStat> done) {
  const absl::StatusOr<Backend*> backend = Check(source);
  if (!backend.ok()) return std::move(done)(backend.status());
  const absl::StatusOr<Backend*> same = Check(target, attributes.value_or(ObjectAttributes()));
  if (!same.ok()) return std::move(done)(same.status());
  if (source.remote != target.remote) {
    return std::move(done)(object_errors::RemotesDiffer(source.remote, target.remote));
  }
  (*backend)->Copy(source.name, if_match, target.name, attributes, Answer(std::move(done)));
}

void Objects::SetAttributes(const ObjectPlace& object, const std::string& if_match,
                            const ObjectAttributes& attributes, Done<ObjectStat> done) {
  const absl::StatusOr<Backend*> backend = Check(object, attributes);
  if (!backend.ok()) return std::move(done)(backend.status());
  (*backend)->SetAttributes(object.name, if_match, attributes, Answer(std::move(done)));
}

void Objects::ListBuckets(const std::string& remote, Done<std::vector<ListedBucket>> done) {
  const absl::StatusOr<const Remote*> found = CheckRemote(remote);
  if (!found.ok()) return std::move(done)(found.status());
  std::vector<std::string> configured = (*found)->restriction.buckets();
  if (configured.empty()) {
    return (*found)->backend->ListBuckets(Answer<std::vector<ListedBucket>>(
        [done = std::move(done)](absl::StatusOr<std::vector<ListedBucket>> buckets) mutable {
          if (buckets.ok()) {
            std::erase_if(*buckets,
                          [](const ListedBucket& b) { return !CheckBucketName(b.name).ok(); });
          }
          std::move(done)(std::move(buckets));
        }));
  }
  std::sort(configured.begin(), configured.end());
  configured.erase(std::unique(configured.begin(), configured.end()), configured.end());
  std::vector<ListedBucket> buckets;
  for (std::string& name : configured) buckets.emplace_back().name = std::move(name);
  std::move(done)(std::move(buckets));
}

void Objects::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (const auto& reader : Readers()) reader->Stop();
}

}  // namespace penstock
