#include "tests/support/memory_store.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "server/store/record_codec.h"
#include "server/store/session_page.h"

namespace penstock {
namespace {

StoreAnswer Found(const SessionRecord& record) {
  StoreAnswer answer;
  answer.code = StoreCode::kOk;
  answer.record = record;
  return answer;
}

StoreAnswer NotFound() {
  StoreAnswer answer;
  answer.code = StoreCode::kNotFound;
  answer.message = "there is no such session";
  return answer;
}

bool Matches(const SessionQuery& query, const SessionRecord& record) {
  const auto& states = query.states;
  const bool in_state =
      states.empty() || std::find(states.begin(), states.end(), record.state) != states.end();
  return in_state && record.principal == query.principal &&
         (query.remote.empty() || record.spec.remote == query.remote) &&
         (query.bucket.empty() || record.spec.object.bucket == query.bucket) &&
         record.spec.object.key.starts_with(query.key_prefix);
}

}  // namespace

void MemoryStore::Write(const SessionKey& key, SessionWrite write, StoreDone done) {
  MutexLock lock(&mutex_);
  KeptSession& session = sessions_[key];
  StoreAnswer answer = session.Apply(write);
  if (!session.record.has_value()) sessions_.erase(key);
  answers_.Post([done = std::move(done), answer = std::move(answer)]() mutable {
    std::move(done)(std::move(answer));
  });
}

void MemoryStore::Get(const SessionKey& key, StoreDone done) {
  MutexLock lock(&mutex_);
  const auto session = sessions_.find(key);
  StoreAnswer answer = session == sessions_.end() ? NotFound() : Found(*session->second.record);
  answers_.Post([done = std::move(done), answer = std::move(answer)]() mutable {
    std::move(done)(std::move(answer));
  });
}

void MemoryStore::GetById(const std::string& principal, const std::string& session_id,
                          FoundDone done) {
  MutexLock lock(&mutex_);
  StoreAnswer answer = NotFound();
  SessionKey key;
  for (const auto& [candidate, session] : sessions_) {
    const SessionRecord& record = *session.record;
    if (record.principal != principal || record.session_id != session_id) continue;
    answer = Found(record);
    key = candidate;
  }
  answers_.Post([done = std::move(done), answer = std::move(answer), key]() mutable {
    std::move(done)(std::move(answer), key);
  });
}

void MemoryStore::List(const SessionQuery& query, PageDone done) {
  const absl::StatusOr<std::string> after = ReadPageToken(query);
  absl::StatusOr<SessionPage> page = SessionPage();
  MutexLock lock(&mutex_);
  if (after.ok()) {
    std::map<std::string, const SessionRecord*> matching;  // by session id
    for (const auto& [key, session] : sessions_) {
      if (Matches(query, *session.record)) matching[session.record->session_id] = &*session.record;
    }
    PageOfSessions filled(query);
    for (auto it = matching.upper_bound(*after); it != matching.end(); ++it) {
      if (!filled.Add(*it->second, EncodeRecord(*it->second).size())) break;
    }
    page = std::move(filled).Take();
  } else {
    page = after.status();
  }
  answers_.Post([done = std::move(done), page = std::move(page)]() mutable {
    std::move(done)(std::move(page));
  });
}

void MemoryStore::Due(const DueQuery& query, DueDone done) {
  MutexLock lock(&mutex_);
  std::vector<KeyedSession> all;
  for (const auto& [key, session] : sessions_) all.push_back({key, *session.record});
  answers_.Post([done = std::move(done), due = DueOf(std::move(all), query)]() mutable {
    std::move(done)(std::move(due));
  });
}

void MemoryStore::OwnedUploads(std::vector<std::string> upload_ids, OwnedDone done) {
  MutexLock lock(&mutex_);
  std::vector<KeyedSession> all;
  for (const auto& [key, session] : sessions_) all.push_back({key, *session.record});
  answers_.Post([done = std::move(done), owned = OwnedUploadsOf(all, upload_ids)]() mutable {
    std::move(done)(std::move(owned));
  });
}

}  // namespace penstock
