#include "server/session/service_test_util.h"

#include <algorithm>
#include <functional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/checksum.h"
#include "base/error.h"

namespace penstock {
namespace {

absl::Status NotFound(const char* reason) {
  return MakeError(absl::StatusCode::kNotFound, reason, "it is not there");
}

std::string EtagOf(const std::string& bytes) { return absl::StrCat(Crc64(bytes)); }

}  // namespace

StoreAnswer MemoryStore::Apply(const SessionKey& key, const SessionWrite& write) {
  KeptSession& session = entries_[key];
  StoreAnswer answer = session.Apply(write);
  if (!session.record.has_value()) entries_.erase(key);
  return answer;
}

void MemoryStore::Write(const SessionKey& key, SessionWrite write, StoreDone done) {
  thread_->Post([this, key, write = std::move(write), done = std::move(done)]() mutable {
    StoreAnswer answer;
    {
      MutexLock lock(&mutex_);
      answer.code = fail_with_;
      if (fail_with_ == StoreCode::kOk) answer = Apply(key, write);
      if (to_hold_ > 0) {
        --to_hold_;
        held_.push_back([answer = std::move(answer), done = std::move(done)]() mutable {
          std::move(done)(std::move(answer));
        });
        return;
      }
    }
    std::move(done)(std::move(answer));
  });
}

void MemoryStore::HoldAnswers(int count) {
  MutexLock lock(&mutex_);
  to_hold_ = count;
}

void MemoryStore::GiveNewestAnswer() {
  Closure answer;
  {
    const auto held = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return to_hold_ == 0; };
    MutexLock lock(&mutex_);
    mutex_.Await(held);
    answer = std::move(held_.back());
    held_.pop_back();
  }
  std::move(answer)();
}

void MemoryStore::Get(const SessionKey& key, StoreDone done) {
  thread_->Post([this, key, done = std::move(done)]() mutable {
    StoreAnswer answer;
    {
      MutexLock lock(&mutex_);
      answer.code = fail_with_;
      const auto it = entries_.find(key);
      if (fail_with_ == StoreCode::kOk && it != entries_.end()) answer.record = it->second.record;
      if (fail_with_ == StoreCode::kOk && it == entries_.end()) answer.code = StoreCode::kNotFound;
    }
    std::move(done)(std::move(answer));
  });
}

void MemoryStore::GetById(const std::string& principal, const std::string& session_id,
                          FoundDone done) {
  thread_->Post([this, principal, session_id, done = std::move(done)]() mutable {
    StoreAnswer answer;
    answer.code = StoreCode::kNotFound;
    SessionKey found;
    {
      MutexLock lock(&mutex_);
      for (const auto& [key, entry] : entries_) {
        const SessionRecord& record = *entry.record;
        if (record.session_id != session_id || record.principal != principal) continue;
        answer.code = StoreCode::kOk;
        answer.record = entry.record;
        found = key;
      }
    }
    std::move(done)(std::move(answer), found);
  });
}

// Pages are numbered by the first entry.
void MemoryStore::List(const SessionQuery& query, PageDone done) {
  thread_->Post([this, query, done = std::move(done)]() mutable {
    absl::StatusOr<SessionPage> answer;
    {
      SessionPage page;
      MutexLock lock(&mutex_);
      for (const auto& [key, entry] : entries_) {
        if (entry.record->principal != query.principal || key.digest <= query.page_token) continue;
        if (!absl::StartsWith(entry.record->spec.object.key, query.key_prefix)) continue;
        if (std::ssize(page.sessions) == query.page_size) break;
        page.sessions.push_back(*entry.record);
        page.next_page_token = key.digest;
      }
      if (std::ssize(page.sessions) < query.page_size) page.next_page_token.clear();
      answer = std::move(page);
      if (fail_with_ == StoreCode::kCorrupt) {
        answer = MakeError(absl::StatusCode::kDataLoss, "STORE_CORRUPT", "a record is damaged");
      }
    }
    std::move(done)(std::move(answer));
  });
}

void MemoryStore::Due(const DueQuery& query, DueDone done) {
  thread_->Post([this, query, done = std::move(done)]() mutable {
    std::vector<KeyedSession> all;
    {
      MutexLock lock(&mutex_);
      for (const auto& [key, entry] : entries_) all.push_back({key, *entry.record});
    }
    std::move(done)(DueOf(std::move(all), query));
  });
}

void MemoryStore::OwnedUploads(std::vector<std::string> upload_ids, OwnedDone done) {
  thread_->Post([this, upload_ids = std::move(upload_ids), done = std::move(done)]() mutable {
    absl::StatusOr<std::set<std::string>> answer;
    {
      std::vector<KeyedSession> all;
      MutexLock lock(&mutex_);
      for (const auto& [key, entry] : entries_) all.push_back({key, *entry.record});
      answer = OwnedUploadsOf(all, upload_ids);
      if (fail_with_ != StoreCode::kOk) {
        answer = MakeError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", "it fails", {},
                           absl::Seconds(5));
      }
    }
    std::move(done)(std::move(answer));
  });
}

void MemoryStore::FailWith(StoreCode code) {
  MutexLock lock(&mutex_);
  fail_with_ = code;
}

std::optional<SessionRecord> MemoryStore::Find(const std::string& principal,
                                               const std::string& token) {
  MutexLock lock(&mutex_);
  const auto it = entries_.find(MakeSessionKey(principal, token));
  return it == entries_.end() ? std::nullopt : it->second.record;
}

void MemoryStore::Await(const std::string& principal, const std::string& token,
                        const std::function<bool(const SessionRecord&)>& accepts) {
  const SessionKey key = MakeSessionKey(principal, token);
  const auto accepted = [this, &key, &accepts]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const auto it = entries_.find(key);
    return it != entries_.end() && accepts(*it->second.record);
  };
  MutexLock lock(&mutex_);
  mutex_.Await(accepted);
}

FakeBackend::FakeBackend() {
  capabilities_.min_part_size = 2;
  capabilities_.max_part_size = 64;
  capabilities_.max_part_count = 10'000;
  capabilities_.max_object_size = 1 << 20;
  capabilities_.max_put_size = 1 << 20;
  capabilities_.reports_crc64 = true;
}

void FakeBackend::Hold(const std::string& call) {
  MutexLock lock(&mutex_);
  held_.insert(call);
}

void FakeBackend::Release(const std::string& call) {
  MutexLock lock(&mutex_);
  held_.erase(call);
  for (auto& [name, closure] : std::exchange(waiting_, {})) {
    if (name == call) {
      thread_->Post(std::move(closure));
    } else {
      waiting_.emplace_back(name, std::move(closure));
    }
  }
}

void FakeBackend::AwaitHeld(const std::string& call, int count) {
  const auto waits = [this, &call, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return std::count_if(waiting_.begin(), waiting_.end(),
                         [&call](const auto& waiting) { return waiting.first == call; }) >= count;
  };
  MutexLock lock(&mutex_);
  mutex_.Await(waits);
}

void FakeBackend::FailWith(const std::string& call, const absl::Status& status) {
  MutexLock lock(&mutex_);
  failures_[call] = status;
}

void FakeBackend::SetUploadAge(absl::Duration age) {
  MutexLock lock(&mutex_);
  upload_age_ = age;
}

std::optional<std::string> FakeBackend::Find(const std::string& key) {
  MutexLock lock(&mutex_);
  const auto it = objects_.find(key);
  return it == objects_.end() ? std::nullopt : std::optional<std::string>(it->second.bytes);
}

std::set<std::string> FakeBackend::uploads() {
  MutexLock lock(&mutex_);
  std::set<std::string> ids;
  for (const auto& [id, upload] : uploads_) ids.insert(id);
  return ids;
}

void FakeBackend::Enqueue(const std::string& call, Closure closure) {
  MutexLock lock(&mutex_);
  if (held_.contains(call)) {
    waiting_.emplace_back(call, std::move(closure));
  } else {
    thread_->Post(std::move(closure));
  }
}

template <typename T, typename Effect>
void FakeBackend::Call(const std::string& call, Done<T> done, Effect effect) {
  Enqueue(call, [this, call, done = std::move(done), effect = std::move(effect)]() mutable {
    absl::StatusOr<T> answer = absl::UnknownError("");
    {
      MutexLock lock(&mutex_);
      const auto failure = failures_.find(call);
      const bool fails = failure != failures_.end() && !failure->second.ok();
      answer = fails ? absl::StatusOr<T>(failure->second) : effect();
    }
    std::move(done)(std::move(answer));
  });
}

absl::Status FakeBackend::CheckObject(const ObjectName& object, const ObjectAttributes&) const {
  if (object.key != "refused" && !object.key.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_KEY", "this key is refused");
}

void FakeBackend::InitiateUpload(const ObjectName& object, const ObjectAttributes&,
                                 const std::string& mark, Done<std::string> done) {
  Call("initiate", std::move(done),
       [this, object, mark]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
         const std::string id = absl::StrCat("upload-", next_upload_++);
         uploads_[id] = {object, mark, {}};
         return id;
       });
}

void FakeBackend::UploadPart(const ObjectName&, const std::string& upload_id, int32_t number,
                             std::shared_ptr<const Buffer> body, Done<std::string> done) {
  Call("part", std::move(done),
       [this, upload_id, number, bytes = body->ToString()]()
           ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
             const auto upload = uploads_.find(upload_id);
             if (upload == uploads_.end()) return NotFound(kReasonNoSuchUpload);
             upload->second.parts[number] = bytes;
             return EtagOf(bytes);
           });
}

void FakeBackend::CompleteUpload(const ObjectName& object, const std::string& upload_id,
                                 const std::vector<PartReference>& parts, const ObjectAttributes&,
                                 Done<ObjectStat> done) {
  Call("complete", std::move(done),
       [this, key = object.key, upload_id, parts]()
           ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<ObjectStat> {
             const auto upload = uploads_.find(upload_id);
             if (upload == uploads_.end()) return NotFound(kReasonNoSuchUpload);
             Object made{upload->second.mark, {}};
             for (const PartReference& part : parts) {
               const std::string& bytes = upload->second.parts[part.number];
               if (EtagOf(bytes) != part.etag) {
                 return MakeError(absl::StatusCode::kFailedPrecondition, kReasonInvalidPart, "");
               }
               made.bytes += bytes;
             }
             uploads_.erase(upload);
             return Publish(key, std::move(made));
           });
}

void FakeBackend::AbortUpload(const ObjectName&, const std::string& upload_id, DoneStatus done) {
  Call<bool>(
      "abort",
      [done = std::move(done)](const absl::StatusOr<bool>& answer) mutable {
        std::move(done)(answer.status());
      },
      [this, upload_id]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<bool> {
        return uploads_.erase(upload_id) > 0;
      });
}

void FakeBackend::ListParts(const ObjectName&, const std::string& upload_id,
                            Done<std::vector<ListedPart>> done) {
  Call("list_parts", std::move(done),
       [this, upload_id]()
           ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::vector<ListedPart>> {
             const auto upload = uploads_.find(upload_id);
             if (upload == uploads_.end()) return NotFound(kReasonNoSuchUpload);
             std::vector<ListedPart> parts;
             for (const auto& [number, bytes] : upload->second.parts) {
               parts.push_back({number, std::ssize(bytes), EtagOf(bytes), Crc64(bytes)});
             }
             return parts;
           });
}

void FakeBackend::ListUploads(const std::string& bucket, const std::string& prefix,
                              const std::string&, Done<ListedUploads> done) {
  Call("list_uploads", std::move(done),
       [this, bucket, prefix]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<ListedUploads> {
         ListedUploads listed;
         for (const auto& [id, upload] : uploads_) {
           const ObjectName& object = upload.object;
           if (object.bucket != bucket || !absl::StartsWith(object.key, prefix)) continue;
           listed.uploads.push_back({object.key, id, absl::Now() - upload_age_});
         }
         return listed;
       });
}

class FakeBackend::Put final : public PreparedPut {
 public:
  Put(FakeBackend& backend, std::string key, Object object)
      : backend_(backend), key_(std::move(key)), object_(std::move(object)) {}

  absl::Time valid_until() const override { return absl::Now() + absl::Minutes(15); }

  void Send(Done<ObjectStat> done) override {
    backend_.Call("put", std::move(done),
                  [&backend = backend_, key = key_, object = object_]()
                      ABSL_NO_THREAD_SAFETY_ANALYSIS { return backend.Publish(key, object); });
  }

 private:
  FakeBackend& backend_;
  const std::string key_;
  const Object object_;
};

void FakeBackend::PreparePut(const ObjectName& object, const ObjectAttributes&,
                             const std::string& mark, std::shared_ptr<const Buffer> body,
                             Done<std::unique_ptr<PreparedPut>> done) {
  Call("prepare", std::move(done),
       [this, key = object.key,
        made = Object{mark, body->ToString()}]() -> absl::StatusOr<std::unique_ptr<PreparedPut>> {
         return std::make_unique<Put>(*this, key, made);
       });
}

void FakeBackend::Stat(const ObjectName& object, Done<ObjectStat> done) {
  Call("stat", std::move(done),
       [this, key = object.key]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<ObjectStat> {
         const auto found = objects_.find(key);
         if (found == objects_.end()) return NotFound(kReasonNoSuchObject);
         return StatOf(found->second);
       });
}

void FakeBackend::Delete(const ObjectName& object, DoneStatus done) {
  Call<bool>(
      "delete",
      [done = std::move(done)](const absl::StatusOr<bool>& answer) mutable {
        std::move(done)(answer.status());
      },
      [this, key = object.key]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<bool> {
        return objects_.erase(key) > 0;
      });
}

absl::StatusOr<ObjectStat> FakeBackend::Publish(const std::string& key, Object object) {
  objects_[key] = std::move(object);
  return StatOf(objects_[key]);
}

ObjectStat FakeBackend::StatOf(const Object& object) {
  ObjectStat stat;
  stat.size = static_cast<int64_t>(object.bytes.size());
  stat.crc64 = Crc64(object.bytes);
  stat.etag = EtagOf(object.bytes);
  stat.mark = object.mark;
  stat.update_time = absl::Now();
  return stat;
}

}  // namespace penstock
