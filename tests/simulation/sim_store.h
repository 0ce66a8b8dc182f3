#ifndef PENSTOCK_TESTS_SIMULATION_SIM_STORE_H_
#define PENSTOCK_TESTS_SIMULATION_SIM_STORE_H_

#include <functional>
#include <string>

#include "server/store/kept_session.h"
#include "tests/simulation/world.h"

namespace penstock::simulation {

// A linearizable store that all servers share. It runs the real rules (ApplyWrite). While the world
// is stormy a write may fail before its effect, may have it and answer that nobody knows, may have
// it late, and may have it twice.
class SimStore final : public SessionStore {
 public:
  using Entry = KeptSession;

  // Called after a write has changed something; `before` is what was there.
  using OnChange =
      std::function<void(const SessionWrite& write, const Entry& before, const Entry& after)>;

  SimStore(World& world, OnChange on_change) : world_(world), on_change_(std::move(on_change)) {}

  void Write(const SessionKey& key, SessionWrite write, StoreDone done) override;
  void Get(const SessionKey& key, StoreDone done) override;
  void GetById(const std::string& principal, const std::string& session_id,
               FoundDone done) override;
  void List(const SessionQuery& query, PageDone done) override;
  void Due(const DueQuery& query, DueDone done) override;
  void OwnedUploads(std::vector<std::string> upload_ids, OwnedDone done) override;

  // The only session there is in a schedule.
  const Entry& entry() const { return entry_; }

  // A claim may take effect when nobody waits for it any more, and another owner lose by it.
  bool late_claims() const { return late_claims_; }

 private:
  StoreAnswer Apply(const SessionWrite& write);

  World& world_;
  const OnChange on_change_;
  SessionKey key_;
  Entry entry_;
  bool late_claims_ = false;
};

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_SIM_STORE_H_
