#ifndef PENSTOCK_TESTS_SIMULATION_SIM_STORE_H_
#define PENSTOCK_TESTS_SIMULATION_SIM_STORE_H_

#include <map>

#include "server/store/kept_session.h"
#include "server/store/session_store.h"
#include "tests/simulation/world.h"

namespace penstock::simulation {

// A linearizable store that all servers share. It runs the real rules (ApplyWrite). While the world
// is stormy a write may fail before its effect, may have it and answer that nobody knows, may have
// it late, and may have it twice.
class SimStore final : public SessionStore {
 public:
  explicit SimStore(World& world) : world_(world) {}

  void Write(const SessionKey& key, SessionWrite write, StoreDone done) override;
  void Get(const SessionKey& key, StoreDone done) override;
  void GetById(const std::string& principal, const std::string& session_id,
               FoundDone done) override;
  void List(const SessionQuery& query, PageDone done) override;
  void Due(absl::Time now, int limit, DueDone done) override;

  using Entry = KeptSession;
  const Entry& Peek(const SessionKey& key) { return entries_[key]; }

 private:
  StoreAnswer Apply(const SessionKey& key, const SessionWrite& write);

  World& world_;
  std::map<SessionKey, Entry> entries_;
};

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_SIM_STORE_H_
