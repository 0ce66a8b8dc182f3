#include "server/store/kept_session.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <tuple>
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

std::vector<KeyedSession> DueOf(std::vector<KeyedSession> sessions, const DueQuery& query) {
  const auto place = [](const KeyedSession& session) {
    return std::tie(session.record.reap_time, session.key);
  };
  std::erase_if(sessions, [&](const KeyedSession& session) {
    return session.record.reap_time > query.now ||
           place(session) <= std::tie(query.after_time, query.after_key);
  });
  std::sort(sessions.begin(), sessions.end(),
            [&](const KeyedSession& a, const KeyedSession& b) { return place(a) < place(b); });
  const int most = std::max(query.limit, 0);
  if (std::ssize(sessions) > most) sessions.erase(sessions.begin() + most, sessions.end());
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
