// The writes of an owner, and the way to all of them. Those that begin, take over or end a life:
// session_life_write.cc.

#include "server/store/session_write.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/checksum.h"
#include "server/store/apply_write.h"
#include "server/store/mutation.h"

namespace penstock {
namespace store_internal {
namespace {

// One after the other, in sequence and in the object, from the sequence of `position` on.
bool Contiguous(const CommitParts& commit) {
  int64_t sequence = commit.position.next_sequence;
  int64_t offset = commit.rows.empty() ? 0 : commit.rows.front().offset;
  for (const PartRecord& row : commit.rows) {
    if (row.sequence != sequence || row.offset != offset || row.size < 0) return false;
    ++sequence;
    offset += row.size;
  }
  return true;
}

int64_t EndOf(const std::vector<PartRecord>& rows) { return rows.back().offset + rows.back().size; }

}  // namespace

bool Apply::At(const LedgerPosition& position) const {
  const bool owner = Mutated(Mutation::kLifeNotInFence)
                         ? record_.fence.epoch == position.fence.epoch
                         : record_.fence == position.fence || Mutated(Mutation::kNoFence);
  const bool in_order = record_.next_sequence == position.next_sequence &&
                        record_.committed_size == position.committed_size;
  return owner && (in_order || Mutated(Mutation::kNoLateWriteGuard));
}

WriteEffect Apply::Becomes(SessionRecord next, absl::Time now) const {
  return Changed(&record_, std::move(next), now);
}

WriteEffect Apply::operator()(const SetUpload& write) const {
  if (!At(write.position)) return Fenced(record_);
  if (record_.state != SessionState::kOpen) return WrongState(record_, "open");
  if (record_.upload_id == write.upload_id) return Unchanged(record_);
  if (!record_.upload_id.empty()) return WrongState(record_, "without an upload id");
  SessionRecord next = record_;
  next.upload_id = write.upload_id;
  return Becomes(std::move(next), write.now);
}

WriteEffect Apply::operator()(const CommitParts& write) const {
  if (!Contiguous(write)) {
    return Refuse(StoreCode::kCorrupt, "the rows do not follow one another", record_);
  }
  if (HasCommitted(write)) return Unchanged(record_);
  if (!At(write.position)) return Fenced(record_);
  if (record_.state != SessionState::kOpen) return WrongState(record_, "open");
  SessionRecord next = record_;
  next.reserved_number = std::max(record_.reserved_number, write.reserve_to);
  if (write.rows.empty()) return Becomes(std::move(next), write.now);
  if (write.rows.front().offset != record_.ledger_size() && !Mutated(Mutation::kNoLateWriteGuard)) {
    return Refuse(StoreCode::kCorrupt, "the rows do not continue the ledger", record_);
  }
  if (EndOf(write.rows) < record_.committed_size && !Mutated(Mutation::kNoLateWriteGuard)) {
    return Refuse(StoreCode::kCorrupt, "the rows end within the tail", record_);
  }
  if (!NumbersAscend(write.rows)) {
    return Refuse(StoreCode::kCorrupt, "the part numbers do not ascend within the reservation",
                  record_);
  }
  next.next_sequence = write.position.next_sequence + std::ssize(write.rows);
  next.committed_size = EndOf(write.rows);
  next.committed_crc64 = record_.ledger_crc64();
  for (const PartRecord& row : write.rows) {
    next.committed_crc64 = CombineCrc64(next.committed_crc64, row.crc64, row.size);
  }
  next.tail.reset();
  WriteEffect effect = Becomes(std::move(next), write.now);
  effect.drop_tail = record_.tail.has_value();
  effect.new_rows = write.rows;
  return effect;
}

// A commit that finds exactly its own result: same owner, same end of the ledger, same rows.
bool Apply::HasCommitted(const CommitParts& write) const {
  const int64_t count = std::ssize(write.rows);
  if (count == 0 || record_.fence != write.position.fence || record_.tail.has_value() ||
      record_.next_sequence != write.position.next_sequence + count ||
      record_.committed_size != EndOf(write.rows)) {
    return false;
  }
  return read_ledger_(write.position.next_sequence, count) == write.rows;
}

// Rule 3: what is published is ascending, and nobody sent a number that was not reserved.
bool Apply::NumbersAscend(const std::vector<PartRecord>& rows) const {
  int32_t last = 0;
  for (const PartRecord& row : rows) {
    const bool reserved =
        row.number <= record_.reserved_number || Mutated(Mutation::kReservationNotOwn);
    if (row.number <= last || !reserved) return false;
    last = row.number;
  }
  return true;
}

WriteEffect Apply::operator()(const SaveTail& write) const {
  if (HasSaved(write)) return Unchanged(record_);
  if (!At(write.position)) return Fenced(record_);
  if (record_.state != SessionState::kOpen) return WrongState(record_, "open");
  if (write.offset != record_.ledger_size()) {
    return Refuse(StoreCode::kCorrupt, "the tail does not begin at the ledger's end", record_);
  }
  if (write.bytes.empty() || std::ssize(write.bytes) > kMaxTailSize ||
      Crc64(write.bytes) != write.crc64) {
    return Refuse(StoreCode::kCorrupt, "the tail is empty, too large, or not what its CRC-64 says",
                  record_);
  }
  if (!Extends(write)) {
    return Refuse(StoreCode::kCorrupt, "the tail does not continue the one that is there", record_);
  }
  SessionRecord next = record_;
  next.tail = Tail{std::ssize(write.bytes), write.crc64, record_.ledger_crc64()};
  next.committed_size = write.offset + next.tail->size;
  next.committed_crc64 = CombineCrc64(next.tail->ledger_crc64, write.crc64, next.tail->size);
  WriteEffect effect = Becomes(std::move(next), write.now);
  effect.new_tail = write.bytes;
  return effect;
}

// A tail that finds exactly its own result: same owner, same ledger, same bytes.
bool Apply::HasSaved(const SaveTail& write) const {
  return record_.fence == write.position.fence &&
         record_.next_sequence == write.position.next_sequence && record_.tail.has_value() &&
         record_.ledger_size() == write.offset && record_.tail->size == std::ssize(write.bytes) &&
         record_.tail->crc64 == write.crc64;
}

// Rule 7: bytes that were acknowledged as a tail stay, and stay the same.
bool Apply::Extends(const SaveTail& write) const {
  if (!record_.tail.has_value()) return true;
  const Tail& tail = *record_.tail;
  if (std::ssize(write.bytes) <= tail.size) return false;
  const std::string_view beginning(write.bytes.data(), static_cast<size_t>(tail.size));
  return Crc64(beginning) == tail.crc64;
}

WriteEffect Apply::operator()(const TouchSession& write) const {
  if (!At(write.position)) return Fenced(record_);
  if (record_.state != SessionState::kOpen) return WrongState(record_, "open");
  if (Mutated(Mutation::kTailDroppedBeforeItsPart) && record_.tail.has_value()) {
    SessionRecord next = record_;
    next.committed_size = record_.ledger_size();
    next.committed_crc64 = record_.ledger_crc64();
    next.tail.reset();
    WriteEffect dropped = Becomes(std::move(next), write.now);
    dropped.drop_tail = true;
    return dropped;
  }
  WriteEffect effect = Becomes(record_, write.now);
  // Most signs of life put nothing off: they cost no write.
  const bool put_off = effect.answer.record->expire_time != record_.expire_time;
  return put_off ? std::move(effect) : Unchanged(record_);
}

WriteEffect Apply::operator()(const SealSession& write) const {
  if (!At(write.position)) return Fenced(record_);
  if (record_.state == SessionState::kFinishing && record_.seal == write.seal) {
    return Unchanged(record_);
  }
  if (record_.state != SessionState::kOpen) return WrongState(record_, "open");
  if (record_.tail.has_value()) {
    return Refuse(StoreCode::kCorrupt, "the tail is not a part yet", record_);
  }
  const bool of_ledger =
      write.seal.size == record_.committed_size && write.seal.crc64 == record_.committed_crc64;
  if (write.seal.single_put ? record_.next_sequence != 0 : !of_ledger) {
    return Refuse(StoreCode::kCorrupt, "the seal does not describe the ledger", record_);
  }
  SessionRecord next = record_;
  next.state = SessionState::kFinishing;
  next.seal = write.seal;
  return Becomes(std::move(next), write.now);
}

WriteEffect Apply::operator()(const RenewPut& write) const {
  if (!At(write.position)) return Fenced(record_);
  if (record_.state != SessionState::kFinishing || !record_.seal.has_value() ||
      !record_.seal->single_put) {
    return WrongState(record_, "sealed as a single put");
  }
  SessionRecord next = record_;
  next.seal->put_valid_until = std::max(next.seal->put_valid_until, write.put_valid_until);
  return Becomes(std::move(next), write.now);
}

WriteEffect Apply::operator()(const FinishSession& write) const {
  if (record_.state == SessionState::kFinished && record_.fence == write.position.fence &&
      record_.result == write.result) {
    return Unchanged(record_);
  }
  if (!At(write.position)) return Fenced(record_);
  if (Mutated(Mutation::kNoSeal) && record_.state == SessionState::kOpen) {
    SessionRecord next = record_;
    next.result = write.result;
    return Ends(std::move(next), SessionState::kFinished, write.now);
  }
  if (record_.state != SessionState::kFinishing) return WrongState(record_, "sealed");
  if (!record_.seal.has_value() || record_.seal->size != write.result.size ||
      record_.seal->crc64 != write.result.crc64) {
    return Refuse(StoreCode::kCorrupt, "the result is not what was sealed", record_);
  }
  SessionRecord next = record_;
  next.result = write.result;
  next.committed_size = write.result.size;  // a single put had no ledger until now
  next.committed_crc64 = write.result.crc64;
  if (!next.seal->single_put) next.upload_id.clear();  // it became the object
  if (write.put_settled) next.seal->put_valid_until = absl::InfinitePast();
  return Ends(std::move(next), SessionState::kFinished, write.now);
}

WriteEffect Apply::operator()(const FailSession& write) const {
  if (!At(write.position)) return Fenced(record_);
  if (record_.state == SessionState::kFailed && record_.failure_reason == write.reason) {
    return Unchanged(record_);
  }
  if (Ended(record_.state)) return WrongState(record_, "open or sealed");
  SessionRecord next = record_;
  next.failure_reason = write.reason;
  next.failure_message = write.message;
  return Ends(std::move(next), SessionState::kFailed, write.now);
}

}  // namespace store_internal

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
  if (record.has_value()) return std::visit(store_internal::Apply(*record, read_ledger), write);
  if (const auto* create = std::get_if<CreateSession>(&write)) {
    if (!store_internal::CanBegin(create->record)) {
      return store_internal::Refuse(StoreCode::kCorrupt,
                                    "the record is not that of a session that begins");
    }
    return store_internal::Changed(nullptr, create->record, create->record.update_time);
  }
  return store_internal::Refuse(StoreCode::kNotFound, "there is no such session");
}

}  // namespace penstock
