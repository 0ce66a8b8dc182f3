#ifndef PENSTOCK_TESTS_FUZZ_CORE_SHARED_H_
#define PENSTOCK_TESTS_FUZZ_CORE_SHARED_H_

// What all owners of the one session share, and what must hold of it whoever does something.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/buffer_budget.h"
#include "server/session/session_events.h"
#include "server/store/kept_session.h"

namespace penstock::fuzz {

class Shared {
 public:
  // Applies a write by the rules of the store, and checks what is stored then.
  StoreAnswer Apply(const SessionWrite& write);

  // A part is sent: its number was recorded as reserved, and was never sent before.
  void OnPart(const std::string& upload_id, int32_t number);
  // An upload is discarded: nobody uploads to it, now or later.
  void OnDiscard(const std::string& upload_id);

  SessionIds DrawIds();
  std::string DrawUpload() { return "u" + std::to_string(++drawn_); }
  void Advance(absl::Duration step);

  // What was ever recorded of a life, by session id.
  struct Life {
    int64_t committed_size = 0;
    bool sealed = false;
    bool finished = false;
    std::vector<PartRecord> ledger;  // as sealed
  };
  std::map<std::string, Life> lives;

  KeptSession kept;
  std::vector<SessionWrite> late;  // may still be done, or not
  BufferBudget budget{512, 16};
  bool grants_at_once = true;  // memory that is there; otherwise when the input says so
  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  bool honest = true;  // every client has sent the same content so far

 private:
  void Check(const std::optional<SessionRecord>& before);

  int drawn_ = 0;
  std::map<std::string, int32_t> reserved_;         // by recorded upload id
  std::set<std::pair<std::string, int32_t>> sent_;  // numbers
  std::set<std::string> discarded_;
};

}  // namespace penstock::fuzz

#endif  // PENSTOCK_TESTS_FUZZ_CORE_SHARED_H_
