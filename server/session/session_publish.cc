// From `finish` to `finished`: seal, publish, ask where in doubt, record.

#include <utility>

#include "base/error.h"
#include "server/session/session.h"
#include "server/session/session_errors.h"
#include "server/store/mutation.h"

namespace penstock {

// Rule 5: recorded before it is sent. From here on the session can publish only this.
void Session::Seal() {
  state_ = State::kSealing;
  penstock::Seal seal;
  seal.size = record_.committed_size;
  seal.crc64 = record_.committed_crc64;
  if (Mutated(Mutation::kNoSeal)) {
    record_.seal = seal;
    Publish();
    return;
  }
  Write(SealSession{position(), seal, now_});
}

// One attempt. A put is signed first, then the store is asked, then it is sent (rule 13): no
// attempt is younger than the answer that allows it.
void Session::Publish() {
  const bool put = !has_record_ || record_.seal->single_put;
  if (put) {
    state_ = State::kPreparing;
    put_begun_ = now_;
    if (buffer_ == nullptr) buffer_ = std::make_shared<Buffer>();
    Emit(PreparePut{buffer_});
    return;
  }
  state_ = State::kPublishing;
  std::vector<PartReference> parts;
  parts.reserve(ledger_.size());
  for (const PartRecord& row : ledger_) parts.push_back({row.number, row.etag});  // rule 2
  Emit(CompleteUpload{record_.upload_id, std::move(parts)});
}

void Session::Handle(PutPrepared& event) {
  if (state_ != State::kPreparing) return;
  if (!event.valid_until.ok()) {
    Close(session_errors::Backend(event.valid_until.status()));
    End();
    return;
  }
  if (Mutated(has_record_ ? Mutation::kPutWithoutRenewal : Mutation::kPutWithoutSeal)) {
    record_.seal = penstock::Seal{true, received_size_, received_crc64(), *event.valid_until};
    state_ = State::kPublishing;
    ++puts_sent_;
    Emit(SendPut{});
    return;
  }
  state_ = State::kSealing;
  if (has_record_) {
    Write(RenewPut{position(), *event.valid_until, now_});
    return;
  }
  record_.state = SessionState::kFinishing;
  record_.reserved_number = 0;  // no part was sent
  record_.seal = penstock::Seal{true, received_size_, received_crc64(), *event.valid_until};
  Write(Insertion());
}

void Session::OnCreated() {
  has_record_ = true;
  Emit(BecameOwner{});
  switch (record_.state) {
    case SessionState::kFinishing:
      state_ = State::kPublishing;
      ++puts_sent_;
      Emit(SendPut{});
      return;
    case SessionState::kFailed:
      OnRecorded();
      return;
    default:
      state_ = State::kOpen;
      return;
  }
}

void Session::Handle(ObjectPublished& event) {
  if (state_ != State::kPublishing) return;
  if (event.object.ok()) {
    const ObjectStat& object = *event.object;
    const uint64_t crc64 = object.crc64.value_or(record_.seal->crc64);
    if (object.size != record_.seal->size || crc64 != record_.seal->crc64) {
      Fail(session_errors::PublishedContentDiffers(record_.seal->size, record_.seal->crc64,
                                                   object.size, crc64));
      return;
    }
    // No put can arrive late when there was only this one, and it was answered.
    RecordResult(object, puts_sent_ == 1 && !put_inherited_);
    return;
  }
  const absl::Status& status = event.object.status();
  const std::string reason = ErrorReason(status);
  if (OutcomeUnknown(status)) {
    Ask(Doubt::kUnknownOutcome, status);
  } else if (status.code() == absl::StatusCode::kPermissionDenied && PutWasSlow()) {
    Ask(Doubt::kUnknownOutcome, session_errors::PutDelayed());
  } else if (reason == kReasonNoSuchUpload) {
    if (Mutated(Mutation::kNoSuchUploadIsSuccess)) {
      RecordResult(ObjectStat{}, false);
      return;
    }
    // It may have been our own earlier attempt that ended the upload.
    Ask(Doubt::kDefinite, session_errors::OutcomeLost());
  } else if (status.code() == absl::StatusCode::kAlreadyExists ||
             status.code() == absl::StatusCode::kInvalidArgument ||
             status.code() == absl::StatusCode::kDataLoss || reason == kReasonInvalidPart ||
             reason == kReasonConditionUnsupported) {
    Ask(Doubt::kDefinite, status);
  } else {
    // Access denied, no such bucket and their like: the session stays sealed, and the next open
    // tries again.
    Close(session_errors::Backend(status));
    End();
  }
}

// Whether this process may have been stopped between the signature and the request for longer than
// that was valid. A sixth of that time is enough to ask: a clock that was set back goes at half
// speed (base/forward_time.h), and the one that the signature is judged by may be ahead of ours.
bool Session::PutWasSlow() const {
  if (!record_.seal->single_put) return false;
  const absl::Duration valid = record_.seal->put_valid_until - put_begun_;
  return now_ - put_begun_ >= valid / 6;
}

// Rule 5: an unknown outcome is asked for, never guessed; after an attempt that may still be under
// way, a little later.
void Session::Ask(Doubt doubt, absl::Status refusal) {
  state_ = State::kResolving;
  doubt_ = doubt;
  refusal_ = std::move(refusal);
  if (doubt == Doubt::kUnknownOutcome) {
    AskLater(refusal_);
  } else {
    AskNow();
  }
}

void Session::AskNow() {
  asked_time_ = now_;
  Emit(DescribeObject{});
}

// Gives up in the end, with the session still sealed, for the next open to resolve.
void Session::AskLater(const absl::Status& cause) {
  if (!OutcomeUnknown(cause) || ++publish_attempts_ >= config_.max_attempts) {
    Close(session_errors::Backend(cause));
    End();
    return;
  }
  Emit(SetTimer{SessionTimer::kRetryPublish, Backoff(publish_attempts_)});
}

// Rule 5: only mark, size and CRC-64 together prove that an object is ours; that some object exists
// proves nothing.
bool Session::IsOurs(const ObjectStat& object) const {
  if (Mutated(Mutation::kExistsIsOurs)) return true;
  if (!record_.seal.has_value() || object.mark != record_.mark) return false;
  return object.size == record_.seal->size &&
         object.crc64.value_or(record_.seal->crc64) == record_.seal->crc64;
}

void Session::Handle(ObjectDescribed& event) {
  if (state_ == State::kLooking) OnLooked(event.object);
  if (state_ != State::kResolving) return;
  if (event.object.ok() && IsOurs(*event.object)) {
    if (doubt_ == Doubt::kClaimed) SendOpened();
    leftover_upload_ = record_.upload_id;
    RecordResult(*event.object, false);
  } else if (event.object.ok() || ErrorReason(event.object.status()) == kReasonNoSuchObject) {
    OnNotOurs();
  } else {
    AskLater(event.object.status());
  }
}

void Session::OnNotOurs() {
  switch (doubt_) {
    case Doubt::kDefinite:
      Fail(refusal_);
      return;
    case Doubt::kUnknownOutcome:
      Publish();
      return;
    case Doubt::kClaimed:
      if (!record_.seal->single_put) {
        SendOpened();
        Publish();
      } else if (draining_) {
        Close(session_errors::Draining(record_.committed_size));
        End();
      } else if (!attached_ || input_ended_) {
        OnContentGone();
      } else if (record_.seal->size > config_.memory_budget / 8) {
        // Sealed by a server with more memory; rule 9 lends no more than this.
        Close(session_errors::ObjectTooLarge(config_.memory_budget / 8, record_.seal->size,
                                             8 * record_.seal->size));
        End();
      } else if (open_.replay_buffer_bytes > 0 && open_.replay_buffer_bytes < record_.seal->size) {
        // Nothing of it is committed before all of it came.
        Close(session_errors::ReplayBufferTooSmall(record_.seal->size, open_.replay_buffer_bytes));
        End();
      } else {
        // The content is gone with the server that had it: the client has to send the same again.
        state_ = State::kAwaitingContent;
        SendOpened();
      }
      return;
  }
}

// A small object was not there when it was asked for, and who had its content is gone. Once no put
// of it can arrive any more (none was sent without the store's leave, and this claim ends that),
// the outcome is known: whoever wants the session to end may have that, and nobody else can wait
// for the client for ever.
void Session::OnContentGone() {
  const absl::Time settled = record_.seal->put_valid_until;
  if (purpose_ == Purpose::kAbort && asked_time_ >= settled) {
    Fail(session_errors::SessionAborted());
  } else if (purpose_ == Purpose::kOutcome && asked_time_ >= settled + record_.idle_ttl) {
    Fail(session_errors::SessionExpired());
  } else {
    Close(session_errors::NotFinished());
    End();
  }
}

void Session::RecordResult(const ObjectStat& object, bool put_settled) {
  state_ = State::kRecording;
  PublishedObject result;
  result.size = record_.seal->size;
  result.crc64 = record_.seal->crc64;
  result.etag = object.etag;
  result.version_id = object.version_id;
  result.request_id = object.request_id;
  result.update_time = object.update_time;
  Write(FinishSession{position(), std::move(result), put_settled, now_});
}

void Session::Fail(absl::Status failure) {
  if (!failure_.has_value()) failure_ = std::move(failure);
}

void Session::RecordFailure() {
  state_ = State::kRecording;
  parts_.clear();
  const std::string reason = ErrorReason(*failure_);
  const std::string message(failure_->message());
  refusal_ = *std::exchange(failure_, std::nullopt);
  if (has_record_) {
    Write(FailSession{position(), reason, message, now_});
    return;
  }
  record_.state = SessionState::kFailed;
  record_.failure_reason = reason;
  record_.failure_message = message;
  Write(Insertion());
}

void Session::OnRecorded() {
  if (record_.state == SessionState::kFinished) {
    if (attached_) Emit(SendFrame{FinishedFrame{record_, false}});
    Close(absl::OkStatus());
    // A backend may have been stopped between publishing and discarding the parts (plugin/local).
    if (!leftover_upload_.empty()) Discard(leftover_upload_);
  } else {
    for (const DeadUpload& upload : record_.dead_uploads) {
      const bool own = upload.remote == record_.spec.remote && upload.object == record_.spec.object;
      if (own && upload.aborts == 0) Emit(DiscardUpload{upload});
    }
    Close(refusal_);
  }
  End();
}

}  // namespace penstock
