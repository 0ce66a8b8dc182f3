#include "server/objects/objects_test_util.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/error.h"
#include "plugin/object_rules.h"

namespace penstock {
namespace {

template <typename T>
void Refuse(T done) {
  std::move(done)(absl::UnimplementedError("it takes no uploads"));
}

}  // namespace

std::string FakeObjects::Put(const std::string& key, const std::string& bytes,
                             const std::map<std::string, std::string>& metadata) {
  MutexLock lock(&mutex_);
  return PutLocked(key, bytes, metadata);
}

std::string FakeObjects::PutLocked(const std::string& key, const std::string& bytes,
                                   const std::map<std::string, std::string>& metadata) {
  Object& object = objects_[key];
  object.bytes = bytes;
  object.stat.size = std::ssize(bytes);
  object.stat.crc64 = Crc64(bytes);
  object.stat.etag = absl::StrCat("etag-", next_etag_++);
  object.stat.update_time = absl::FromUnixSeconds(1'700'000'000 + next_etag_);
  object.stat.metadata = metadata;
  return object.stat.etag;
}

void FakeObjects::SetCrc64(const std::string& key, uint64_t crc64) {
  MutexLock lock(&mutex_);
  objects_.at(key).stat.crc64 = crc64;
}

std::set<std::string> FakeObjects::keys() {
  MutexLock lock(&mutex_);
  std::set<std::string> keys;
  for (const auto& [key, object] : objects_) keys.insert(key);
  return keys;
}

void FakeObjects::SetPageLimit(int32_t limit) {
  MutexLock lock(&mutex_);
  page_limit_ = limit;
}

void FakeObjects::Hold(const std::string& call) {
  MutexLock lock(&mutex_);
  held_.insert(call);
}

void FakeObjects::Release(const std::string& call) {
  MutexLock lock(&mutex_);
  held_.erase(call);
  for (Closure& closure : std::exchange(waiting_[call], {})) thread_->Post(std::move(closure));
}

void FakeObjects::ReleaseOne(const std::string& call, size_t index) {
  MutexLock lock(&mutex_);
  std::vector<Closure>& waiting = waiting_[call];
  thread_->Post(std::move(waiting.at(index)));
  waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(index));
}

void FakeObjects::AwaitHeld(const std::string& call, int count) {
  const auto waits = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return std::ssize(waiting_[call]) >= count;
  };
  MutexLock lock(&mutex_);
  mutex_.Await(waits);
}

void FakeObjects::FailWith(const std::string& call, const absl::Status& status) {
  MutexLock lock(&mutex_);
  failures_[call] = status;
}

void FakeObjects::CutReadsShort() {
  MutexLock lock(&mutex_);
  cut_short_ = true;
}

int FakeObjects::calls(const std::string& call) {
  MutexLock lock(&mutex_);
  return counts_[call].calls;
}

void FakeObjects::AwaitCalls(const std::string& call, int count) {
  const auto came = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return counts_[call].calls >= count; };
  MutexLock lock(&mutex_);
  mutex_.Await(came);
}

int FakeObjects::most_at_once(const std::string& call) {
  MutexLock lock(&mutex_);
  return counts_[call].most_at_once;
}

template <typename T, typename Effect>
void FakeObjects::Call(const std::string& call, Done<T> done, Effect effect) {
  Closure closure = [this, call, done = std::move(done), effect = std::move(effect)]() mutable {
    absl::StatusOr<T> answer = absl::UnknownError("");
    {
      MutexLock lock(&mutex_);
      --counts_[call].under_way;
      const absl::Status failure = failures_[call];
      answer = failure.ok() ? effect() : absl::StatusOr<T>(failure);
    }
    std::move(done)(std::move(answer));
  };
  MutexLock lock(&mutex_);
  Count& count = counts_[call];
  ++count.calls;
  count.most_at_once = std::max(count.most_at_once, ++count.under_way);
  if (held_.contains(call)) {
    waiting_[call].push_back(std::move(closure));
  } else {
    thread_->Post(std::move(closure));
  }
}

absl::StatusOr<FakeObjects::Object*> FakeObjects::Find(const std::string& key,
                                                       const std::string& etag) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) {
    return MakeError(absl::StatusCode::kNotFound, kReasonNoSuchObject, "it is not there");
  }
  if (!etag.empty() && found->second.stat.etag != etag) {
    return MakeError(absl::StatusCode::kFailedPrecondition, kReasonObjectChanged, "another one");
  }
  return &found->second;
}

absl::Status FakeObjects::CheckObject(const ObjectName& object,
                                      const ObjectAttributes& attributes) const {
  absl::Status status = CheckBucketName(object.bucket);
  if (status.ok()) status = CheckKey(object.key);
  if (status.ok()) status = CheckAttributes(attributes, {});
  if (!status.ok() || object.key != "refused") return status;
  return MakeError(absl::StatusCode::kPermissionDenied, "KEY_NOT_ALLOWED", "this key is refused");
}

void FakeObjects::Stat(const ObjectName& object, Done<ObjectStat> done) {
  Call("stat", std::move(done),
       [this, key = object.key]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<ObjectStat> {
         const absl::StatusOr<Object*> found = Find(key, "");
         if (!found.ok()) return found.status();
         return (*found)->stat;
       });
}

void FakeObjects::Delete(const ObjectName& object, DoneStatus done) {
  Call<bool>(
      "delete",
      [done = std::move(done)](const absl::StatusOr<bool>& answer) mutable {
        std::move(done)(answer.status());
      },
      [this, key = object.key]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<bool> {
        return objects_.erase(key) > 0;
      });
}

void FakeObjects::Read(const ObjectName& object, int64_t offset, int64_t length,
                       const std::string& etag, Done<ObjectBytes> done) {
  Call("read", std::move(done),
       [this, key = object.key, offset, length, etag]()
           ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<ObjectBytes> {
             const absl::StatusOr<Object*> found = Find(key, etag);
             if (!found.ok()) return found.status();
             const std::string_view bytes = (*found)->bytes;
             const size_t from = std::min(bytes.size(), static_cast<size_t>(offset));
             const size_t count = static_cast<size_t>(length) - (cut_short_ ? 1 : 0);
             return ObjectBytes{(*found)->stat, MakeBuffer(bytes.substr(from, count))};
           });
}

// A page begins after the entry that its name says, behind a letter.
ListedObjects FakeObjects::Page(const ListQuery& query) {
  ListedObjects page;
  const bool first_empty = page_limit_.has_value() && query.page.empty();
  const int32_t limit = std::min(query.limit, page_limit_.value_or(query.limit));
  std::string last = query.page.substr(std::min<size_t>(1, query.page.size()));
  for (const auto& [key, object] : objects_) {
    if (!absl::StartsWith(key, query.prefix) || key <= last) continue;
    if (!last.empty() && last.back() == '/' && !query.delimiter.empty() &&
        absl::StartsWith(key, last)) {
      continue;  // below the prefix that was told last
    }
    if (first_empty || std::ssize(page.objects) + std::ssize(page.prefixes) == limit) {
      page.next_page = "p" + last;
      return page;
    }
    const size_t at = query.delimiter.empty() ? std::string::npos
                                              : key.find(query.delimiter, query.prefix.size());
    if (at != std::string::npos) {
      last = key.substr(0, at + 1);
      page.prefixes.push_back(last);
      continue;
    }
    last = key;
    ListedObject& listed = page.objects.emplace_back();
    listed.key = key;
    listed.complete = capabilities_.lists_complete;
    listed.stat = object.stat;
    if (listed.complete) continue;
    listed.stat.metadata.clear();
    listed.stat.crc64.reset();
  }
  return page;
}

void FakeObjects::List(const ListQuery& query, Done<ListedObjects> done) {
  Call("list", std::move(done),
       [this, query]()
           ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<ListedObjects> { return Page(query); });
}

void FakeObjects::DeleteMany(const std::string&, const std::vector<std::string>& keys,
                             Done<std::vector<absl::Status>> done) {
  Call("delete_many", std::move(done),
       [this, keys]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::vector<absl::Status>> {
         std::vector<absl::Status> outcomes;
         for (const std::string& key : keys) {
           outcomes.push_back(failures_["delete"]);
           if (outcomes.back().ok()) objects_.erase(key);
         }
         return outcomes;
       });
}

void FakeObjects::Copy(const ObjectName& source, const std::string& etag, const ObjectName& target,
                       const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done) {
  Call("copy", std::move(done),
       [this, from = source.key, etag, to = target.key, attributes]()
           ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<ObjectStat> {
             const absl::StatusOr<Object*> found = Find(from, etag);
             if (!found.ok()) return found.status();
             const Object copied = **found;
             PutLocked(to, copied.bytes,
                       attributes.has_value() ? attributes->metadata : copied.stat.metadata);
             return objects_[to].stat;
           });
}

void FakeObjects::SetAttributes(const ObjectName& object, const std::string& etag,
                                const ObjectAttributes& attributes, Done<ObjectStat> done) {
  Call("set_attributes", std::move(done),
       [this, key = object.key, etag, attributes]()
           ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<ObjectStat> {
             const absl::StatusOr<Object*> found = Find(key, etag);
             if (!found.ok()) return found.status();
             (*found)->stat.content_type = attributes.content_type;
             (*found)->stat.metadata = attributes.metadata;
             return (*found)->stat;
           });
}

void FakeObjects::ListBuckets(Done<std::vector<ListedBucket>> done) {
  Call("list_buckets", std::move(done), []() -> absl::StatusOr<std::vector<ListedBucket>> {
    return std::vector<ListedBucket>{{"No Bucket", absl::InfinitePast(), ""},
                                     {"bucket", absl::FromUnixSeconds(1), "here"},
                                     {"other", absl::InfinitePast(), ""}};
  });
}

void FakeObjects::InitiateUpload(const ObjectName&, const ObjectAttributes&, const std::string&,
                                 Done<std::string> done) {
  Refuse(std::move(done));
}

void FakeObjects::UploadPart(const ObjectName&, const std::string&, int32_t,
                             std::shared_ptr<const Buffer>, Done<std::string> done) {
  Refuse(std::move(done));
}

void FakeObjects::CompleteUpload(const ObjectName&, const std::string&,
                                 const std::vector<PartReference>&, const ObjectAttributes&,
                                 Done<ObjectStat> done) {
  Refuse(std::move(done));
}

void FakeObjects::AbortUpload(const ObjectName&, const std::string&, DoneStatus done) {
  Refuse(std::move(done));
}

void FakeObjects::ListParts(const ObjectName&, const std::string&,
                            Done<std::vector<ListedPart>> done) {
  Refuse(std::move(done));
}

void FakeObjects::ListUploads(const std::string&, const std::string&, const std::string&,
                              Done<ListedUploads> done) {
  Refuse(std::move(done));
}

void FakeObjects::PreparePut(const ObjectName&, const ObjectAttributes&, const std::string&,
                             std::shared_ptr<const Buffer>,
                             Done<std::unique_ptr<PreparedPut>> done) {
  Refuse(std::move(done));
}

}  // namespace penstock
