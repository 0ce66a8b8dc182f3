#include "tests/fuzz/core_shared.h"

#include <algorithm>

#include "tests/fuzz/fuzz_util.h"

namespace penstock::fuzz {

StoreAnswer Shared::Apply(const SessionWrite& write) {
  const std::optional<SessionRecord> before = kept.record;
  StoreAnswer answer = kept.Apply(write);
  FUZZ_CHECK(answer.code != StoreCode::kCorrupt);  // the core keeps the contract of its writes
  Check(before);
  return answer;
}

void Shared::Check(const std::optional<SessionRecord>& before) {
  if (!kept.record.has_value()) return;
  const SessionRecord& record = *kept.record;
  // Of what was stored before, not of the life: an insert that is repeated after the session was
  // forgotten finds a token that nobody knows.
  if (before.has_value()) {
    FUZZ_CHECK(record.fence.epoch >= before->fence.epoch);
    const bool same_life = record.session_id == before->session_id;
    FUZZ_CHECK(!same_life || record.committed_size >= before->committed_size);
  }
  Life& life = lives[record.session_id];
  life.committed_size = std::max(life.committed_size, record.committed_size);
  life.finished = life.finished || record.state == SessionState::kFinished;
  if (record.state == SessionState::kFinishing && !life.sealed) {
    life.sealed = true;
    life.ledger = kept.ledger;
  }
  if (record.upload_id.empty()) return;
  FUZZ_CHECK(!discarded_.contains(record.upload_id));
  int32_t& reserved = reserved_[record.upload_id];
  reserved = std::max(reserved, record.reserved_number);
}

void Shared::OnPart(const std::string& upload_id, int32_t number) {
  FUZZ_CHECK(reserved_.contains(upload_id));
  FUZZ_CHECK(number >= 1 && number <= reserved_[upload_id]);
  FUZZ_CHECK(sent_.insert({upload_id, number}).second);
}

void Shared::OnDiscard(const std::string& upload_id) {
  FUZZ_CHECK(!kept.record.has_value() || kept.record->upload_id != upload_id);
  discarded_.insert(upload_id);
}

SessionIds Shared::DrawIds() {
  const std::string suffix = std::to_string(++drawn_);
  return {"principal", "session-" + suffix, "mark-" + suffix, "nonce-" + suffix};
}

// No write is late by more than minutes.
void Shared::Advance(absl::Duration step) {
  now += step;
  if (step > absl::Minutes(10)) late.clear();
}

}  // namespace penstock::fuzz
