#ifndef PENSTOCK_SERVER_STORE_APPLY_WRITE_H_
#define PENSTOCK_SERVER_STORE_APPLY_WRITE_H_

// How ApplyWrite decides; for session_write.cc and session_life_write.cc alone.

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/store/session_write.h"

namespace penstock::store_internal {

// A refusal; `record` is the one in the way.
WriteEffect Refuse(StoreCode code, std::string message, std::optional<SessionRecord> record = {});
WriteEffect WrongState(const SessionRecord& record, const char* expected);
WriteEffect Fenced(const SessionRecord& record);

// Success without an effect.
WriteEffect Unchanged(const SessionRecord& record);

// Success: `before` (nullptr: nothing) becomes `next`, with the times of a write at `now`.
WriteEffect Changed(const SessionRecord* before, SessionRecord next, absl::Time now);

// The record that CreateSession stores: the one given, with its times.
SessionRecord Begun(const SessionRecord& given);

// What CreateSession promises of its record.
bool CanBegin(const SessionRecord& record);

// One overload per write: what it does to a session that exists.
class Apply {
 public:
  Apply(const SessionRecord& record, const ReadLedger& read_ledger)
      : record_(record), read_ledger_(read_ledger) {}

  // The owner's writes: session_write.cc.
  WriteEffect operator()(const SetUpload& write) const;
  WriteEffect operator()(const CommitParts& write) const;
  WriteEffect operator()(const SaveTail& write) const;
  WriteEffect operator()(const TouchSession& write) const;
  WriteEffect operator()(const SealSession& write) const;
  WriteEffect operator()(const RenewPut& write) const;
  WriteEffect operator()(const FinishSession& write) const;
  WriteEffect operator()(const FailSession& write) const;

  // Those that begin, take over, or end a life: session_life_write.cc.
  WriteEffect operator()(const CreateSession& write) const;
  WriteEffect operator()(const ClaimSession& write) const;
  WriteEffect operator()(const AbortSession& write) const;
  WriteEffect operator()(const ExpireSession& write) const;
  WriteEffect operator()(const StartOver& write) const;
  WriteEffect operator()(const UploadAborted& write) const;
  WriteEffect operator()(const UploadNotAborted& write) const;
  WriteEffect operator()(const ForgetSession& write) const;

 private:
  bool At(const LedgerPosition& position) const;
  WriteEffect Becomes(SessionRecord next, absl::Time now) const;
  WriteEffect Ends(SessionRecord next, SessionState state, absl::Time now) const;
  WriteEffect EndsByForce(SessionState state, const std::string& nonce, absl::Time now) const;
  WriteEffect Claimed(SessionRecord next, const ClaimSession& write, bool changed) const;
  bool NumbersAscend(const std::vector<PartRecord>& rows) const;
  bool HasCommitted(const CommitParts& write) const;
  bool HasSaved(const SaveTail& write) const;
  bool Extends(const SaveTail& write) const;

  const SessionRecord& record_;
  const ReadLedger& read_ledger_;
};

}  // namespace penstock::store_internal

#endif  // PENSTOCK_SERVER_STORE_APPLY_WRITE_H_
