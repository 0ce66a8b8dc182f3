// What a session that has ended answers to an `open`: its result, what became of it, or a new life
// (rule 8).

#include "base/error.h"
#include "server/session/session.h"
#include "server/session/session_errors.h"
#include "server/store/mutation.h"

namespace penstock {

void Session::AnswerEnded() {
  const bool start_over = open_.ended_policy == EndedPolicy::kStartOver;
  // The store compared the specification unless the session may begin anew: then another one is
  // another object, and asks for another life.
  const bool same = !open_.spec.has_value() || FirstDifference(record_.spec, *open_.spec).empty();
  if (start_over && (record_.state != SessionState::kFinished || !same)) {
    BeginAnew();
  } else if (record_.state == SessionState::kFinished) {
    if (open_.ended_policy == EndedPolicy::kReplay) {
      Replay();
    } else if (!config_.remotes.contains(record_.spec.remote)) {
      Close(session_errors::UnknownRemote(record_.spec.remote));
      End();
    } else {
      state_ = State::kLooking;
      Emit(DescribeObject{});
    }
  } else {
    switch (record_.state) {
      case SessionState::kFailed:
        Close(session_errors::SessionFailed(record_));
        break;
      case SessionState::kAborted:
        Close(session_errors::SessionAborted());
        break;
      default:
        Close(session_errors::SessionExpired());
        break;
    }
    End();
  }
}

void Session::Replay() {
  SendOpened();
  if (attached_) Emit(SendFrame{FinishedFrame{record_, true}});
  Close(absl::OkStatus());
  End();
}

void Session::OnLooked(const absl::StatusOr<ObjectStat>& object) {
  if (object.ok() && IsOurs(*object)) {
    Replay();
  } else if (!object.ok() && ErrorReason(object.status()) != kReasonNoSuchObject) {
    Close(session_errors::Backend(object.status()));
    End();
  } else if (open_.ended_policy == EndedPolicy::kStartOver) {
    BeginAnew();
  } else {
    Close(session_errors::ObjectChanged());
    End();
  }
}

// One transaction that compares the state and the fence that were seen before the object was looked
// at. A put of the earlier life whose outcome nobody knows would undo the new one if it arrived
// late: until it cannot any more, the new life has to wait.
void Session::BeginAnew() {
  const bool put = record_.seal.has_value() && record_.seal->single_put;
  absl::Status status = absl::OkStatus();
  const bool named = open_.spec.has_value() && !open_.spec->remote.empty() &&
                     !open_.spec->object.bucket.empty() && !open_.spec->object.key.empty();
  if (!named) {
    status = session_errors::ObjectRequired();
  } else if (status = AdoptRemote(*open_.spec); !status.ok()) {
    // The new life is planned as this open asks, not as the old one was.
  } else if (draining_ || !attached_) {
    status = session_errors::Draining(std::nullopt);
  } else if (put && record_.seal->put_valid_until > now_ &&
             !Mutated(Mutation::kStartOverDoesNotWait)) {
    status = session_errors::PutPending(record_.seal->put_valid_until - now_);
  }
  if (!status.ok()) {
    Close(status);
    End();
    return;
  }
  parallel_parts_ = PartsFor(*open_.spec);
  state_ = State::kStartingOver;
  Write(StartOver{record_.fence, record_.state, NewRecord(), now_});
}

void Session::OnBegunAnew() {
  has_record_ = true;
  resumed_ = false;
  ledger_.clear();
  received_size_ = 0;
  cut_crc64_ = 0;
  next_number_ = 1;
  window_ = parallel_parts_.count();
  reserved_to_ = record_.reserved_number;
  PlanPart();
  state_ = State::kOpen;
  Emit(BecameOwner{});
  SendOpened();
  if (!attached_ || draining_) Wind();
}

}  // namespace penstock
