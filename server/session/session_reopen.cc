// A lost stream's session lingers, and a newer stream of this process goes on with what is in
// memory (rule 12).

#include <utility>

#include "server/session/session.h"
#include "server/session/session_errors.h"
#include "server/store/mutation.h"

namespace penstock {

// Nobody sends any more: what is in memory is kept for a while, and what is cut from it is stored
// meanwhile. While a newer stream is about to take over, that one decides (GoOn).
void Session::Linger() {
  if (reopen_.has_value()) return;
  const bool in_memory = received_size_ > record_.committed_size || state_ == State::kCreating;
  if (draining_ || !in_memory || !CanReopen() || config_.linger <= absl::ZeroDuration()) {
    Wind();
    return;
  }
  linger_until_ = now_ + config_.linger;
  ArmLinger();
}

// One timer at a time: that of an earlier loss sees to the later one.
void Session::ArmLinger() {
  if (linger_armed_) return;
  linger_armed_ = true;
  WakeAt(SessionTimer::kLinger, linger_until_);
}

void Session::OnLingered() {
  if (!Lingers()) return;
  if (linger_until_ <= now_) {
    Wind();
  } else {
    ArmLinger();
  }
}

// Nobody is there, and nobody is about to be.
bool Session::Lingers() const {
  return !attached_ && !reopen_.has_value() && !finish_.has_value() && CanReopen();
}

// While what is in memory can still be continued. What is being published goes on by itself: a
// newer stream claims it, and is told the outcome.
bool Session::CanReopen() const {
  return purpose_ == Purpose::kStream && !draining_ && !failure_.has_value() &&
         (state_ == State::kFresh || state_ == State::kCreating || state_ == State::kOpen);
}

void Session::Handle(ReopenRequested& event) { reopen_ = std::move(event); }

// The claim of a newer stream waits for the write that is under way: then what is recorded is
// known.
void Session::PumpReopen() {
  if (!reopen_.has_value() || reclaiming_) return;
  const OpenMode mode = reopen_->open.mode;
  const bool unknown_token = !has_record_ && state_ == State::kFresh;
  if (!CanReopen() || mode == OpenMode::kCreate || (mode == OpenMode::kResume && unknown_token)) {
    reopen_.reset();
    Emit(PassOn{});
    GoOn();
  } else if (!write_.has_value()) {
    Reclaim();
  }
}

// A bad open takes nothing over.
void Session::Reclaim() {
  const OpenFrame& open = reopen_->open;
  absl::Status status = CheckOpen(open);
  if (status.ok()) status = TermsOf(open, record_.spec).status();
  if (status.ok() && !has_record_ && open.spec.has_value()) {
    const std::string field = FirstDifference(record_.spec, *open.spec);
    if (!field.empty()) status = session_errors::SpecMismatch(field);
  }
  if (!status.ok()) {
    reopen_.reset();
    Emit(RefuseStream{status});
    GoOn();
    return;
  }
  // Rule 1: `opened` is an acknowledgement, so the store is asked on this server as well.
  reclaiming_ = true;
  if (Mutated(Mutation::kOpenedWithoutRoundTrip)) {
    StoreAnswer answer;
    answer.code = has_record_ ? StoreCode::kOk : StoreCode::kNotFound;
    answer.kept = has_record_;
    answer.record = record_;
    OnReclaimed(answer);
    return;
  }
  ClaimSession claim = MakeClaim(open, reopen_->ids.nonce);
  // The first epoch may be somebody else's: only a recorded fence tells whose it was, in a repeat.
  if (has_record_) claim.keep = record_.fence;
  Write(std::move(claim));
}

void Session::OnReclaimed(StoreAnswer& answer) {
  reclaiming_ = false;
  ReopenRequested reopen = *std::exchange(reopen_, std::nullopt);
  // Nobody has created the session meanwhile: what is in memory is all there is of it.
  const bool unrecorded = !has_record_ && answer.code == StoreCode::kNotFound;
  if (answer.code != StoreCode::kOk && !unrecorded) {
    Emit(RefuseStream{WhyNotClaimed(reopen.open, answer)});
    GoOn();
    return;
  }
  ids_ = std::move(reopen.ids);
  if (unrecorded || answer.kept) {
    if (answer.kept) record_ = *std::move(answer.record);
    if (!CanReopen()) {  // an error came in between: what is stored is still committed
      deferred_.reset();
      unrecorded ? Emit(PassOn{}) : RefuseReopen();
      return;
    }
    SwitchStream(std::move(reopen.open));
    (void)AdoptRemote(record_.spec);  // checked before the claim
    parallel_parts_ = PartsFor(record_.spec);
    PlanPart();
    CutFull();
    resumed_ = has_record_ || received_size_ > 0;
    Emit(BecameOwner{!has_record_});
    SendOpened();
    return;
  }
  // Somebody else owned the session since: what is in memory does not count, and the numbers that
  // were sent stay dead. This claim is an ordinary one.
  if (draining_) {
    Emit(RefuseStream{session_errors::Draining(std::nullopt)});
    Close(session_errors::StaleWriter());
    End();
    return;
  }
  if (new_upload_.has_value()) {
    Discard(*std::exchange(new_upload_, std::nullopt));
    initiating_ = false;
  } else if (initiating_ && !stale_initiate_.has_value()) {
    stale_initiate_ = DeadUpload{record_.spec.remote, record_.spec.object, ""};
  }
  parts_.clear();
  buffer_.reset();
  buffer_memory_ = 0;
  buffer_in_reserve_ = false;
  fill_start_.reset();
  finish_.reset();
  failure_.reset();
  flush_size_.reset();
  SwitchStream(std::move(reopen.open));
  OpenClaimed(answer);
}

// A claim that was done has raised the epoch: another one for the same `open` would raise it once
// more, or be refused by what this one did. Its client takes one step for its own after an `open`
// without an answer.
void Session::RefuseReopen() {
  Emit(RefuseStream{draining_ ? session_errors::Draining(std::nullopt)
                              : session_errors::OwnershipLost()});
}

void Session::SwitchStream(OpenFrame open) {
  Close(session_errors::StaleWriter());
  Emit(AdoptStream{});
  attached_ = true;
  reading_ = false;
  input_ended_ = false;
  finish_here_ = false;
  deferred_.reset();
  waiting_ = Payload();
  flush_size_.reset();
  open_ = std::move(open);
}

// The newer stream did not get the session: it goes on with the older one, or waits for another.
void Session::GoOn() {
  if (BoxedOptional<ClientFrame> frame = std::exchange(deferred_, std::nullopt);
      frame.has_value()) {
    // It was read, and so it counts though its stream may be gone (rule 6).
    Take(*frame);
  }
  if (!attached_ && !finish_.has_value()) Linger();
}

}  // namespace penstock
