// From `open` to `opened`: who owns the session, and where it goes on.

#include <algorithm>

#include "server/session/session.h"
#include "server/session/session_errors.h"

namespace penstock {

void Session::Handle(OpenFrame& frame) {
  if (state_ != State::kStart) {
    Close(session_errors::SecondOpen());
    Wind();
    return;
  }
  open_ = std::move(frame);
  parallel_parts_ = ParallelParts(SessionSpec());
  state_ = State::kClaiming;
  // A bad open takes nothing over. Without a remote, what depends on it is checked after the claim.
  absl::Status status = open_.replay_buffer_bytes < 0
                            ? session_errors::BadReplayBuffer(open_.replay_buffer_bytes)
                            : absl::OkStatus();
  if (status.ok() && open_.spec.has_value() && !open_.spec->remote.empty()) {
    status = AdoptRemote(*open_.spec);
  }
  if (!status.ok()) {
    Close(status);
    End();
    return;
  }
  if (open_.mode == OpenMode::kCreate) {
    // A known token must not be taken over. Whether it is still free is decided by the insert,
    // later.
    Emit(ReadStore{});
    return;
  }
  ClaimSession claim;
  claim.nonce = ids_.nonce;
  claim.reserve = parallel_parts_ + 1;
  claim.expect_epoch = open_.expect_epoch;
  claim.expect_spec = open_.spec;
  claim.claims_per_minute = config_.claims_per_minute;
  claim.now = now_;
  Write(std::move(claim));
}

// What the open asks for, else what the session was created with, else the server's choice.
int32_t Session::ParallelParts(const SessionSpec& recorded) const {
  const int32_t asked = open_.spec.has_value() ? open_.spec->max_parallel_parts : 0;
  const int32_t wanted = asked > 0 ? asked : recorded.max_parallel_parts;
  return std::min(wanted > 0 ? wanted : config_.default_parallel_parts, config_.max_parallel_parts);
}

void Session::OnLookedUp(const StoreAnswer& answer) {
  if (answer.code != StoreCode::kOk) {
    OnClaimed(answer);
    return;
  }
  Close(session_errors::SessionExists(answer.record->session_id));
  End();
}

void Session::OnClaimed(const StoreAnswer& answer) {
  if (draining_ || (!attached_ && answer.code == StoreCode::kNotFound)) {
    Close(session_errors::Draining(std::nullopt));
    End();
  } else if (answer.code == StoreCode::kNotFound) {
    OpenFresh();
  } else if (answer.code == StoreCode::kOk) {
    OpenClaimed(answer);
  } else {
    OnClaimRefused(answer);
  }
}

void Session::OnClaimRefused(const StoreAnswer& answer) {
  switch (answer.code) {
    case StoreCode::kStaleOpen:
      Close(session_errors::StaleOpen(*open_.expect_epoch, answer.record->fence.epoch));
      break;
    case StoreCode::kSpecMismatch:
      Close(session_errors::SpecMismatch(answer.message));
      break;
    case StoreCode::kBusy:
      Close(session_errors::TooManyClaims(answer.retry_after));
      break;
    default:
      OnWriteFailed(ClaimSession{}, answer);
      return;
  }
  End();
}

// Rule 13: nothing is recorded before there is something to record. The epoch is the one that the
// record will have, so that a client that comes back after it was created is not taken for a stale
// one.
void Session::OpenFresh() {
  if (open_.mode == OpenMode::kResume || limits_.max_number == 0) {  // no remote was named
    Close(open_.mode == OpenMode::kResume ? session_errors::SessionNotFound()
                                          : session_errors::ObjectRequired());
    End();
    return;
  }
  record_.session_id = ids_.session_id;
  record_.principal = ids_.principal;
  record_.mark = ids_.mark;
  record_.spec = *open_.spec;
  record_.fence = {1, ids_.nonce};
  record_.create_time = now_;
  record_.update_time = now_;
  next_number_ = 1;
  reserved_to_ = parallel_parts_ + 1;
  record_.reserved_number = reserved_to_;
  target_size_ = PlanPartSize(limits_, record_.spec.total_size, 0, next_number_);
  state_ = State::kFresh;
  Emit(BecameOwner{});
  SendOpened();
}

void Session::OpenClaimed(const StoreAnswer& answer) {
  record_ = *answer.record;
  received_size_ = record_.committed_size;
  cut_crc64_ = record_.committed_crc64;
  if (Ended(record_.state)) {
    AnswerEnded(record_);
    return;
  }
  has_record_ = true;
  ledger_ = answer.ledger;
  if (absl::Status status = AdoptRemote(record_.spec); !status.ok()) {
    Close(status);
    End();
    return;
  }
  parallel_parts_ = ParallelParts(record_.spec);
  next_number_ = answer.first_number;
  reserved_to_ = record_.reserved_number;
  target_size_ = PlanPartSize(limits_, record_.spec.total_size, received_size_, next_number_);
  Emit(BecameOwner{});
  if (record_.state == SessionState::kFinishing) {
    Ask(Doubt::kClaimed, absl::OkStatus());
    return;
  }
  if (!attached_) {  // opened only to be resolved, and there is nothing to resolve
    End();
    return;
  }
  state_ = State::kOpen;
  SendOpened();
}

// Rule 8: a result is kept and told again; a failure likewise.
void Session::AnswerEnded(const SessionRecord& record) {
  switch (record.state) {
    case SessionState::kFinished:
      SendOpened();
      Emit(SendFrame{FinishedFrame{record, true}});
      Close(absl::OkStatus());
      break;
    case SessionState::kFailed:
      Close(session_errors::SessionFailed(record));
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

// Learns what the session's remote can do, and checks what was asked against it.
absl::Status Session::AdoptRemote(const SessionSpec& spec) {
  const auto remote = config_.remotes.find(spec.remote);
  if (remote == config_.remotes.end()) return session_errors::UnknownRemote(spec.remote);
  capabilities_ = remote->second;
  const bool asked = open_.spec.has_value() && open_.spec->part_size > 0;
  limits_ = MakePartLimits(capabilities_, asked ? open_.spec->part_size : spec.part_size,
                           open_.replay_buffer_bytes, config_.memory_budget);
  return CheckOpen(spec);
}

absl::Status Session::CheckOpen(const SessionSpec& spec) const {
  const int64_t minimum_replay = 4 * std::max<int64_t>(capabilities_.min_part_size, 1);
  if (open_.replay_buffer_bytes != 0 && open_.replay_buffer_bytes < minimum_replay) {
    return session_errors::ReplayBufferTooSmall(minimum_replay, open_.replay_buffer_bytes);
  }
  if (spec.part_size != 0 && (spec.part_size < capabilities_.min_part_size ||
                              spec.part_size > capabilities_.max_part_size)) {
    return session_errors::BadPartSize(capabilities_.min_part_size, capabilities_.max_part_size,
                                       spec.part_size);
  }
  if (spec.max_parallel_parts < 0) {
    return session_errors::BadParallelParts(spec.max_parallel_parts);
  }
  if (!spec.total_size.has_value()) return absl::OkStatus();
  if (*spec.total_size < 0) return session_errors::BadTotalSize(*spec.total_size);
  const int64_t limit = MaxKnownLength(limits_);
  if (*spec.total_size <= limit) return absl::OkStatus();
  return session_errors::ObjectTooLarge(limit, *spec.total_size,
                                        BudgetFor(capabilities_, *spec.total_size));
}

void Session::SendOpened() {
  OpenedFrame opened;
  opened.session = record_;
  opened.resumed = has_record_ || Ended(record_.state);
  opened.part_size = target_size_;
  opened.max_unacked_bytes = max_unacked_bytes();
  opened.max_chunk_bytes = config_.max_chunk_bytes;
  opened.idle_timeout = config_.idle_timeout;
  opened.progress_interval = config_.progress_interval;
  opened.resume_offset = received_size_;
  opened.resume_crc64 = received_crc64();
  if (attached_) Emit(SendFrame{std::move(opened)});
  last_frame_time_ = now_;
  if (!Ended(record_.state)) Emit(SetTimer{SessionTimer::kTick, config_.progress_interval});
}

}  // namespace penstock
