// What the client sends after `open`: chunks fill parts, `finish` ends them.

#include <algorithm>

#include "base/checksum.h"
#include "base/error.h"
#include "server/session/session.h"
#include "server/session/session_errors.h"

namespace penstock {

// States in which chunks and `finish` mean something.
bool Session::TakesContent() const {
  return !failure_.has_value() && (state_ == State::kFresh || state_ == State::kCreating ||
                                   state_ == State::kOpen || state_ == State::kAwaitingContent);
}

void Session::Handle(ChunkFrame& frame) {
  if (!TakesContent())
    return;  // the session is being finished or wound up: the answer is on its way
  if (absl::Status status = CheckChunk(frame); !status.ok()) {
    Close(status);
    RetryDelay(status).has_value() ? Linger() : Wind();
    return;
  }
  // What is below the received size is known already: a client may send from any offset it likes.
  const int64_t known =
      std::min<int64_t>(received_size_ - frame.offset, static_cast<int64_t>(frame.data.size()));
  waiting_ = std::move(frame.data);
  waiting_.RemovePrefix(static_cast<size_t>(known));
  Absorb();
}

absl::Status Session::CheckChunk(const ChunkFrame& frame) const {
  const int64_t size = static_cast<int64_t>(frame.data.size());
  if (size > config_.max_chunk_bytes) {
    return session_errors::ChunkTooLarge(config_.max_chunk_bytes, size);
  }
  if (frame.offset < 0) return session_errors::NegativeOffset(frame.offset);
  if (frame.crc32c.has_value()) {
    const uint32_t got = frame.data.Crc32c();
    if (got != *frame.crc32c) {
      return session_errors::ChunkCrcMismatch(frame.offset, *frame.crc32c, got);
    }
  }
  if (frame.offset > received_size_) {
    return session_errors::OffsetGap(received_size_, frame.offset);
  }
  const int64_t end = frame.offset + size;
  if (state_ == State::kAwaitingContent && end > record_.seal->size) {
    return session_errors::SealedContentDiffers(record_.seal->size, record_.seal->crc64);
  }
  // A last part may be smaller than others; nothing can follow it any more.
  const bool complete = !ledger_.empty() && ledger_.back().size < smallest_part();
  const int64_t limit =
      complete ? received_size_ : record_.spec.total_size.value_or(limits_.max_object_size);
  if (end > limit) return session_errors::SizeMismatch(limit, end);
  return absl::OkStatus();
}

// Copies the chunk at hand into parts, as far as there is memory for it (rule 9).
void Session::Absorb() {
  while (!waiting_.empty()) {
    const int64_t fits = std::min<int64_t>(Room(), static_cast<int64_t>(waiting_.size()));
    if (!HasMemoryFor(fits)) return;
    Append(fits);
    CutFull();
  }
}

// How much more fits into the part that is being filled. One put is one piece, however large.
int64_t Session::Room() const {
  if (state_ == State::kAwaitingContent) return config_.max_chunk_bytes;
  return std::max<int64_t>(target_size_ - (buffer_ == nullptr ? 0 : buffer_->size()), 1);
}

// False: it was asked for, and MemoryGranted goes on.
bool Session::HasMemoryFor(int64_t size) {
  const int64_t filled = buffer_ == nullptr ? 0 : buffer_->size();
  const int64_t slabs = (filled + size + config_.slab_bytes - 1) / config_.slab_bytes;
  const int64_t missing = slabs * config_.slab_bytes - buffer_memory_;
  if (missing <= 0) return true;
  if (asked_memory_ == 0) {
    asked_memory_ = missing;
    Emit(AskMemory{missing, buffer_memory_ == 0});
  }
  return false;
}

// Memory that came too late for what it was asked for serves the next chunk, or goes back.
void Session::Handle(MemoryGranted& event) {
  const int64_t granted = std::exchange(asked_memory_, 0);
  if (!TakesContent() || finish_.has_value() || waiting_.empty()) return;
  if (buffer_ == nullptr) buffer_ = std::make_shared<Buffer>();
  buffer_memory_ += granted;
  buffer_in_reserve_ = buffer_in_reserve_ || event.lease.from_reserve();
  buffer_->Hold(std::move(event.lease));
  Absorb();
}

// Moves `size` bytes of the chunk at hand into the part that is being filled: the one time that
// they are copied.
void Session::Append(int64_t size) {
  if (buffer_ == nullptr) buffer_ = std::make_shared<Buffer>();
  received_size_ += size;
  for (auto left = static_cast<size_t>(size); left > 0;) {
    const std::string_view piece = waiting_.Front().substr(0, left);
    buffer_->Append(piece);
    left -= piece.size();
    waiting_.RemovePrefix(piece.size());
  }
  if (!fill_start_.has_value()) fill_start_ = now_;
  ArmAge();
}

uint64_t Session::received_crc64() const {
  if (buffer_ == nullptr) return cut_crc64_;
  return CombineCrc64(cut_crc64_, buffer_->crc64(), buffer_->size());
}

void Session::Handle(FlushFrame&) {
  if (TakesContent()) flush_size_ = received_size_;
}

void Session::Handle(FinishFrame& frame) {
  if (!TakesContent()) return;
  if (absl::Status status = CheckFinish(frame); !status.ok()) {
    Close(status);
    Wind();
    return;
  }
  finish_ = frame;
  finish_here_ = true;
  if (state_ == State::kAwaitingContent) {
    Publish();
    return;
  }
  // Committed bytes cannot be sent again, so wrong content cannot become right.
  if (frame.crc64.has_value() && *frame.crc64 != received_crc64()) {
    Fail(session_errors::ContentMismatch(*frame.crc64, received_crc64()));
    return;
  }
  if (state_ == State::kFresh && parts_.empty() && received_size_ <= capabilities_.max_put_size) {
    Publish();  // the short way
    return;
  }
  const bool empty_object = ledger_.empty() && parts_.empty();
  if (buffer_ != nullptr || empty_object) CutPart();
}

absl::Status Session::CheckFinish(const FinishFrame& frame) const {
  if (!frame.total_size.has_value()) return session_errors::TotalSizeRequired();
  if (state_ == State::kAwaitingContent && *frame.total_size != record_.seal->size) {
    return session_errors::SealedContentDiffers(record_.seal->size, record_.seal->crc64);
  }
  if (record_.spec.total_size.has_value() && *record_.spec.total_size != *frame.total_size) {
    return session_errors::SizeMismatch(*record_.spec.total_size, *frame.total_size);
  }
  if (*frame.total_size != received_size_) {
    return session_errors::SizeMismatch(received_size_, *frame.total_size);
  }
  // What the client believes to have sent counts as much as what came.
  if (state_ == State::kAwaitingContent &&
      (received_crc64() != record_.seal->crc64 ||
       frame.crc64.value_or(record_.seal->crc64) != record_.seal->crc64)) {
    return session_errors::SealedContentDiffers(record_.seal->size, record_.seal->crc64);
  }
  return absl::OkStatus();
}

}  // namespace penstock
