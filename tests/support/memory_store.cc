#include "tests/support/memory_store.h"

#include <algorithm>
#include <utility>

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
  const auto entry = entries_.find(key);
  std::optional<SessionRecord> record;
  if (entry != entries_.end()) record = entry->second.record;
  WriteEffect effect = ApplyWrite(record, write, [&entry](int64_t first, int64_t count) {
    const std::vector<PartRecord>& ledger = entry->second.ledger;
    const auto begin = ledger.begin() + first;
    return std::vector<PartRecord>(begin, begin + count);
  });
  if (effect.answer.code == StoreCode::kOk && effect.changed) {
    Entry& changed = entries_[key];
    changed.record = *effect.answer.record;
    changed.ledger.insert(changed.ledger.end(), effect.new_rows.begin(), effect.new_rows.end());
  }
  answers_->Post([done = std::move(done), answer = std::move(effect.answer)]() mutable {
    std::move(done)(std::move(answer));
  });
}

void MemoryStore::Get(const SessionKey& key, StoreDone done) {
  MutexLock lock(&mutex_);
  const auto entry = entries_.find(key);
  StoreAnswer answer = entry == entries_.end() ? NotFound() : Found(entry->second.record);
  answers_->Post([done = std::move(done), answer = std::move(answer)]() mutable {
    std::move(done)(std::move(answer));
  });
}

void MemoryStore::GetById(const std::string& principal, const std::string& session_id,
                          FoundDone done) {
  MutexLock lock(&mutex_);
  StoreAnswer answer = NotFound();
  SessionKey key;
  for (const auto& [candidate, entry] : entries_) {
    if (entry.record.principal != principal || entry.record.session_id != session_id) continue;
    answer = Found(entry.record);
    key = candidate;
  }
  answers_->Post([done = std::move(done), answer = std::move(answer), key]() mutable {
    std::move(done)(std::move(answer), key);
  });
}

void MemoryStore::List(const SessionQuery& query, PageDone done) {
  const absl::StatusOr<std::string> after = ReadPageToken(query);
  absl::StatusOr<SessionPage> page = SessionPage();
  MutexLock lock(&mutex_);
  if (after.ok()) {
    std::map<std::string, const SessionRecord*> matching;  // by session id
    for (const auto& [key, entry] : entries_) {
      if (Matches(query, entry.record)) matching[entry.record.session_id] = &entry.record;
    }
    for (auto it = matching.upper_bound(*after); it != matching.end(); ++it) {
      if (std::ssize(page->sessions) == PageSize(query)) {
        page->next_page_token = MakePageToken(query, page->sessions.back().session_id);
        break;
      }
      page->sessions.push_back(*it->second);
    }
  } else {
    page = after.status();
  }
  answers_->Post([done = std::move(done), page = std::move(page)]() mutable {
    std::move(done)(std::move(page));
  });
}

}  // namespace penstock
