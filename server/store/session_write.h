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
//
// An owner that is opened again in its own process (rule 12) claims with `keep`, its own fence:
// where that is still current the epoch rises but no number is reserved, and the answer is `kept`:
// what the process holds in memory counts, and its numbers stay its own.
struct ClaimSession {
  std::string nonce;
  int32_t reserve = 0;
  std::optional<Fence> keep;
  std::optional<int64_t> expect_epoch;
  std::optional<SessionSpec> expect_spec;
  bool any_spec_if_ended = false;  // START_OVER: an ended session is answered whatever it put
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
// `reserve_to` in the same write. `rows` begin at the ledger's end and are contiguous; their part
// numbers ascend and were reserved. A tail is removed with the rows that cover it; no rows may end
// within it (kCorrupt otherwise).
struct CommitParts {
  LedgerPosition position;
  std::vector<PartRecord> rows;
  int32_t reserve_to = 0;
  absl::Time now;
};

// Keeps the bytes from the ledger's end on in the store (rule 11): they are committed with it. A
// tail that is there already is replaced by a longer one that begins with the same bytes (kCorrupt
// when it is shorter, empty, or larger than kMaxTailSize).
struct SaveTail {
  LedgerPosition position;
  int64_t offset = 0;  // the ledger's end
  std::string bytes;
  uint64_t crc64 = 0;  // of `bytes`
  absl::Time now;
};

// A sign of life of an open session in which nothing else is written: puts off its expiry.
struct TouchSession {
  LedgerPosition position;
  absl::Time now;
};

// kOpen to kFinishing (rule 5). A sealed list must be the ledger as it is, without a tail: its size
// and CRC-64; a single put needs an empty ledger (kCorrupt otherwise).
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
  bool put_settled = false;  // no attempt of a single put is of unknown outcome
  absl::Time now;
};

// kOpen or kFinishing to kFailed. Its upload is dead from here on.
struct FailSession {
  LedgerPosition position;
  std::string reason;
  std::string message;
  absl::Time now;
};

// kOpen to kAborted, whoever owns the session: raises the epoch, so that the owner's writes fail
// from here on. An ended session is answered as it is. kWrongState when it is kFinishing: its
// outcome must be established first. kNotFound when the token began anew since: another life.
struct AbortSession {
  std::string session_id;
  std::string nonce;
  absl::Time now;
};

// kOpen to kExpired, likewise, if nothing has happened since the session was seen to be due: the
// reaper and a client that comes back race in this comparison (kFenced when the client won, also by
// a sign of life of the same owner that put the expiry off beyond `now`).
struct ExpireSession {
  Fence seen;
  std::string nonce;
  absl::Time now;
};

// Begins a new life of the token (rule 8): new session id, mark, spec and fence, an empty ledger,
// and the old upload dead. Only of an ended session that nobody changed since it was seen (kFenced
// otherwise). `record` is the new life as CreateSession takes it, open; its life and epoch are set
// here, because an epoch never restarts for a token.
struct StartOver {
  Fence seen;
  SessionState seen_state;
  SessionRecord record;
  absl::Time now;
};

// Notes that the backend has discarded a dead upload, and forgets it after kUploadAborts times: the
// second counts from the record's reap_time on, so that two who discard it at the same time, or a
// repeat, count once. Without effect when there is none of that id.
struct UploadAborted {
  std::string upload_id;
  absl::Time now;
};

// Notes that a dead upload could not be discarded: the reaper looks at the session again after
// kDiscardRetryDelay, so that those it can do nothing for do not keep it from the others. Without
// effect when there is none of that id, and on a session that is being finished.
struct UploadNotAborted {
  std::string upload_id;
  absl::Time now;
};

// Removes an ended session whose retention is over and that has no dead upload left (kWrongState
// otherwise). Its token is unknown from here on.
struct ForgetSession {
  Fence seen;
  absl::Time now;
};

using SessionWrite =
    std::variant<CreateSession, ClaimSession, SetUpload, CommitParts, SaveTail, TouchSession,
                 SealSession, RenewPut, FinishSession, FailSession, AbortSession, ExpireSession,
                 StartOver, UploadAborted, UploadNotAborted, ForgetSession>;

// The names of the writes in the order of SessionWrite's alternatives, for logs and fault points.
inline constexpr const char* kWriteNames[] = {
    "create", "claim",  "set_upload", "commit",         "save_tail",
    "touch",  "seal",   "renew",      "finish",         "fail",
    "abort",  "expire", "start_over", "upload_aborted", "upload_not_aborted",
    "forget"};
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
  std::vector<PartRecord> ledger;  // ClaimSession, unless `kept`: all rows
  std::string tail;                // ClaimSession, unless `kept`: the bytes of record->tail
  bool kept = false;               // ClaimSession: `keep` was current
  int32_t first_number = 0;        // ClaimSession: the first part number of the reservation; of a
                                   // sealed session, which gets none, the one above all others
  absl::Duration retry_after = absl::ZeroDuration();  // kBusy
};

// Reads `count` rows of the session's ledger from `first_sequence` on, within the same transaction.
using ReadLedger = std::function<std::vector<PartRecord>(int64_t first_sequence, int64_t count)>;

// What a write does besides its answer. When the answer is kOk and `changed` is set, the caller
// does all of it in the transaction in which it read the record: first what is dropped, then what
// is new.
struct WriteEffect {
  StoreAnswer answer;
  bool changed = false;      // store answer.record
  bool drop_ledger = false;  // all rows
  bool drop_tail = false;    // the bytes of the tail
  bool erase = false;        // the record with all that belongs to it
  std::vector<PartRecord> new_rows;
  std::optional<std::string> new_tail;  // replaces the bytes of the tail
  bool read_tail = false;               // answer.tail is to be filled in
};

// Applies `write` to `record` (nullopt: no such session). Deterministic and without side effects.
WriteEffect ApplyWrite(const std::optional<SessionRecord>& record, const SessionWrite& write,
                       const ReadLedger& read_ledger);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SESSION_WRITE_H_
