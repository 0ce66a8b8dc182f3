#include "tests/simulation/oracle.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/checksum.h"

namespace penstock::simulation {
namespace {

// The fence of a write that only the owner may do; null for others.
const Fence* OwnersFence(const SessionWrite& write) {
  return std::visit(
      [](const auto& known) -> const Fence* {
        if constexpr (requires { known.position; }) {
          return &known.position.fence;
        } else {
          return nullptr;
        }
      },
      write);
}

}  // namespace

void Oracle::Watch(const SimStore& store, SimBackend& backend) {
  store_ = &store;
  backend_ = &backend;
}

void Oracle::OnStored(const SessionWrite& write, const SimStore::Entry& before,
                      const SimStore::Entry& after) {
  dirty_ = true;
  if (!after.record.has_value()) {
    meddling.forgotten = true;
    return;
  }
  const SessionRecord& record = *after.record;
  CheckOwner(write, record);
  if (!lives_.contains(record.session_id)) {
    ++lives;
    for (const auto& [id, life] : lives_) {
      if (life.mark == record.mark) world_.Violate("two lives have the same mark");
    }
    lives_[record.session_id].mark = record.mark;
  }
  Life& life = lives_[record.session_id];
  if (before.record.has_value()) {
    if (before.record->session_id == record.session_id &&
        record.committed_size < before.record->committed_size) {
      world_.Violate("the committed size in the store decreased");
    }
    if (record.fence.epoch < before.record->fence.epoch ||
        (before.record->session_id != record.session_id &&
         record.fence.epoch <= before.record->fence.epoch)) {
      world_.Violate("the epoch restarted");
    }
  }
  life.committed = std::max(life.committed, record.committed_size);
  CheckRows(after);
  if (std::holds_alternative<SaveTail>(write)) ++tails;
  if (std::holds_alternative<ExpireSession>(write)) meddling.expired = true;
  if (record.failure_reason == "SESSION_EXPIRED") meddling.expired = true;
  if (record.state == SessionState::kFinishing && !life.seal.has_value()) {
    life.seal = record.seal;
    if (!record.seal->single_put) life.sealed = Committed(after);
  }
}

void Oracle::CheckOwner(const SessionWrite& write, const SessionRecord& after) {
  const Fence* fence = OwnersFence(write);
  if (fence != nullptr && !(*fence == owner_)) world_.Violate("somebody else than the owner wrote");
  owner_ = after.fence;
}

void Oracle::CheckRows(const SimStore::Entry& entry) {
  int64_t offset = 0;
  int32_t number = 0;
  int64_t last = 0;
  for (const PartRecord& row : entry.ledger) {
    if (row.offset != offset) world_.Violate("the ledger has a gap");
    if (row.number <= number) world_.Violate("the part numbers of the ledger do not ascend");
    if (&row != &entry.ledger.front() && last < backend_->capabilities().min_part_size) {
      world_.Violate("the ledger goes on behind a part that only the last may be");
    }
    last = row.size;
    offset += row.size;
    number = row.number;
  }
  const SessionRecord& record = *entry.record;
  if (Ended(record.state) || (record.seal.has_value() && record.seal->single_put)) return;
  if (offset + static_cast<int64_t>(entry.tail.size()) != record.committed_size) {
    world_.Violate("ledger and tail are not what is committed");
  }
}

std::optional<std::string> Oracle::Committed(const SimStore::Entry& entry) {
  std::string bytes;
  for (const PartRecord& row : entry.ledger) {
    const std::string* part = backend_->FindPart(entry.record->upload_id, row.number);
    if (part == nullptr) return std::nullopt;
    if (!meddling.damaged &&
        (Crc64(*part) != row.crc64 || static_cast<int64_t>(part->size()) != row.size)) {
      world_.Violate(absl::StrCat("part ", row.number, " does not hold what was recorded"));
    }
    bytes += *part;
  }
  return bytes + entry.tail;
}

// I1.
void Oracle::CheckLedger() {
  if (!std::exchange(dirty_, false)) return;
  const SimStore::Entry& entry = store_->entry();
  if (!entry.record.has_value() || meddling.lost || meddling.damaged) return;
  const SessionRecord& record = *entry.record;
  const Life& life = lives_[record.session_id];
  if (record.state != SessionState::kOpen) return;
  const std::optional<std::string> bytes = Committed(entry);
  if (!bytes.has_value()) {
    world_.Violate("a recorded part is not there");
  } else if (!bytes->starts_with(life.acknowledged)) {
    world_.Violate("acknowledged bytes are lost, or others");
  }
}

void Oracle::OnAcknowledged(const std::string& session_id, int64_t size) {
  if (size == 0) return;
  const auto known = lives_.find(session_id);
  if (known == lives_.end() || known->second.committed < size) {
    world_.Violate(absl::StrCat(size, " bytes were acknowledged but are not recorded"));
    return;
  }
  Life& life = known->second;
  if (size <= std::ssize(life.acknowledged)) return;
  const SimStore::Entry& entry = store_->entry();
  if (!entry.record.has_value() || entry.record->session_id != session_id) return;
  if (meddling.lost || meddling.damaged || entry.record->state != SessionState::kOpen) return;
  const std::optional<std::string> bytes = Committed(entry);
  if (!bytes.has_value() || std::ssize(*bytes) < size) {
    world_.Violate("acknowledged bytes are not there");
    return;
  }
  if (!bytes->starts_with(life.acknowledged)) world_.Violate("acknowledged bytes have changed");
  life.acknowledged = bytes->substr(0, static_cast<size_t>(size));
}

// I4.
void Oracle::OnPublished(const SimBackend::Object& object) {
  dirty_ = true;
  const uint64_t crc64 = Crc64(object.bytes);
  const Life* life = nullptr;
  for (const auto& [id, candidate] : lives_) {
    if (candidate.mark == object.mark) life = &candidate;
  }
  if (life == nullptr || !life->seal.has_value()) {
    world_.Violate("published before it was sealed");
    return;
  }
  const bool as_sealed = life->seal->crc64 == crc64 &&
                         life->seal->size == static_cast<int64_t>(object.bytes.size()) &&
                         (!life->sealed.has_value() || *life->sealed == object.bytes);
  if (!as_sealed && !meddling.damaged) world_.Violate("published something else than was sealed");
  if (success_.has_value() && success_->first != object.mark) {
    // A later life may publish; an earlier one that comes late undoes what was told.
    const SimStore::Entry& entry = store_->entry();
    if (!entry.record.has_value() || entry.record->mark != object.mark) {
      world_.Violate("a late request undid a success");
    }
    success_.reset();
  }
  foreign_ = false;
  published_.insert({object.mark, crc64});
  (life->seal->single_put ? published_by_put : published_by_parts) = true;
}

void Oracle::OnOverwritten() {
  meddling.overwritten = true;
  foreign_ = true;
  success_.reset();
}

// I7. The first epoch is told before it is recorded: it may have become somebody else's.
void Oracle::OnStale(const std::string& session_id, int64_t epoch) {
  const SimStore::Entry& entry = store_->entry();
  if (!entry.record.has_value() || entry.record->session_id != session_id || epoch <= 1) return;
  if (entry.record->fence.epoch == epoch) world_.Violate("the owner was told that it is stale");
}

// I5 and I6.
void Oracle::OnFinished(const FinishedFrame& frame) {
  const PublishedObject& result = *frame.session.result;
  if (!published_.contains({frame.session.mark, result.crc64})) {
    world_.Violate("finished, but it was never published");
  }
  Life& life = lives_[frame.session.session_id];
  if (life.result.has_value() && !(*life.result == result)) {
    world_.Violate("two different results were told");
  }
  life.result = result;
  const SimStore::Entry& entry = store_->entry();
  const bool current =
      entry.record.has_value() && entry.record->session_id == frame.session.session_id;
  if (foreign_ || !current) return;
  const SimBackend::Object* object = backend_->FindObject(key_);
  if (object == nullptr || Crc64(object->bytes) != result.crc64 ||
      object->mark != frame.session.mark) {
    world_.Violate("finished, but the object is not there or another");
  } else if (!contents_.contains(object->bytes)) {
    world_.Violate("finished, but the object is not what anybody sent");
  } else {
    success_ = {object->mark, result.crc64};
  }
}

void Oracle::CheckEnd() {
  const SimBackend::Object* object = backend_->FindObject(key_);
  if (success_.has_value() && (object == nullptr || object->mark != success_->first ||
                               Crc64(object->bytes) != success_->second)) {
    world_.Violate("the object of a success is not there any more");
  }
}

}  // namespace penstock::simulation
