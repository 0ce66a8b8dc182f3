// Where a part ends, and what is kept as the tail (rules 10 and 11).

#include <algorithm>
#include <utility>

#include "server/session/session.h"
#include "server/session/session_errors.h"

namespace penstock {

int32_t Session::next_unbound_number() const {
  return next_number_ + static_cast<int32_t>(parts_.size()) - bound_parts();
}

int64_t Session::buffer_offset() const {
  return received_size_ - (buffer_ == nullptr ? 0 : buffer_->size());
}

// Decides how large the part becomes that begins where the last one ended.
void Session::PlanPart() {
  target_size_ =
      PlanPartSize(limits_, record_.spec.total_size, buffer_offset(), next_unbound_number());
}

void Session::CutPart() {
  if (buffer_ == nullptr) buffer_ = std::make_shared<Buffer>();
  cut_crc64_ = received_crc64();
  Part part;
  part.offset = buffer_offset();
  part.body = std::exchange(buffer_, nullptr);
  parts_.push_back(std::move(part));
  fill_start_.reset();
  buffer_memory_ = 0;
  buffer_in_reserve_ = false;
  PlanPart();
}

// The end of a declared length is left to `finish`: a whole small object may go the short way.
void Session::CutFull() {
  if (buffer_ == nullptr || buffer_->size() < target_size_) return;
  if (state_ != State::kAwaitingContent && record_.spec.total_size != received_size_) CutPart();
}

// Of all parts but the last.
int64_t Session::smallest_part() const { return std::max<int64_t>(capabilities_.min_part_size, 1); }

// Whether the buffer may become a part before it is full.
bool Session::CanCut() const {
  return buffer_ != nullptr && Unsaved() && buffer_->size() >= smallest_part() &&
         MayCut(limits_, record_.spec.total_size, received_size_, next_unbound_number(),
                buffer_->size());
}

// True while the buffer has bytes that are not committed.
bool Session::Unsaved() const {
  return buffer_ != nullptr && buffer_->size() > 0 && received_size_ > record_.committed_size;
}

// Rule 9: every wait for memory ends, so a part does not hold the reserve for longer than it may be
// filled. The content of a put that is sent again cannot be cut, and may: it is an eighth of the
// budget at most, and would otherwise never come over a slow line.
void Session::CutAged() {
  const bool filling =
      state_ == State::kFresh || state_ == State::kCreating || state_ == State::kOpen;
  if (!filling || finish_.has_value() || !fill_start_.has_value()) return;
  if (now_ < *fill_start_ + PartAge(limits_, config_.part_age, next_unbound_number())) return;
  if (CanCut()) {
    CutPart();
  } else if (buffer_in_reserve_) {
    Close(session_errors::MemoryExhausted());
    Wind();
  }
}

void Session::ArmAge() {
  if (age_armed_ || !fill_start_.has_value()) return;
  const absl::Time due = *fill_start_ + PartAge(limits_, config_.part_age, next_unbound_number());
  if (due <= now_) return;
  age_armed_ = true;
  WakeAt(SessionTimer::kAge, due);
}

// Makes everything durable that was received before the flush, and says so.
void Session::ServeFlush() {
  if (!flush_size_.has_value() || !(TakesContent() || finish_.has_value())) return;
  if (record_.committed_size >= *flush_size_) {
    flush_size_.reset();
    if (attached_) Emit(SendFrame{MakeProgress()});
    return;
  }
  if (state_ == State::kFresh && !write_.has_value()) CreateRecord();
  if (state_ != State::kOpen || buffer_offset() >= *flush_size_) return;  // it is in the parts
  if (CanCut()) {
    CutPart();
  } else if (parts_.empty() && !write_.has_value()) {
    if (buffer_->size() <= kMaxTailSize) {
      WriteTail();
    } else {
      Close(session_errors::FlushTooOften(kMaxTailSize));
      Wind();
    }
  }
}

// The bytes stay in the buffer: the part that begins with them is stored whole, and its commit
// removes the tail.
void Session::WriteTail() {
  Write(SaveTail{position(), record_.ledger_size(), buffer_->ToString(), buffer_->crc64(), now_});
}

}  // namespace penstock
