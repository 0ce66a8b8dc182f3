// From a full part to its row in the ledger: create, initiate, bind a number, upload, commit, and
// only then tell.

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "server/session/session.h"
#include "server/session/session_errors.h"
#include "server/store/mutation.h"

namespace penstock {

// Its times are of now, not of the `open`: a stream may have been fresh for long.
CreateSession Session::Insertion() {
  record_.update_time = now_;
  return {record_};
}

// A record exists before the upload does, so that no upload id is ever without one.
void Session::CreateRecord() {
  state_ = State::kCreating;
  Write(Insertion());
}

int32_t Session::bound_parts() const {
  return static_cast<int32_t>(std::count_if(parts_.begin(), parts_.end(),
                                            [](const Part& part) { return part.number != 0; }));
}

// Begins the upload when the first part wants it, and starts as many parts as may be under way.
void Session::StartParts() {
  if (bound_parts() == std::ssize(parts_)) return;  // nothing waits
  if (record_.upload_id.empty()) {
    if (!initiating_) {
      initiating_ = true;
      Emit(InitiateUpload{});
    }
    return;
  }
  int32_t bound = bound_parts();
  for (Part& part : parts_) {
    if (part.number != 0) continue;
    const bool reserved = next_number_ <= reserved_to_ || Mutated(Mutation::kReservationNotOwn);
    if (bound >= parallel_parts_.count() || !reserved) return;
    if (next_number_ > limits_.max_number) {
      Close(session_errors::PartNumbersExhausted(limits_.max_number));
      finish_.reset();  // it cannot be kept; what is committed stays
      DropUnboundParts();
      Wind();
      return;
    }
    // Rule 3: from here on the number stands for these bytes, whatever becomes of the request.
    part.number = next_number_++;
    part.sent_time = now_;
    ++bound;
    Emit(UploadPart{record_.upload_id, part.number, part.body});
  }
  if (Mutated(Mutation::kTailDroppedBeforeItsPart) && record_.tail.has_value() &&
      !write_.has_value()) {
    Write(TouchSession{position(), now_});
  }
}

void Session::Discard(const std::string& upload_id) {
  Emit(DiscardUpload{{record_.spec.remote, record_.spec.object, upload_id}});
}

void Session::Handle(UploadInitiated& event) {
  if (stale_initiate_.has_value()) {
    // Begun before somebody else owned the session: it may bear the mark of an earlier life.
    DeadUpload upload = *std::exchange(stale_initiate_, std::nullopt);
    initiating_ = false;
    if (!event.upload_id.ok()) return;
    upload.upload_id = *std::move(event.upload_id);
    Emit(DiscardUpload{std::move(upload)});
    return;
  }
  const bool wanted = state_ == State::kOpen || (state_ == State::kWinding && !parts_.empty());
  if (!wanted) {
    // Nobody will record it: the upload is ours to discard.
    initiating_ = false;
    if (event.upload_id.ok()) Discard(*event.upload_id);
    return;
  }
  if (!event.upload_id.ok()) {
    initiating_ = false;
    Close(session_errors::Backend(event.upload_id.status()));
    finish_.reset();
    DropUnboundParts();
    Wind();
    return;
  }
  new_upload_ = *std::move(event.upload_id);
}

// Until its id is recorded the upload is nobody's.
void Session::RecordUpload() {
  if (!new_upload_.has_value() || write_.has_value()) return;
  if (record_.upload_id.empty()) {
    Write(SetUpload{position(), *std::exchange(new_upload_, std::nullopt), now_});
  } else {  // another owner was faster, and this one owns the session again
    initiating_ = false;
    Discard(*std::exchange(new_upload_, std::nullopt));
  }
}

void Session::Handle(PartStored& event) {
  // Of an earlier life, in which this object owned the session too: the number means another part.
  if (event.upload_id != record_.upload_id) return;
  const auto part = std::find_if(parts_.begin(), parts_.end(), [&](const Part& candidate) {
    return candidate.number == event.number;
  });
  // Given up meanwhile, and so a dead number; or told twice.
  if (part == parts_.end() || part->etag.has_value()) return;
  if (event.etag.ok()) {
    part->etag = *std::move(event.etag);
    Learn(*part, event.slowed);
    if (Mutated(Mutation::kAckBeforeCommit) && attached_) Emit(SendFrame{MakeProgress()});
    return;
  }
  const absl::Status status = event.etag.status();
  if (ErrorReason(status) == kReasonNoSuchUpload) {
    Fail(session_errors::UploadLost(record_.upload_id));  // rule 7
    return;
  }
  // What lies below may still be committed; this part and those above it are lost with their
  // numbers.
  DropPartsFrom(part);
  Close(session_errors::Backend(status));
  finish_.reset();
  Wind();
}

// How well the parts under way fare decides how many there may be.
void Session::Learn(const Part& part, bool slowed) {
  ParallelParts::Stored stored;
  stored.size = part.body->size();
  stored.took = now_ - part.sent_time;
  // Nothing is read because every place is taken, not because of memory or the end.
  stored.no_place_free = attached_ && !reading_ && !input_ended_ && !finish_.has_value() &&
                         waiting_.empty() && std::ssize(parts_) >= parallel_parts_.count();
  stored.slowed = slowed;
  parallel_parts_.OnStored(stored, now_);
}

// Rule 1: rows are committed only when the backend has answered for every part below; progress is
// told only when the commit has succeeded (OnCommitted).
void Session::CommitStored() {
  if (write_.has_value()) return;
  CommitParts commit;
  commit.position = position();
  int64_t sequence = record_.next_sequence;
  for (const Part& part : parts_) {
    if (!part.etag.has_value()) break;
    commit.rows.push_back(
        {sequence++, part.number, part.offset, part.body->size(), part.body->crc64(), *part.etag});
  }
  if (commit.rows.empty()) return;
  // The reservation covers what may be sent before the next commit: parts in flight and one more.
  // The next owner burns what is left of it, so after a claim it is small, and grows only for parts
  // that had to wait.
  const int32_t bound = bound_parts();
  if (bound < std::ssize(parts_)) window_ *= 2;
  window_ = std::min(window_, parallel_parts_.count());
  const int32_t left = bound - static_cast<int32_t>(commit.rows.size());
  commit.reserve_to = next_number_ - 1 + (window_ - left) + 1;
  if (Mutated(Mutation::kReservationNotOwn)) commit.reserve_to = record_.reserved_number;
  commit.now = now_;
  Write(std::move(commit));
}

void Session::OnCommitted(const CommitParts& write) {
  ledger_.insert(ledger_.end(), write.rows.begin(), write.rows.end());
  parts_.erase(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(write.rows.size()));
  reserved_to_ = std::max(reserved_to_, write.reserve_to);
  if (attached_) Emit(SendFrame{MakeProgress()});
}

void Session::DropPartsFrom(std::vector<Part>::iterator first) {
  parts_.erase(first, parts_.end());
}

void Session::DropUnboundParts() {
  DropPartsFrom(std::find_if(parts_.begin(), parts_.end(),
                             [](const Part& part) { return part.number == 0; }));
}

// Nobody sends any more, or nobody may: what is in flight is still brought into the ledger, the
// rest is dropped.
void Session::Wind() {
  buffer_.reset();
  waiting_ = Payload();
  fill_start_.reset();
  switch (state_) {
    case State::kOpen:
      DropUnboundParts();
      received_size_ = record_.ledger_size();
      for (const Part& part : parts_) received_size_ += part.body->size();
      received_size_ = std::max(received_size_, record_.committed_size);
      state_ = State::kWinding;
      return;
    case State::kStart:
      if (draining_) Close(session_errors::Draining(std::nullopt));
      End();
      return;
    case State::kFresh:
    case State::kCreating:
    case State::kAwaitingContent:
      TellDraining();
      End();
      return;
    default:
      // An answer is on its way, and its handler sees that the stream is gone; or there is no way
      // back.
      return;
  }
}

void Session::EndWinding() {
  if (write_.has_value() || initiating_ || failure_.has_value() || !parts_.empty()) return;
  if (draining_ && Unsaved() && buffer_->size() <= kMaxTailSize) {
    WriteTail();
    return;
  }
  TellDraining();
  End();
}

void Session::TellDraining() {
  if (!draining_ || !attached_) return;
  Emit(SendFrame{DrainingFrame{record_.committed_size, config_.retry_delay}});
  Close(session_errors::Draining(record_.committed_size));
}

}  // namespace penstock
