#include "server/store/session_write.h"

#include <algorithm>
#include <utility>

#include "base/checksum.h"

namespace penstock {
namespace {

WriteEffect Refuse(StoreCode code, std::string message, std::optional<SessionRecord> record = {}) {
  WriteEffect effect;
  effect.answer.code = code;
  effect.answer.message = std::move(message);
  effect.answer.record = std::move(record);
  return effect;
}

WriteEffect Unchanged(const SessionRecord& record) {
  WriteEffect effect;
  effect.answer.code = StoreCode::kOk;
  effect.answer.record = record;
  return effect;
}

WriteEffect Changed(SessionRecord record, absl::Time now) {
  record.update_time = std::max(record.update_time, now);
  WriteEffect effect = Unchanged(record);
  effect.changed = true;
  return effect;
}

WriteEffect WrongState(const SessionRecord& record, const char* expected) {
  return Refuse(StoreCode::kWrongState,
                std::string("expected a session that is ") + expected + ", its state is " +
                    std::to_string(static_cast<int>(record.state)),
                record);
}

WriteEffect Fenced(const SessionRecord& record) {
  return Refuse(StoreCode::kFenced,
                "the session's epoch is " + std::to_string(record.fence.epoch) +
                    " and its committed size " + std::to_string(record.committed_size) +
                    ": not what the writer saw last",
                record);
}

bool At(const SessionRecord& record, const LedgerPosition& position) {
  return record.fence == position.fence && record.next_sequence == position.next_sequence &&
         record.committed_size == position.committed_size;
}

// What CreateSession promises of its record.
bool CanBegin(const SessionRecord& record) {
  const bool sealed_put = record.seal.has_value() && record.seal->single_put;
  return record.fence.epoch == 1 && record.next_sequence == 0 && record.committed_size == 0 &&
         (record.state == SessionState::kOpen || record.state == SessionState::kFailed ||
          (record.state == SessionState::kFinishing && sealed_put));
}

// One overload per write: what it does to a session that exists.
class Apply {
 public:
  Apply(const SessionRecord& record, const ReadLedger& read_ledger)
      : record_(record), read_ledger_(read_ledger) {}

  WriteEffect operator()(const CreateSession& write) const {
    // Our own insert, repeated: nobody else knows its session id and nonce, and nothing has
    // happened since.
    if (record_ == write.record) return Unchanged(record_);
    return Refuse(StoreCode::kExists, "the session token is taken", record_);
  }

  WriteEffect operator()(const ClaimSession& write) const {
    if (write.expect_spec.has_value()) {
      const std::string field = FirstDifference(record_.spec, *write.expect_spec);
      if (!field.empty()) return Refuse(StoreCode::kSpecMismatch, field, record_);
    }
    if (Ended(record_.state)) return Unchanged(record_);
    if (record_.fence.nonce == write.nonce) return Claimed(record_, write, false);
    if (write.expect_epoch.has_value() && record_.fence.epoch > *write.expect_epoch) {
      return Refuse(StoreCode::kStaleOpen,
                    "the session's epoch is " + std::to_string(record_.fence.epoch) +
                        ", the client last saw " + std::to_string(*write.expect_epoch),
                    record_);
    }
    SessionRecord next = record_;
    // A window that begins in the far future was opened by a server whose clock is wrong.
    if (absl::AbsDuration(write.now - next.claim_window_start) >= absl::Minutes(1)) {
      next.claim_window_start = write.now;
      next.claims_in_window = 0;
    }
    if (next.claims_in_window >= write.claims_per_minute) {
      WriteEffect busy = Refuse(StoreCode::kBusy, "too many claims within a minute", record_);
      busy.answer.retry_after =
          std::min(next.claim_window_start + absl::Minutes(1) - write.now, absl::Minutes(1));
      return busy;
    }
    ++next.claims_in_window;
    ++next.fence.epoch;
    next.fence.nonce = write.nonce;
    // A sealed session sends no more parts: it needs no numbers.
    if (next.state == SessionState::kOpen) next.reserved_number += write.reserve;
    return Claimed(std::move(next), write, true);
  }

  WriteEffect operator()(const SetUpload& write) const {
    if (!At(record_, write.position)) return Fenced(record_);
    if (record_.state != SessionState::kOpen) return WrongState(record_, "open");
    if (record_.upload_id == write.upload_id) return Unchanged(record_);
    if (!record_.upload_id.empty()) return WrongState(record_, "without an upload id");
    SessionRecord next = record_;
    next.upload_id = write.upload_id;
    return Changed(std::move(next), write.now);
  }

  WriteEffect operator()(const CommitParts& write) const {
    SessionRecord next = record_;
    next.next_sequence = write.position.next_sequence;
    next.committed_size = write.position.committed_size;
    uint64_t appended_crc64 = 0;
    int64_t appended_size = 0;
    for (const PartRecord& row : write.rows) {
      if (row.sequence != next.next_sequence || row.offset != next.committed_size || row.size < 0) {
        return Refuse(StoreCode::kCorrupt, "the rows do not continue the ledger", record_);
      }
      ++next.next_sequence;
      next.committed_size += row.size;
      appended_crc64 = CombineCrc64(appended_crc64, row.crc64, row.size);
      appended_size += row.size;
    }
    if (IsRepeat(next, write)) return Unchanged(record_);
    if (!At(record_, write.position)) return Fenced(record_);
    if (record_.state != SessionState::kOpen) return WrongState(record_, "open");
    if (!NumbersAscend(write.rows)) {
      return Refuse(StoreCode::kCorrupt, "the part numbers do not ascend within the reservation",
                    record_);
    }
    next.committed_crc64 = CombineCrc64(record_.committed_crc64, appended_crc64, appended_size);
    next.reserved_number = std::max(record_.reserved_number, write.reserve_to);
    WriteEffect effect = Changed(std::move(next), write.now);
    effect.new_rows = write.rows;
    return effect;
  }

  WriteEffect operator()(const SealSession& write) const {
    if (!At(record_, write.position)) return Fenced(record_);
    if (record_.state == SessionState::kFinishing && record_.seal == write.seal) {
      return Unchanged(record_);
    }
    if (record_.state != SessionState::kOpen) return WrongState(record_, "open");
    const bool of_ledger =
        write.seal.size == record_.committed_size && write.seal.crc64 == record_.committed_crc64;
    if (write.seal.single_put ? record_.next_sequence != 0 : !of_ledger) {
      return Refuse(StoreCode::kCorrupt, "the seal does not describe the ledger", record_);
    }
    SessionRecord next = record_;
    next.state = SessionState::kFinishing;
    next.seal = write.seal;
    return Changed(std::move(next), write.now);
  }

  WriteEffect operator()(const RenewPut& write) const {
    if (!At(record_, write.position)) return Fenced(record_);
    if (record_.state != SessionState::kFinishing || !record_.seal.has_value() ||
        !record_.seal->single_put) {
      return WrongState(record_, "sealed as a single put");
    }
    SessionRecord next = record_;
    next.seal->put_valid_until = std::max(next.seal->put_valid_until, write.put_valid_until);
    return Changed(std::move(next), write.now);
  }

  WriteEffect operator()(const FinishSession& write) const {
    if (record_.state == SessionState::kFinished && record_.fence == write.position.fence &&
        record_.result == write.result) {
      return Unchanged(record_);
    }
    if (!At(record_, write.position)) return Fenced(record_);
    if (record_.state != SessionState::kFinishing) return WrongState(record_, "sealed");
    if (!record_.seal.has_value() || record_.seal->size != write.result.size ||
        record_.seal->crc64 != write.result.crc64) {
      return Refuse(StoreCode::kCorrupt, "the result is not what was sealed", record_);
    }
    SessionRecord next = record_;
    next.state = SessionState::kFinished;
    next.result = write.result;
    next.committed_size = write.result.size;  // a single put had no ledger until now
    next.committed_crc64 = write.result.crc64;
    next.upload_id.clear();
    return Changed(std::move(next), write.now);
  }

  WriteEffect operator()(const FailSession& write) const {
    if (!At(record_, write.position)) return Fenced(record_);
    if (record_.state == SessionState::kFailed && record_.failure_reason == write.reason) {
      return Unchanged(record_);
    }
    if (Ended(record_.state)) return WrongState(record_, "open or sealed");
    SessionRecord next = record_;
    next.state = SessionState::kFailed;
    next.failure_reason = write.reason;
    next.failure_message = write.message;
    return Changed(std::move(next), write.now);
  }

  WriteEffect operator()(const AbortSession& write) const {
    if (Ended(record_.state)) return Unchanged(record_);
    if (record_.state != SessionState::kOpen) return WrongState(record_, "open or ended");
    SessionRecord next = record_;
    next.state = SessionState::kAborted;
    ++next.fence.epoch;
    next.fence.nonce = write.nonce;
    return Changed(std::move(next), write.now);
  }

  WriteEffect operator()(const UploadAborted& write) const {
    if (!Ended(record_.state) || record_.upload_id != write.upload_id) return Unchanged(record_);
    SessionRecord next = record_;
    next.upload_id.clear();
    return Changed(std::move(next), write.now);
  }

 private:
  // The answer to a claim: the record, its ledger, and the numbers that this owner may send.
  WriteEffect Claimed(SessionRecord next, const ClaimSession& write, bool changed) const {
    WriteEffect effect = changed ? Changed(std::move(next), write.now) : Unchanged(next);
    const SessionRecord& record = *effect.answer.record;
    effect.answer.ledger = read_ledger_(0, record.next_sequence);
    const int32_t reserved = record.state == SessionState::kOpen ? write.reserve : 0;
    effect.answer.first_number = record.reserved_number - reserved + 1;
    return effect;
  }

  // Rule 3: what is published is ascending, and nobody sent a number that was not reserved.
  bool NumbersAscend(const std::vector<PartRecord>& rows) const {
    int32_t last = 0;
    for (const PartRecord& row : rows) {
      if (row.number <= last || row.number > record_.reserved_number) return false;
      last = row.number;
    }
    return true;
  }

  // A commit that finds exactly its own result: same owner, same end of the ledger, same rows.
  bool IsRepeat(const SessionRecord& result, const CommitParts& write) const {
    if (write.rows.empty() || record_.fence != write.position.fence ||
        record_.next_sequence != result.next_sequence ||
        record_.committed_size != result.committed_size) {
      return false;
    }
    return read_ledger_(write.position.next_sequence, static_cast<int64_t>(write.rows.size())) ==
           write.rows;
  }

  const SessionRecord& record_;
  const ReadLedger& read_ledger_;
};

}  // namespace

const char* StoreCodeName(StoreCode code) {
  switch (code) {
    case StoreCode::kOk:
      return "OK";
    case StoreCode::kFenced:
      return "FENCED";
    case StoreCode::kStaleOpen:
      return "STALE_OPEN";
    case StoreCode::kSpecMismatch:
      return "SPEC_MISMATCH";
    case StoreCode::kWrongState:
      return "WRONG_STATE";
    case StoreCode::kNotFound:
      return "NOT_FOUND";
    case StoreCode::kExists:
      return "EXISTS";
    case StoreCode::kBusy:
      return "BUSY";
    case StoreCode::kUnknown:
      return "UNKNOWN";
    case StoreCode::kUnavailable:
      return "UNAVAILABLE";
    case StoreCode::kExhausted:
      return "EXHAUSTED";
    case StoreCode::kCorrupt:
      return "CORRUPT";
  }
  return "?";
}

WriteEffect ApplyWrite(const std::optional<SessionRecord>& record, const SessionWrite& write,
                       const ReadLedger& read_ledger) {
  if (record.has_value()) return std::visit(Apply(*record, read_ledger), write);
  if (const auto* create = std::get_if<CreateSession>(&write)) {
    if (!CanBegin(create->record)) {
      return Refuse(StoreCode::kCorrupt, "the record is not that of a session that begins");
    }
    return Changed(create->record, create->record.update_time);
  }
  return Refuse(StoreCode::kNotFound, "there is no such session");
}

}  // namespace penstock
