// The writes that begin a life, take it over, end it, and forget it.

#include <algorithm>
#include <utility>

#include "server/store/apply_write.h"
#include "server/store/mutation.h"
#include "server/store/session_times.h"

namespace penstock::store_internal {
namespace {

// Nobody will complete the upload of `record` any more.
void BuryUpload(SessionRecord& record) {
  if (record.upload_id.empty()) return;
  record.dead_uploads.push_back({record.spec.remote, record.spec.object, record.upload_id, 0});
  record.upload_id.clear();
}

bool IsEmpty(const SessionRecord& record) {
  return record.next_sequence == 0 && record.committed_size == 0 && !record.tail.has_value();
}

WriteEffect NotFound() { return Refuse(StoreCode::kNotFound, "there is no such session"); }

}  // namespace

bool CanBegin(const SessionRecord& record) {
  if (record.fence.epoch != 1 || !IsEmpty(record)) return false;
  switch (record.state) {
    case SessionState::kOpen:
      return true;
    case SessionState::kFinishing:
      return record.seal.has_value() && record.seal->single_put;
    case SessionState::kFailed:
      return record.upload_id.empty();
    default:
      return false;
  }
}

// The committed size stays as clients were told it, but nobody can read the tail any more.
WriteEffect Apply::Ends(SessionRecord next, SessionState state, absl::Time now) const {
  next.state = state;
  next.tail.reset();
  BuryUpload(next);
  WriteEffect effect = Becomes(std::move(next), now);
  effect.drop_tail = record_.tail.has_value();
  return effect;
}

// Raises the epoch: the owner, if there is one, cannot write any more.
WriteEffect Apply::EndsByForce(SessionState state, const std::string& nonce, absl::Time now) const {
  SessionRecord next = record_;
  ++next.fence.epoch;
  next.fence.nonce = nonce;
  return Ends(std::move(next), state, now);
}

WriteEffect Apply::operator()(const CreateSession& write) const {
  // Our own insert, repeated: nobody else knows its session id and nonce, and nothing has happened
  // since.
  if (record_ == Begun(write.record)) return Unchanged(record_);
  return Refuse(StoreCode::kExists, "the session token is taken", record_);
}

WriteEffect Apply::operator()(const ClaimSession& write) const {
  const bool ended = Ended(record_.state);
  if (write.expect_spec.has_value() && !(ended && write.any_spec_if_ended)) {
    const std::string field = FirstDifference(record_.spec, *write.expect_spec);
    if (!field.empty()) return Refuse(StoreCode::kSpecMismatch, field, record_);
  }
  if (ended) return Unchanged(record_);
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
  // A sealed session sends no more parts: it needs no numbers. An owner that keeps its memory
  // keeps its own.
  if (next.state == SessionState::kOpen && record_.fence != write.keep) {
    next.reserved_number += write.reserve;
  }
  return Claimed(std::move(next), write, true);
}

// The answer to a claim: the record, its ledger and tail, and the numbers that this owner may send.
WriteEffect Apply::Claimed(SessionRecord next, const ClaimSession& write, bool changed) const {
  // Of a repeat only the epoch still tells: had another owner come between, it would be higher.
  const bool kept = changed ? record_.fence == write.keep
                            : write.keep.has_value() && next.fence.epoch == write.keep->epoch + 1;
  WriteEffect effect = changed ? Becomes(std::move(next), write.now) : Unchanged(next);
  const SessionRecord& record = *effect.answer.record;
  effect.answer.kept = kept;
  if (!kept) {
    effect.answer.ledger = read_ledger_(0, record.next_sequence);
    effect.read_tail = record.tail.has_value();
  }
  const int32_t reserved = record.state == SessionState::kOpen && !kept ? write.reserve : 0;
  effect.answer.first_number = record.reserved_number - reserved + 1;
  if (Mutated(Mutation::kNumbersReused) && !kept) {
    effect.answer.first_number =
        effect.answer.ledger.empty() ? 1 : effect.answer.ledger.back().number + 1;
  }
  return effect;
}

WriteEffect Apply::operator()(const AbortSession& write) const {
  if (!write.session_id.empty() && write.session_id != record_.session_id) return NotFound();
  if (Ended(record_.state)) return Unchanged(record_);
  if (record_.state != SessionState::kOpen) return WrongState(record_, "open or ended");
  return EndsByForce(SessionState::kAborted, write.nonce, write.now);
}

WriteEffect Apply::operator()(const ExpireSession& write) const {
  if (Ended(record_.state)) return Unchanged(record_);
  if (record_.fence != write.seen) return Fenced(record_);
  if (record_.state != SessionState::kOpen) return WrongState(record_, "open or ended");
  // Its owner has shown life since it was seen to be due.
  if (record_.expire_time > write.now) return Fenced(record_);
  return EndsByForce(SessionState::kExpired, write.nonce, write.now);
}

WriteEffect Apply::operator()(const StartOver& write) const {
  if (!CanBegin(write.record) || write.record.state != SessionState::kOpen) {
    return Refuse(StoreCode::kCorrupt, "the record is not that of a session that begins", record_);
  }
  const Fence fence = {write.seen.epoch + 1, write.record.fence.nonce};
  if (record_.fence == fence && record_.session_id == write.record.session_id) {
    return Unchanged(record_);  // our own, repeated
  }
  if (!Mutated(Mutation::kStartOverUnchecked)) {
    if (record_.fence != write.seen || record_.state != write.seen_state) return Fenced(record_);
    if (!Ended(record_.state)) return WrongState(record_, "ended");
  }
  SessionRecord next = write.record;
  next.fence = fence;
  if (Mutated(Mutation::kLifeNotInFence)) next.fence.epoch = 1;
  next.life = record_.life + 1;
  next.dead_uploads = record_.dead_uploads;
  WriteEffect effect = Becomes(std::move(next), write.now);
  effect.drop_ledger = true;
  effect.drop_tail = true;
  return effect;
}

WriteEffect Apply::operator()(const UploadAborted& write) const {
  SessionRecord next = record_;
  const auto upload =
      std::find_if(next.dead_uploads.begin(), next.dead_uploads.end(),
                   [&write](const DeadUpload& dead) { return dead.upload_id == write.upload_id; });
  if (upload == next.dead_uploads.end()) return Unchanged(record_);
  // Once more means later: two that discard it at the same time, or one whose outcome was unknown
  // and who says so twice, have done it once.
  if (upload->aborts > 0 && write.now < record_.reap_time) return Unchanged(record_);
  if (++upload->aborts >= kUploadAborts) next.dead_uploads.erase(upload);
  SetReapTime(record_, write.now, next);
  WriteEffect effect = Unchanged(next);
  effect.changed = true;
  return effect;
}

WriteEffect Apply::operator()(const UploadNotAborted& write) const {
  SessionRecord next = record_;
  const bool known =
      std::any_of(next.dead_uploads.begin(), next.dead_uploads.end(),
                  [&write](const DeadUpload& dead) { return dead.upload_id == write.upload_id; });
  if (!known) return Unchanged(record_);
  PutOffReaping(write.now, next);
  WriteEffect effect = Unchanged(next);
  effect.changed = next != record_;
  return effect;
}

WriteEffect Apply::operator()(const ForgetSession& write) const {
  if (record_.fence != write.seen) return Fenced(record_);
  if (!Ended(record_.state)) return WrongState(record_, "ended");
  if (!record_.dead_uploads.empty()) return WrongState(record_, "without a dead upload");
  if (write.now < record_.expire_time) return WrongState(record_, "past its retention");
  WriteEffect effect;
  effect.answer.code = StoreCode::kOk;
  effect.changed = true;
  effect.drop_ledger = true;
  effect.drop_tail = true;
  effect.erase = true;
  return effect;
}

}  // namespace penstock::store_internal
