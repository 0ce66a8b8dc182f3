#include "tests/fuzz/core_stranger.h"

#include <algorithm>

#include "base/checksum.h"

namespace penstock::fuzz {

void CoreStranger::Step(Choices& choices) {
  if (!shared_.kept.record.has_value()) return;
  const int what = choices.Below(12);
  if (what < 2) {
    Claim();
  } else if (what == 2) {
    shared_.Apply(AbortSession{"", shared_.DrawIds().nonce, shared_.now});
  } else if (what == 3) {
    Reap();
  } else {
    Work(what);
  }
}

void CoreStranger::Claim() {
  ClaimSession claim;
  claim.nonce = shared_.DrawIds().nonce;
  claim.reserve = 3;
  claim.now = shared_.now;
  const StoreAnswer answer = shared_.Apply(claim);
  if (answer.code != StoreCode::kOk || Ended(answer.record->state)) return;
  fence_ = answer.record->fence;
  next_number_ = answer.first_number;
  reserved_to_ = answer.record->reserved_number;
}

// The next thing that an owner may do, while it is one.
void CoreStranger::Work(int what) {
  const SessionRecord& record = *shared_.kept.record;
  if (!(record.fence == fence_)) return;
  const LedgerPosition position{fence_, record.next_sequence, record.committed_size};
  if (record.state == SessionState::kFinishing) {
    if (what > 8) return;
    PublishedObject result;
    result.size = record.seal->size;
    result.crc64 = record.seal->crc64;
    shared_.Apply(FinishSession{position, result, false, shared_.now});
  } else if (record.state != SessionState::kOpen) {
    return;
  } else if (record.upload_id.empty()) {
    shared_.Apply(SetUpload{position, shared_.DrawUpload(), shared_.now});
  } else if (what < 8) {
    Commit(position);
  } else if (what == 8) {
    Save(position);
  } else if (what == 9) {
    shared_.Apply(FailSession{position, "SIMULATED", "simulated", shared_.now});
  } else if (!record.tail.has_value()) {
    const Seal seal{false, record.committed_size, record.committed_crc64};
    shared_.Apply(SealSession{position, seal, shared_.now});
  }
}

void CoreStranger::Commit(const LedgerPosition& position) {
  if (next_number_ > reserved_to_) return;
  const SessionRecord& record = *shared_.kept.record;
  const int64_t offset = record.ledger_size();
  const std::string bytes = Content(offset, record.committed_size - offset + 4);
  // What it continues may have been somebody else's content.
  if (record.tail.has_value() &&
      Crc64(bytes.substr(0, static_cast<size_t>(record.tail->size))) != record.tail->crc64) {
    return;
  }
  const int32_t number = next_number_++;
  shared_.OnPart(record.upload_id, number);
  CommitParts commit;
  commit.position = position;
  commit.rows = {{position.next_sequence, number, offset, std::ssize(bytes), Crc64(bytes),
                  "e" + std::to_string(number)}};
  commit.reserve_to = reserved_to_ = std::max(reserved_to_, number + 2);
  commit.now = shared_.now;
  shared_.Apply(commit);
}

void CoreStranger::Save(const LedgerPosition& position) {
  const SessionRecord& record = *shared_.kept.record;
  if (record.tail.has_value()) return;
  const std::string bytes = Content(record.committed_size, 3);
  shared_.Apply(SaveTail{position, record.committed_size, bytes, Crc64(bytes), shared_.now});
}

// Expires, or discards what is dead and forgets, when the time has come; sooner than that it comes
// now.
void CoreStranger::Reap() {
  const SessionRecord record = *shared_.kept.record;
  if (record.reap_time == absl::InfiniteFuture()) return;
  if (record.reap_time > shared_.now) shared_.Advance(record.reap_time - shared_.now);
  if (record.state == SessionState::kOpen) {
    shared_.Apply(ExpireSession{record.fence, shared_.DrawIds().nonce, shared_.now});
  } else if (Ended(record.state) && !record.dead_uploads.empty()) {
    shared_.Apply(UploadAborted{record.dead_uploads.front().upload_id, shared_.now});
  } else if (Ended(record.state)) {
    shared_.Apply(ForgetSession{record.fence, shared_.now});
  }
}

}  // namespace penstock::fuzz
