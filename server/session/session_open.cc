// From `open` to `opened`: who owns the session, and where it goes on.

#include <algorithm>

#include "base/checksum.h"
#include "server/session/session.h"
#include "server/session/session_errors.h"
#include "server/store/mutation.h"

namespace penstock {
namespace {

// Of all names and values. Every session in memory has them, and every list shows them.
constexpr size_t kMaxLabelBytes = 4096;

}  // namespace

void Session::Handle(OpenFrame& frame) {
  if (state_ != State::kStart) {
    Close(session_errors::SecondOpen());
    Wind();
    return;
  }
  open_ = std::move(frame);
  parallel_parts_ = PartsFor(SessionSpec());
  state_ = State::kClaiming;
  // A bad open takes nothing over. Without a remote, what depends on it is checked after the claim.
  absl::Status status = CheckOpen(open_);
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
  Write(MakeClaim(open_, ids_.nonce));
}

// What can be told without knowing the session.
absl::Status Session::CheckOpen(const OpenFrame& open) const {
  if (open.replay_buffer_bytes < 0) {
    return session_errors::BadReplayBuffer(open.replay_buffer_bytes);
  }
  if (open.idle_ttl.has_value() && *open.idle_ttl <= absl::ZeroDuration()) {
    return session_errors::BadIdleTtl(*open.idle_ttl);
  }
  if (!open.spec.has_value()) return absl::OkStatus();
  size_t labels = 0;
  for (const auto& [name, value] : open.spec->labels) labels += name.size() + value.size();
  if (labels > kMaxLabelBytes) return session_errors::BadLabels(kMaxLabelBytes, labels);
  if (open.spec->remote.empty()) return absl::OkStatus();
  return TermsOf(open, *open.spec).status();
}

ClaimSession Session::MakeClaim(const OpenFrame& open, const std::string& nonce) const {
  ClaimSession claim;
  claim.nonce = nonce;
  claim.reserve = kClaimWindow + 1;
  claim.expect_epoch = open.expect_epoch;
  claim.expect_spec = open.spec;
  claim.any_spec_if_ended = open.ended_policy == EndedPolicy::kStartOver;
  claim.claims_per_minute = config_.claims_per_minute;
  claim.now = now_;
  return claim;
}

// What the open asks for, else what the session was created with, else what turns out to be good.
ParallelParts Session::PartsFor(const SessionSpec& recorded) const {
  const int32_t most = config_.max_parallel_parts;
  const int32_t asked = open_.spec.has_value() ? open_.spec->max_parallel_parts : 0;
  const int32_t wanted = asked > 0 ? asked : recorded.max_parallel_parts;
  if (wanted > 0) return ParallelParts::Fixed(std::min(wanted, most));
  return ParallelParts::Adaptive(std::min(config_.default_parallel_parts, most), most);
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
    Close(WhyNotClaimed(open_, answer));
    End();
  }
}

absl::Status Session::WhyNotClaimed(const OpenFrame& open, const StoreAnswer& answer) const {
  switch (answer.code) {
    case StoreCode::kStaleOpen:
      return session_errors::StaleOpen(*open.expect_epoch, answer.record->fence.epoch);
    case StoreCode::kSpecMismatch:
      return session_errors::SpecMismatch(answer.message);
    case StoreCode::kBusy:
      return session_errors::TooManyClaims(answer.retry_after);
    case StoreCode::kNotFound:
      return session_errors::SessionNotFound();
    default:
      return WhyFailed(answer);
  }
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
  record_ = NewRecord();
  next_number_ = 1;
  window_ = parallel_parts_.count();
  reserved_to_ = record_.reserved_number;
  PlanPart();
  state_ = State::kFresh;
  Emit(BecameOwner{true});
  SendOpened();
}

// The first life of a token, as CreateSession inserts it; StartOver makes it a later one.
SessionRecord Session::NewRecord() const {
  SessionRecord record;
  record.session_id = ids_.session_id;
  record.principal = ids_.principal;
  record.mark = ids_.mark;
  record.spec = *open_.spec;
  record.fence = {1, ids_.nonce};
  record.create_time = now_;
  record.update_time = now_;
  record.idle_ttl = std::min(open_.idle_ttl.value_or(config_.idle_ttl), config_.idle_ttl);
  record.retention = config_.retention;
  record.reserved_number = parallel_parts_.count() + 1;
  return record;
}

void Session::OpenClaimed(const StoreAnswer& answer) {
  record_ = *answer.record;
  received_size_ = record_.committed_size;
  cut_crc64_ = record_.committed_crc64;
  resumed_ = true;
  if (Ended(record_.state)) {
    AnswerEnded();
    return;
  }
  has_record_ = true;
  ledger_ = answer.ledger;
  SessionSpec spec = record_.spec;
  // What is sealed needs no room for more: a smaller budget must not keep it from its end.
  if (record_.state == SessionState::kFinishing) spec.total_size.reset();
  absl::Status status = AdoptRemote(spec);
  const bool has_tail = record_.tail.has_value() && !Mutated(Mutation::kTailNotLoaded);
  if (status.ok() && has_tail && !LoadTail(answer.tail)) {
    status = session_errors::StoreCorrupt("the tail is not what its record says");
  }
  if (!status.ok()) {
    Close(status);
    End();
    return;
  }
  parallel_parts_ = PartsFor(record_.spec);
  next_number_ = answer.first_number;
  window_ = kClaimWindow;
  reserved_to_ = record_.reserved_number;
  PlanPart();
  Emit(BecameOwner{});
  if (record_.state == SessionState::kFinishing) {
    put_inherited_ = record_.seal->single_put;
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

// Rule 11: the next part begins with the tail, and its commit removes it. Until the first chunk
// comes these few bytes are part of what the stream was admitted with.
bool Session::LoadTail(const std::string& bytes) {
  buffer_ = std::make_shared<Buffer>();
  buffer_->Append(bytes);
  cut_crc64_ = record_.ledger_crc64();
  return buffer_->size() == record_.tail->size && buffer_->crc64() == record_.tail->crc64;
}

// Learns what the session's remote can do, and checks what was asked against it.
absl::Status Session::AdoptRemote(const SessionSpec& spec) {
  absl::StatusOr<Terms> terms = TermsOf(open_, spec);
  if (!terms.ok()) return terms.status();
  capabilities_ = terms->capabilities;
  limits_ = terms->limits;
  return absl::OkStatus();
}

absl::StatusOr<Session::Terms> Session::TermsOf(const OpenFrame& open,
                                                const SessionSpec& spec) const {
  const auto remote = config_.remotes.find(spec.remote);
  if (remote == config_.remotes.end()) return session_errors::UnknownRemote(spec.remote);
  const Capabilities& capabilities = remote->second;
  const int64_t minimum_replay = 4 * std::max<int64_t>(capabilities.min_part_size, 1);
  if (open.replay_buffer_bytes != 0 && open.replay_buffer_bytes < minimum_replay) {
    return session_errors::ReplayBufferTooSmall(minimum_replay, open.replay_buffer_bytes);
  }
  if (spec.part_size != 0 && (spec.part_size < capabilities.min_part_size ||
                              spec.part_size > capabilities.max_part_size)) {
    return session_errors::BadPartSize(capabilities.min_part_size, capabilities.max_part_size,
                                       spec.part_size);
  }
  if (spec.max_parallel_parts < 0) {
    return session_errors::BadParallelParts(spec.max_parallel_parts);
  }
  const bool asked = open.spec.has_value() && open.spec->part_size > 0;
  const PartLimits limits =
      MakePartLimits(capabilities, asked ? open.spec->part_size : spec.part_size,
                     open.replay_buffer_bytes, config_.memory_budget);
  if (!spec.total_size.has_value()) return Terms{capabilities, limits};
  if (*spec.total_size < 0) return session_errors::BadTotalSize(*spec.total_size);
  const int64_t limit = MaxKnownLength(limits);
  if (*spec.total_size <= limit) return Terms{capabilities, limits};
  return session_errors::ObjectTooLarge(limit, *spec.total_size,
                                        BudgetFor(capabilities, *spec.total_size));
}

void Session::SendOpened() {
  OpenedFrame opened;
  opened.session = record_;
  opened.resumed = resumed_;
  opened.part_size = target_size_;
  opened.max_unacked_bytes = max_unacked_bytes();
  opened.max_chunk_bytes = config_.max_chunk_bytes;
  opened.idle_timeout = config_.idle_timeout;
  opened.progress_interval = config_.progress_interval;
  if (Mutated(Mutation::kPromiseAtResumeOffset)) opened.session.committed_size = received_size_;
  opened.resume_offset = received_size_;
  opened.resume_crc64 = received_crc64();
  if (attached_) Emit(SendFrame{std::move(opened)});
  last_frame_time_ = now_;
  if (!Ended(record_.state)) ArmTick();
}

}  // namespace penstock
