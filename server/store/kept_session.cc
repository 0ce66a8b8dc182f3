#include "server/store/kept_session.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace penstock {

ReadLedger KeptSession::Reader() const {
  return [this](int64_t first_sequence, int64_t count) {
    const int64_t end = std::min(first_sequence + count, static_cast<int64_t>(ledger.size()));
    const auto at = [this](int64_t i) { return ledger.begin() + static_cast<std::ptrdiff_t>(i); };
    return first_sequence < end ? std::vector<PartRecord>(at(first_sequence), at(end))
                                : std::vector<PartRecord>();
  };
}

StoreAnswer KeptSession::Apply(const SessionWrite& write) {
  WriteEffect effect = ApplyWrite(record, write, Reader());
  CarryOut(effect);
  return std::move(effect.answer);
}

void KeptSession::CarryOut(WriteEffect& effect) {
  if (effect.answer.code != StoreCode::kOk) return;
  if (effect.changed) {
    if (effect.drop_ledger) ledger.clear();
    if (effect.drop_tail) tail.clear();
    record = effect.erase ? std::nullopt : effect.answer.record;
    ledger.insert(ledger.end(), effect.new_rows.begin(), effect.new_rows.end());
    if (effect.new_tail.has_value()) tail = *effect.new_tail;
  }
  if (effect.read_tail) effect.answer.tail = tail;
}

std::vector<KeyedSession> DueOf(std::vector<KeyedSession> sessions, absl::Time now, int limit) {
  std::erase_if(sessions,
                [now](const KeyedSession& session) { return session.record.reap_time > now; });
  std::stable_sort(sessions.begin(), sessions.end(),
                   [](const KeyedSession& a, const KeyedSession& b) {
                     return a.record.reap_time < b.record.reap_time;
                   });
  const auto most = static_cast<size_t>(std::max(limit, 0));
  if (sessions.size() > most) sessions.erase(sessions.begin() + std::max(limit, 0), sessions.end());
  return sessions;
}

std::set<std::string> OwnedUploadsOf(const std::vector<KeyedSession>& sessions,
                                     const std::vector<std::string>& upload_ids) {
  std::set<std::string> all;
  for (const KeyedSession& session : sessions) all.merge(UploadsOf(session.record));
  std::set<std::string> owned;
  for (const std::string& id : upload_ids) {
    if (all.contains(id)) owned.insert(id);
  }
  return owned;
}

}  // namespace penstock
