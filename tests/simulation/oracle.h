#ifndef PENSTOCK_TESTS_SIMULATION_ORACLE_H_
#define PENSTOCK_TESTS_SIMULATION_ORACLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/session/frames.h"
#include "tests/simulation/sim_backend.h"
#include "tests/simulation/sim_client.h"
#include "tests/simulation/sim_store.h"

namespace penstock::simulation {

// Sees everything that happens in a schedule, on bytes, and says when a promise is broken:
//
//   I1  every acknowledged byte is in a recorded part whose number holds exactly those bytes, in
//       the tail, or in the object; what was acknowledged once never changes
//   I2  only the owner writes; commits form a contiguous prefix; the committed size never decreases
//       in a life; epochs never restart for a token
//   I3  a part number is sent with one byte string only (SimBackend)
//   I4  a published object equals what its session sealed before
//   I5  `finished` is told only of an object that was published, and equals what that client sent
//   I6  every `finished` of a session tells the same
//   I7  no stream whose claim is the last one is told that it is stale
//
// and that nothing of ours undoes a success that was told.
class Oracle {
 public:
  Oracle(World& world, std::string key) : world_(world), key_(std::move(key)) {}

  // Both must outlive the oracle; it needs them before anything happens.
  void Watch(const SimStore& store, SimBackend& backend);

  // As it happens.
  void OnStored(const SessionWrite& write, const SimStore::Entry& before,
                const SimStore::Entry& after);
  void OnPublished(const SimBackend::Object& object);
  void OnAcknowledged(const std::string& session_id, int64_t size);
  void OnFinished(const FinishedFrame& frame);
  // A stream that was opened with this epoch is told STALE_WRITER.
  void OnStale(const std::string& session_id, int64_t epoch);

  // After every event, and at the end.
  void CheckLedger();
  void CheckEnd();

  // The contents that clients put: an object that is told as finished is one of them.
  void Expect(const std::string& content) { contents_.insert(content); }

  // What others did, and clients cannot be protected from; but they must be told.
  struct Meddling {
    bool aborted = false;      // the session, as an operator may
    bool lost = false;         // the uploads
    bool damaged = false;      // the parts
    bool overwritten = false;  // the object, or it was deleted
    bool expired = false;      // nobody came back in time
    bool forgotten = false;    // the retention is over
  };
  Meddling meddling;
  void OnOverwritten();

  // What came to pass.
  bool published_by_put = false;
  bool published_by_parts = false;
  int tails = 0;
  int lives = 0;

 private:
  // One life of the token.
  struct Life {
    std::string mark;
    std::string acknowledged;
    int64_t committed = 0;              // the most that was ever recorded
    std::optional<std::string> sealed;  // the bytes of a list
    std::optional<Seal> seal;
    std::optional<PublishedObject> result;  // that was told
  };

  void CheckOwner(const SessionWrite& write, const SessionRecord& after);
  void CheckRows(const SimStore::Entry& entry);
  // The bytes that are committed; nullopt when their upload is gone.
  std::optional<std::string> Committed(const SimStore::Entry& entry);

  World& world_;
  const std::string key_;
  const SimStore* store_ = nullptr;
  SimBackend* backend_ = nullptr;

  Fence owner_;
  std::map<std::string, Life> lives_;  // by session id
  bool dirty_ = false;
  std::set<std::pair<std::string, uint64_t>> published_;  // mark and CRC-64 of all that ever was
  std::set<std::string> contents_;
  bool foreign_ = false;  // the object is not what was published last
  std::optional<std::pair<std::string, uint64_t>> success_;  // told last, until others meddle
};

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_ORACLE_H_
