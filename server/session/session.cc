#include "server/session/session.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/error.h"
#include "server/session/session_errors.h"
#include "server/store/mutation.h"
#include "server/store/session_times.h"

namespace penstock {
namespace {

constexpr absl::Duration kShortestTick = absl::Milliseconds(100);
// Of those who wait for a time: the last moments before it are not cut into ever shorter ones.
constexpr absl::Duration kShortestWait = absl::Milliseconds(1);

}  // namespace

Session::Session(const SessionConfig& config, SessionIds ids, Purpose purpose)
    : config_(config),
      ids_(std::move(ids)),
      purpose_(purpose),
      attached_(purpose == Purpose::kStream),
      reading_(attached_) {}

std::vector<SessionEffect> Session::On(SessionEvent event, absl::Time now) {
  now_ = now;
  std::visit([this](auto& known) { Handle(known); }, event);
  Pump();
  return std::exchange(effects_, {});
}

// Whatever the event was: starts what has become possible.
void Session::Pump() {
  if (failure_.has_value() && !write_.has_value()) RecordFailure();
  if (input_ended_ && attached_ && !finish_.has_value() && TakesContent()) {
    Close(session_errors::NotFinished());  // rule 6: the end of the input never finishes anything
    Linger();
  }
  CutAged();
  PumpReopen();
  if (state_ == State::kFresh && !parts_.empty() && !write_.has_value()) CreateRecord();
  ServeFlush();
  if (state_ == State::kOpen || state_ == State::kWinding) RecordUpload();
  if (state_ == State::kOpen || state_ == State::kWinding) StartParts();
  if (state_ == State::kOpen || state_ == State::kWinding) CommitStored();
  if (state_ == State::kOpen && finish_.has_value() && parts_.empty() && !write_.has_value()) {
    Seal();
  }
  if (state_ == State::kWinding) EndWinding();
  if (WantsFrame()) {
    reading_ = true;
    Emit(ReadFrame{});
  }
}

// Backpressure: while as many parts are under way as may be, or a chunk waits for memory, nothing
// more is read. After `finish` one more frame is asked for, because one that comes is an error to
// tell.
bool Session::WantsFrame() const {
  if (!attached_ || reading_ || input_ended_ || reopen_.has_value()) return false;
  if (finish_.has_value()) return true;
  return TakesContent() && waiting_.empty() &&
         static_cast<int32_t>(parts_.size()) < std::max(parallel_parts_.count(), 1);
}

void Session::Handle(FrameArrived& event) {
  reading_ = false;
  last_frame_time_ = now_;
  if (!attached_ && state_ != State::kStart) return;
  if (reopen_.has_value()) {
    deferred_ = std::move(event.frame);  // a newer stream may be about to take over
  } else {
    Take(event.frame);
  }
}

void Session::Take(ClientFrame& frame) {
  if (finish_.has_value()) {
    // Rule 6: `finish` was read, so the session goes on; only this stream ends. A stream that came
    // after it may send what it likes: its answer is the result.
    if (finish_here_) Close(session_errors::FrameAfterFinish());
    finish_here_ = finish_here_ || std::holds_alternative<FinishFrame>(frame);
    return;
  }
  if (state_ == State::kStart && !std::holds_alternative<OpenFrame>(frame)) {
    Close(session_errors::OpenExpected());
    End();
    return;
  }
  std::visit([this](auto& known) { Handle(known); }, frame);
}

// A client is idle only while it may send.
void Session::Handle(ReadDelayed& event) {
  last_frame_time_ = std::max(last_frame_time_, event.until);
}

// An open that is still being answered may find the session finished: that answer is worth
// sending. Otherwise Pump closes the stream.
void Session::Handle(InputEnded&) {
  reading_ = false;
  input_ended_ = true;
  if (state_ == State::kStart) {
    Close(session_errors::OpenExpected());
    End();
  }
}

void Session::Handle(StreamLost&) {
  attached_ = false;
  reading_ = false;
  input_ended_ = true;
  waiting_ = Payload();
  if (!finish_.has_value()) Linger();
}

void Session::Handle(Superseded&) {
  Close(session_errors::StaleWriter());
  End();
}

void Session::Handle(AbortRequested&) {
  Close(session_errors::SessionAborted());
  End();
}

// What was read is brought to an end; nothing new is begun. What a part number can be spared for
// is cut, the rest becomes the tail (EndWinding).
void Session::Handle(DrainRequested&) {
  draining_ = true;
  if (state_ == State::kEnded || finish_.has_value()) return;
  if (state_ != State::kOpen) {
    Wind();
    return;
  }
  waiting_ = Payload();
  if (CanCut()) CutPart();
  state_ = State::kWinding;
}

void Session::Handle(MemoryShort&) {
  parallel_parts_.OnMemoryShort(now_);
  if (Lingers()) Wind();
}

void Session::Handle(TimerFired& event) {
  if (state_ == State::kEnded) return;
  switch (event.timer) {
    case SessionTimer::kTick:
      Tick();
      return;
    case SessionTimer::kAge:  // Pump cuts the part, if it is still the one that was waited for
      age_armed_ = false;
      ArmAge();
      return;
    case SessionTimer::kLinger:
      linger_armed_ = false;
      OnLingered();
      return;
    case SessionTimer::kRetryStore:
      if (ClaimsForNobody()) {
        End();
      } else if (write_.has_value()) {
        Emit(WriteStore{*write_});
      }
      return;
    case SessionTimer::kRetryPublish:
      // Whatever is in doubt is asked for first, and only then done again.
      if (state_ == State::kResolving) AskNow();
      return;
  }
}

void Session::Tick() {
  tick_armed_ = false;
  if (!attached_) return;
  ArmTick();
  if (received_size_ > record_.committed_size) Emit(SendFrame{MakeProgress()});
  const bool quiet = parts_.empty() && !write_.has_value() && !initiating_;
  const absl::Duration silence = reading_ ? now_ - last_frame_time_ : absl::ZeroDuration();
  if (state_ == State::kAwaitingContent && flush_size_.has_value() &&
      silence >= config_.progress_interval) {
    // Who waits for the answer waits for ever: only `finish` makes the content of a put durable.
    Close(session_errors::FlushWhileFinishing());
    End();
  } else if (TakesContent() && quiet && silence >= config_.idle_timeout) {
    Close(session_errors::IdleTimeout(config_.idle_timeout));
    Linger();
  } else if (state_ == State::kOpen && !write_.has_value() &&
             absl::AbsDuration(now_ + record_.idle_ttl - record_.expire_time) >
                 ExpiryStep(record_)) {
    Write(TouchSession{position(), now_});  // also while a part takes long
  }
}

void Session::ArmTick() {
  if (tick_armed_) return;
  tick_armed_ = true;
  // A connected stream keeps its session alive, however short its idle_ttl is.
  const absl::Duration sign_of_life = std::max(ExpiryStep(record_), kShortestTick);
  Emit(SetTimer{SessionTimer::kTick, std::min(config_.progress_interval, sign_of_life)});
}

// A clock may go slower than timers do (base/forward_time.h): who is woken looks at the time, and
// waits again where it has not come.
void Session::WakeAt(SessionTimer timer, absl::Time time) {
  Emit(SetTimer{timer, std::max(time - now_, kShortestWait)});
}

void Session::Write(SessionWrite write) {
  assert(!write_.has_value());
  write_ = std::move(write);
  write_attempts_ = 0;
  Emit(WriteStore{*write_});
}

void Session::Handle(StoreAnswered& event) {
  if (state_ == State::kEnded) {
    if (write_.has_value()) DiscardRefusedUpload(*write_, event.answer);
    return;
  }
  if (!write_.has_value()) {  // the one read there is: `open` with mode CREATE
    OnLookedUp(event.answer);
    return;
  }
  const bool transient =
      event.answer.code == StoreCode::kUnknown || event.answer.code == StoreCode::kUnavailable;
  if (transient && RetryWrite()) return;
  const SessionWrite write = *std::exchange(write_, std::nullopt);
  if (reclaiming_) {
    OnReclaimed(event.answer);
  } else if (std::holds_alternative<ClaimSession>(write)) {
    OnClaimed(event.answer);
  } else if (event.answer.code == StoreCode::kOk) {
    OnWritten(write, event.answer);
  } else {
    OnWriteFailed(write, event.answer);
  }
}

// A claim whose stream is gone is not repeated: it would take the session back from its successor.
bool Session::ClaimsForNobody() const {
  return state_ == State::kClaiming && purpose_ == Purpose::kStream && !attached_;
}

// The same write again, with equal arguments: if it had been done, the store says so.
bool Session::RetryWrite() {
  if (++write_attempts_ >= config_.max_attempts || ClaimsForNobody()) return false;
  Emit(SetTimer{SessionTimer::kRetryStore, Backoff(write_attempts_)});
  return true;
}

void Session::OnWritten(const SessionWrite& write, StoreAnswer& answer) {
  record_ = std::move(*answer.record);
  if (std::holds_alternative<CreateSession>(write)) {
    OnCreated();
  } else if (std::holds_alternative<StartOver>(write)) {
    OnBegunAnew();
  } else if (std::holds_alternative<SaveTail>(write)) {
    // Rule 9: also committed bytes hold the reserve no longer than a part may be filled.
    if (!buffer_in_reserve_) fill_start_.reset();
    if (Unsaved()) fill_start_ = now_;  // what came meanwhile
    if (attached_) Emit(SendFrame{MakeProgress()});
  } else if (const auto* commit = std::get_if<CommitParts>(&write)) {
    OnCommitted(*commit);
  } else if (std::holds_alternative<SealSession>(write)) {
    Publish();
  } else if (std::holds_alternative<RenewPut>(write)) {
    state_ = State::kPublishing;
    ++puts_sent_;
    Emit(SendPut{});
  } else if (std::holds_alternative<SetUpload>(write)) {
    initiating_ = false;
  } else if (Ended(record_.state)) {
    OnRecorded();
  }
}

void Session::OnWriteFailed(const SessionWrite& write, const StoreAnswer& answer) {
  Close(WhyFailed(answer));
  DiscardRefusedUpload(write, answer);
  End();
}

absl::Status Session::WhyFailed(const StoreAnswer& answer) const {
  switch (answer.code) {
    case StoreCode::kExhausted:
      return session_errors::StoreFull(answer.message);
    case StoreCode::kUnknown:
    case StoreCode::kUnavailable:
      return session_errors::StoreUnavailable(answer.message);
    case StoreCode::kCorrupt:
      return session_errors::StoreCorrupt(answer.message);
    default:
      return WhyRefused(answer);
  }
}

// Another owner, or a late write of our own: either way the ownership is over (rule 4).
absl::Status Session::WhyRefused(const StoreAnswer& answer) const {
  if (!answer.record.has_value()) return session_errors::StaleWriter();
  const SessionRecord& there = *answer.record;
  // An insert that is repeated may find its own session, changed by somebody since.
  if (answer.code == StoreCode::kExists && there.session_id != record_.session_id) {
    // CREATE was told that the token is free, and lost the race: it must not take over.
    return open_.mode == OpenMode::kCreate ? session_errors::SessionExists(there.session_id)
                                           : session_errors::TokenTaken();
  }
  if (there.state == SessionState::kAborted) return session_errors::SessionAborted();
  if (there.state == SessionState::kExpired) return session_errors::SessionExpired();
  return there.fence == record_.fence ? session_errors::OwnershipLost()
                                      : session_errors::StaleWriter();
}

// An upload that was begun and is not recorded is nobody's: the loser discards its own. But an
// earlier try of the same write may have been recorded, and then the new owner uploads to it.
void Session::DiscardRefusedUpload(const SessionWrite& write, const StoreAnswer& answer) {
  const auto* set = std::get_if<SetUpload>(&write);
  const bool refused = answer.code == StoreCode::kFenced || answer.code == StoreCode::kWrongState;
  if (set == nullptr || !refused || !answer.record.has_value()) return;
  if (answer.record->upload_id != set->upload_id) Discard(set->upload_id);
}

void Session::Close(const absl::Status& status) {
  if (!attached_) return;
  attached_ = false;
  Emit(CloseStream{status});
}

void Session::End() {
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  failure_.reset();
  parts_.clear();
  buffer_.reset();
  waiting_ = Payload();
  if (new_upload_.has_value()) Discard(*std::exchange(new_upload_, std::nullopt));
  if (reopen_.has_value()) Emit(PassOn{});
  reopen_.reset();
  reclaiming_ = false;
  Emit(Release{});
}

absl::Duration Session::Backoff(int attempts) const {
  absl::Duration delay = config_.retry_delay;
  for (int i = 1; i < attempts && delay < config_.max_retry_delay; ++i) delay *= 2;
  return std::min(delay, config_.max_retry_delay);
}

LedgerPosition Session::position() const {
  return {record_.fence, record_.next_sequence, record_.committed_size};
}

// Parts under way, the one being filled, and the chunk that may straddle its end.
int64_t Session::max_unacked_bytes() const {
  const int64_t bytes = (parallel_parts_.count() + 1) * target_size_ + config_.max_chunk_bytes;
  return open_.replay_buffer_bytes > 0 ? std::min(bytes, open_.replay_buffer_bytes) : bytes;
}

ProgressFrame Session::MakeProgress() const {
  int64_t committed = record_.committed_size;
  if (Mutated(Mutation::kAckBeforeCommit) && !parts_.empty() && parts_.front().etag.has_value()) {
    committed = std::max(committed, parts_.front().offset + parts_.front().body->size());
  }
  return {committed, received_size_, max_unacked_bytes()};
}

}  // namespace penstock
