#ifndef PENSTOCK_SERVER_STORE_KEPT_SESSION_H_
#define PENSTOCK_SERVER_STORE_KEPT_SESSION_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/store/session_store.h"

namespace penstock {

// One session with all that belongs to it, as a store keeps it: for the stores of tests, and the
// shortest reading of how an effect is carried out.
struct KeptSession {
  std::optional<SessionRecord> record;  // nullopt: there is no such session
  std::vector<PartRecord> ledger;
  std::string tail;

  // Decides a write by ApplyWrite, and carries out its effect.
  StoreAnswer Apply(const SessionWrite& write);

  // The same for an effect that was decided already; fills in the tail of its answer.
  void CarryOut(WriteEffect& effect);

  ReadLedger Reader() const;  // valid as long as this is
};

// What SessionStore::Due answers of `sessions`, which need not be in any order.
std::vector<KeyedSession> DueOf(std::vector<KeyedSession> sessions, const DueQuery& query);

// What SessionStore::OwnedUploads answers of `sessions`.
std::set<std::string> OwnedUploadsOf(const std::vector<KeyedSession>& sessions,
                                     const std::vector<std::string>& upload_ids);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_KEPT_SESSION_H_
