// What the client sends after `open`: chunks fill parts, `finish` ends them.

#include <algorithm>

#include "base/checksum.h"
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
    Wind();
    return;
  }
  // What is below the received size is known already: a client may send from any offset it likes.
  const int64_t known =
      std::min<int64_t>(received_size_ - frame.offset, static_cast<int64_t>(frame.data.size()));
  Take(std::string_view(frame.data).substr(static_cast<size_t>(known)));
}

absl::Status Session::CheckChunk(const ChunkFrame& frame) const {
  const int64_t size = static_cast<int64_t>(frame.data.size());
  if (size > config_.max_chunk_bytes) {
    return session_errors::ChunkTooLarge(config_.max_chunk_bytes, size);
  }
  if (frame.offset < 0) return session_errors::NegativeOffset(frame.offset);
  if (frame.crc32c.has_value()) {
    const uint32_t got = Crc32c(frame.data);
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
  const int64_t limit = record_.spec.total_size.value_or(limits_.max_object_size);
  if (end > limit) return session_errors::SizeMismatch(limit, end);
  return absl::OkStatus();
}

void Session::Take(std::string_view data) {
  while (!data.empty()) {
    if (buffer_ == nullptr) buffer_ = std::make_shared<Buffer>();
    const bool sealed = state_ == State::kAwaitingContent;  // one put: however large, one piece
    const int64_t room =
        sealed ? static_cast<int64_t>(data.size()) : target_size_ - buffer_->size();
    const std::string_view piece = data.substr(
        0, static_cast<size_t>(std::min<int64_t>(room, static_cast<int64_t>(data.size()))));
    buffer_->Append(piece);
    received_size_ += static_cast<int64_t>(piece.size());
    data.remove_prefix(piece.size());
    // The end of a declared length is left to `finish`: a whole small object may go the short way.
    const bool complete = record_.spec.total_size == received_size_;
    if (!sealed && !complete && buffer_->size() >= target_size_) CutPart();
  }
}

void Session::CutPart() {
  if (buffer_ == nullptr) buffer_ = std::make_shared<Buffer>();
  cut_crc64_ = received_crc64();
  Part part;
  part.offset = received_size_ - buffer_->size();
  part.body = std::exchange(buffer_, nullptr);
  parts_.push_back(std::move(part));
  const int32_t unbound = static_cast<int32_t>(parts_.size()) - bound_parts();
  target_size_ =
      PlanPartSize(limits_, record_.spec.total_size, received_size_, next_number_ + unbound);
}

uint64_t Session::received_crc64() const {
  if (buffer_ == nullptr) return cut_crc64_;
  return CombineCrc64(cut_crc64_, buffer_->crc64(), buffer_->size());
}

void Session::Handle(FlushFrame&) {
  if (!TakesContent()) return;
  Close(session_errors::FlushUnimplemented());
  Wind();
}

void Session::Handle(FinishFrame& frame) {
  if (!TakesContent()) return;
  if (absl::Status status = CheckFinish(frame); !status.ok()) {
    Close(status);
    Wind();
    return;
  }
  finish_ = frame;
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
