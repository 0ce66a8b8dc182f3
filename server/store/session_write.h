#ifndef PENSTOCK_SERVER_STORE_SESSION_WRITE_H_
#define PENSTOCK_SERVER_STORE_SESSION_WRITE_H_

// The writes to a session and their rules: what each compares, changes, and answers when it is
// repeated. The rules are one pure function, ApplyWrite, that every store runs inside its own
// transaction; no store has rules of its own.

#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "server/store/session_record.h"

namespace penstock {

// What every write of an owner compares (rule 4): the fence keeps other owners out, the end of the
// ledger orders one owner's own late writes.
struct LedgerPosition {
  Fence fence;
  int64_t next_sequence = 0;
  int64_t committed_size = 0;
};

// Inserts a session. kExists when the token is taken. The record is complete: open with a
// reservation, or already sealed as a single put (rule 13), or failed; its epoch is 1 and its
// ledger empty.
struct CreateSession {
  SessionRecord record;
};

// Claims of a session within a minute beyond which they are answered with a delay, unless
// configured.
inline constexpr int32_t kDefaultClaimsPerMinute = 10;

// Becomes the owner: raises the epoch and reserves part numbers past every reserved one (rules 3
// and 4). An ended session is answered as it is, and nothing changes. kNotFound; kStaleOpen when
// the epoch is above `expect_epoch`; kBusy with retry_after when there were more than
// `claims_per_minute` within a minute. A claim is repeated with the same nonce.
struct ClaimSession {
  std::string nonce;
  int32_t reserve = 0;
  std::optional<int64_t> expect_epoch;
  std::optional<SessionSpec> expect_spec;
  absl::Time now;
  int32_t claims_per_minute = kDefaultClaimsPerMinute;
};

// Records the upload id of an open session that has none.
struct SetUpload {
  LedgerPosition position;
  std::string upload_id;
  absl::Time now;
};

// Appends rows to the ledger of an open session, and extends the owner's reservation to
// `reserve_to` in the same write. `rows` begin at the position and are contiguous; their part
// numbers ascend and were reserved (kCorrupt otherwise).
struct CommitParts {
  LedgerPosition position;
  std::vector<PartRecord> rows;
  int32_t reserve_to = 0;
  absl::Time now;
};

// kOpen to kFinishing (rule 5). A sealed list must be the ledger as it is: its size and CRC-64; a
// single put needs an empty ledger (kCorrupt otherwise).
struct SealSession {
  LedgerPosition position;
  Seal seal;
  absl::Time now;
};

// Asks whether a session sealed as a single put is still ours, and records that an attempt valid
// until then is about to be sent (rule 13: sign, ask, send).
struct RenewPut {
  LedgerPosition position;
  absl::Time put_valid_until;
  absl::Time now;
};

// kFinishing to kFinished. The upload id is gone with it. The result has the size and CRC-64 that
// were sealed (kCorrupt otherwise).
struct FinishSession {
  LedgerPosition position;
  PublishedObject result;
  absl::Time now;
};

// kOpen or kFinishing to kFailed. The upload id stays until it is aborted.
struct FailSession {
  LedgerPosition position;
  std::string reason;
  std::string message;
  absl::Time now;
};

// kOpen to kAborted, whoever owns the session: raises the epoch, so that the owner's writes fail
// from here on. An ended session is answered as it is. kWrongState when it is kFinishing: its
// outcome must be established first.
struct AbortSession {
  std::string nonce;
  absl::Time now;
};

// Forgets the upload id of an ended session after the backend discarded the upload. Without effect
// when it is another.
struct UploadAborted {
  std::string upload_id;
  absl::Time now;
};

using SessionWrite =
    std::variant<CreateSession, ClaimSession, SetUpload, CommitParts, SealSession, RenewPut,
                 FinishSession, FailSession, AbortSession, UploadAborted>;

// The names of the writes in the order of SessionWrite's alternatives, for logs and fault points.
inline constexpr const char* kWriteNames[] = {"create", "claim",         "set_upload", "commit",
                                              "seal",   "renew",         "finish",     "fail",
                                              "abort",  "upload_aborted"};
static_assert(std::size(kWriteNames) == std::variant_size_v<SessionWrite>, "name every write");

inline const char* WriteName(const SessionWrite& write) { return kWriteNames[write.index()]; }

enum class StoreCode {
  kOk,            // done; or it had been done before by the same write
  kFenced,        // another owner, or a late write of one's own: the ownership has ended
  kStaleOpen,     // ClaimSession: somebody took over since the epoch that was expected
  kSpecMismatch,  // ClaimSession: the session puts something else
  kWrongState,    // the session's state does not allow it
  kNotFound,      // there is no such session
  kExists,        // CreateSession: the token is taken
  kBusy,          // ClaimSession: too many claims; try again after retry_after
  kUnknown,       // it may have been done: repeat it with equal arguments
  kUnavailable,   // it was not done; the store cannot be reached now
  kExhausted,     // it was not done; the store is full
  kCorrupt,       // the store contradicts itself, or a write contradicts its own contract: a bug or
                  // damage
};

const char* StoreCodeName(StoreCode code);

struct StoreAnswer {
  StoreCode code = StoreCode::kCorrupt;
  std::string message;  // of errors
  std::optional<SessionRecord>
      record;  // after the write; with kFenced, kExists and the like: the one in the way
  std::vector<PartRecord> ledger;  // ClaimSession: all rows
  int32_t first_number = 0;        // ClaimSession: the first part number of the reservation; of a
                                   // sealed session, which gets none, the one above all others
  absl::Duration retry_after = absl::ZeroDuration();  // kBusy
};

// Reads `count` rows of the session's ledger from `first_sequence` on, within the same transaction.
using ReadLedger = std::function<std::vector<PartRecord>(int64_t first_sequence, int64_t count)>;

// Applies `write` to `record` (nullopt: no such session). When the answer is kOk and `changed` is
// set, the caller stores answer.record, and for CommitParts appends its rows, in the transaction in
// which it read `record`. Deterministic and without side effects.
struct WriteEffect {
  StoreAnswer answer;
  bool changed = false;
  std::vector<PartRecord> new_rows;
};
WriteEffect ApplyWrite(const std::optional<SessionRecord>& record, const SessionWrite& write,
                       const ReadLedger& read_ledger);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SESSION_WRITE_H_
