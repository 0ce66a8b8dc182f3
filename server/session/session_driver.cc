#include "server/session/session_driver.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "server/store/mutation.h"

namespace penstock {
namespace {

log::Fields Describe(const SessionRecord& record) {
  return {{"session_id", record.session_id},
          {"remote", record.spec.remote},
          {"bucket", record.spec.object.bucket},
          {"key", record.spec.object.key},
          {"epoch", absl::StrCat(record.fence.epoch)},
          {"committed_size", absl::StrCat(record.committed_size)}};
}

log::Fields Describe(const SessionRecord& record, const absl::Status& status) {
  log::Fields fields = Describe(record);
  for (auto& field : log::FieldsOf(status)) {
    if (field.first != "committed_size") fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace

SessionDriver::SessionDriver(const SessionEnvironment& environment, SessionKey key, SessionIds ids,
                             std::shared_ptr<PutStream> stream, Session::Purpose purpose,
                             Hooks hooks)
    : environment_(environment),
      key_(std::move(key)),
      strand_(*environment.executor),
      stream_(std::move(stream)),
      attached_(stream_ != nullptr),
      hooks_(std::move(hooks)),
      session_(environment.config, std::move(ids), purpose) {}

void SessionDriver::Post(SessionEvent event) {
  strand_.Post([self = shared_from_this(), event = std::move(event)]() mutable {
    self->Run(std::move(event));
  });
}

void SessionDriver::OnFrame(const PutStream* stream, ClientFrame frame) {
  strand_.RunOrPost([self = shared_from_this(), stream, frame = std::move(frame)]() mutable {
    if (self->stream_.get() != stream) return;
    self->Count(frame);
    self->Run(FrameArrived{std::move(frame)});
  });
}

void SessionDriver::OnInputEnded(const PutStream* stream) {
  strand_.Post([self = shared_from_this(), stream] {
    if (self->stream_ != nullptr && self->stream_.get() == stream) self->Run(InputEnded{});
    for (Candidate& candidate : self->candidates_) {
      if (candidate.input->stream_.get() == stream) candidate.ended = true;
    }
  });
}

void SessionDriver::OnStreamLost(const PutStream* stream) {
  strand_.Post([self = shared_from_this(), stream] {
    if (self->stream_ != nullptr && self->stream_.get() == stream) self->Run(StreamLost{});
    for (Candidate& candidate : self->candidates_) {
      if (candidate.input->stream_.get() == stream) candidate.lost = true;
    }
  });
}

void SessionDriver::Reopen(OpenFrame open, std::shared_ptr<StreamInput> input) {
  strand_.Post([self = shared_from_this(), open = std::move(open), input]() mutable {
    self->candidates_.push_back({std::move(open), std::move(input)});
    if (self->candidates_.size() == 1) self->OfferCandidate();
  });
}

void SessionDriver::OfferCandidate() {
  if (!candidates_.empty()) Run(ReopenRequested{candidates_.front().open, hooks_.draw_ids()});
}

// What an effect leads to at once has its turn after the effects of the event at hand.
void SessionDriver::Run(SessionEvent event) {
  if (running_) {
    events_.push_back(std::move(event));
    return;
  }
  running_ = true;
  RunOne(std::move(event));
  while (!events_.empty()) {
    SessionEvent next = std::move(events_.front());
    events_.pop_front();
    RunOne(std::move(next));
  }
  running_ = false;
}

void SessionDriver::RunOne(SessionEvent event) {
  const bool lost = std::holds_alternative<StreamLost>(event);
  if ((lost || std::holds_alternative<InputEnded>(event)) && session_.attached()) {
    log::Fields fields = Describe(session_.record());
    fields.emplace_back("received_size", absl::StrCat(session_.received_size()));
    log::Info("stream ended", fields);
  }
  for (SessionEffect& effect : session_.On(std::move(event), environment_.clock->Now())) {
    std::visit([this](auto& known) { Execute(known); }, effect);
  }
  if (lost) stream_ = nullptr;
  const bool attached = session_.attached();
  if (std::exchange(attached_, attached) != attached && hooks_.attachment) {
    hooks_.attachment(*this, attached);
  }
  const bool grown = session_.grown();
  if (std::exchange(grown_, grown) != grown && hooks_.growth) hooks_.growth(*this, grown);
}

Backend& SessionDriver::backend() const {
  return *environment_.backends.at(session_.record().spec.remote);
}

void SessionDriver::Execute(SendFrame& effect) {
  if (const auto* finished = std::get_if<FinishedFrame>(&effect.frame);
      finished != nullptr && !finished->replayed) {
    log::Info("object finished", Describe(finished->session));
  }
  FaultPoint(kServerFrameNames[effect.frame.index()]);
  if (stream_ != nullptr) stream_->Send(std::move(effect.frame));
}

// Bytes are counted when they have come, and what comes next is read when the limits have them
// free: who sends nothing takes nothing from the others. (No rule of the protocol: pacing.)
void SessionDriver::Count(const ClientFrame& frame) {
  const auto* chunk = std::get_if<ChunkFrame>(&frame);
  const auto limits = environment_.reads.find(session_.record().spec.remote);
  if (chunk == nullptr || chunk->data.empty() || limits == environment_.reads.end()) return;
  hold_ = limits->second.Take(static_cast<int64_t>(chunk->data.size()));
  counted_time_ = environment_.clock->Now();
}

void SessionDriver::Execute(ReadFrame&) {
  if (stream_ == nullptr) return;
  const absl::Time now = environment_.clock->Now();
  const absl::Duration wait = hold_ - std::max(now - counted_time_, absl::ZeroDuration());
  if (wait <= absl::ZeroDuration()) {
    stream_->Read();
    return;
  }
  Run(ReadDelayed{now + wait});
  strand_.PostAfter(wait, [weak = weak_from_this(), stream = std::weak_ptr<PutStream>(stream_)] {
    const auto self = weak.lock();
    if (self == nullptr || self->stream_ == nullptr || self->stream_ != stream.lock()) return;
    self->stream_->Read();
  });
}

void SessionDriver::Execute(CloseStream& effect) {
  if (!effect.status.ok()) log::Info("stream closed", Describe(session_.record(), effect.status));
  if (stream_ != nullptr) stream_->Close(effect.status);
}

SessionDriver::Candidate SessionDriver::NextCandidate() {
  Candidate candidate = std::move(candidates_.front());
  candidates_.pop_front();
  return candidate;
}

void SessionDriver::Execute(AdoptStream&) {
  const Candidate candidate = NextCandidate();
  stream_ = candidate.input->stream_;
  if (candidate.ended) Run(InputEnded{});
  if (candidate.lost) Run(StreamLost{});
  OfferCandidate();
}

void SessionDriver::Execute(RefuseStream& effect) {
  const Candidate candidate = NextCandidate();
  log::Info("stream refused", Describe(session_.record(), effect.status));
  candidate.input->stream_->Close(effect.status);
  OfferCandidate();
}

void SessionDriver::Execute(PassOn&) {
  Candidate candidate = NextCandidate();
  candidate.input->PassOn(std::move(candidate.open));
  OfferCandidate();
}

void SessionDriver::Execute(WriteStore& effect) {
#ifdef PENSTOCK_MUTATIONS
  if (Mutated(Mutation::kAdoption) && std::holds_alternative<ClaimSession>(effect.write)) {
    ClaimAndAdopt(std::move(effect.write));
    return;
  }
#endif
  environment_.store->Write(key_, std::move(effect.write),
                            [self = shared_from_this()](StoreAnswer answer) {
                              self->Post(StoreAnswered{std::move(answer)});
                            });
}

void SessionDriver::Execute(ReadStore&) {
  environment_.store->Get(key_, [self = shared_from_this()](StoreAnswer answer) {
    self->Post(StoreAnswered{std::move(answer)});
  });
}

void SessionDriver::Execute(InitiateUpload&) {
  const SessionRecord& record = session_.record();
  backend().InitiateUpload(record.spec.object, record.spec.attributes, record.mark,
                           [self = shared_from_this()](absl::StatusOr<std::string> upload_id) {
                             self->Post(UploadInitiated{std::move(upload_id)});
                           });
}

void SessionDriver::Execute(UploadPart& effect) {
  Backend& to = backend();
  auto answered = [self = shared_from_this(), upload_id = effect.upload_id, number = effect.number,
                   &to, before = to.slowdowns()](absl::StatusOr<std::string> etag) {
    self->Post(PartStored{upload_id, number, std::move(etag), to.slowdowns() != before});
  };
  to.UploadPart(session_.record().spec.object, effect.upload_id, effect.number,
                std::move(effect.body), std::move(answered));
}

void SessionDriver::Execute(PreparePut& effect) {
  const SessionRecord& record = session_.record();
  backend().PreparePut(
      record.spec.object, record.spec.attributes, record.mark, std::move(effect.body),
      [self = shared_from_this()](absl::StatusOr<std::unique_ptr<PreparedPut>> prepared) mutable {
        self->strand_.Post([self, prepared = std::move(prepared)]() mutable {
          if (!prepared.ok()) {
            self->Run(PutPrepared{prepared.status()});
            return;
          }
          self->prepared_ = *std::move(prepared);
          self->Run(PutPrepared{self->prepared_->valid_until()});
        });
      });
}

void SessionDriver::Execute(SendPut&) {
  prepared_->Send([self = shared_from_this()](absl::StatusOr<ObjectStat> object) {
    self->Post(ObjectPublished{std::move(object)});
  });
}

void SessionDriver::Execute(CompleteUpload& effect) {
#ifdef PENSTOCK_MUTATIONS
  if (Mutated(Mutation::kCompleteFromListing)) {
    CompleteFromListing(effect.upload_id);
    return;
  }
#endif
  const SessionSpec& spec = session_.record().spec;
  backend().CompleteUpload(spec.object, effect.upload_id, effect.parts, spec.attributes,
                           [self = shared_from_this()](absl::StatusOr<ObjectStat> object) {
                             self->Post(ObjectPublished{std::move(object)});
                           });
}

void SessionDriver::Execute(DescribeObject&) {
  backend().Stat(session_.record().spec.object,
                 [self = shared_from_this()](absl::StatusOr<ObjectStat> object) {
                   self->Post(ObjectDescribed{std::move(object)});
                 });
}

// The store forgets the upload only after the backend did. Nobody waits: what fails here is found
// by its upload id in the ended session, or by the bucket's lifecycle rule.
void SessionDriver::Execute(DiscardUpload& effect) {
  const DeadUpload& upload = effect.upload;
  environment_.backends.at(upload.remote)
      ->AbortUpload(
          upload.object, upload.upload_id,
          [self = shared_from_this(), upload_id = upload.upload_id](const absl::Status& status) {
            if (!status.ok()) return;
            self->environment_.store->Write(
                self->key_, UploadAborted{upload_id, self->environment_.clock->Now()},
                [](const StoreAnswer&) {});
          });
}

void SessionDriver::Execute(AskMemory& effect) {
  const auto need = effect.new_part ? BufferBudget::Need::kNewPart : BufferBudget::Need::kMore;
  auto granted = [weak = weak_from_this()](MemoryLease lease) {
    if (const auto self = weak.lock()) self->Post(MemoryGranted{std::move(lease)});
  };
  std::optional<MemoryLease> lease =
      environment_.budget->Ask(this, effect.bytes, std::move(granted), need);
  if (lease.has_value()) Run(MemoryGranted{*std::move(lease)});
}

void SessionDriver::Execute(SetTimer& effect) {
  // Long timers must not keep a driver that has ended.
  strand_.PostAfter(effect.delay, [weak = weak_from_this(), timer = effect.timer] {
    if (const auto self = weak.lock()) self->Run(TimerFired{timer});
  });
}

void SessionDriver::Execute(BecameOwner& effect) {
  // A fresh one becomes the owner twice.
  if (!std::exchange(fresh_, effect.tentative))
    log::Info("session opened", Describe(session_.record()));
  if (hooks_.became_owner) hooks_.became_owner(*this, session_.record(), effect.tentative);
}

void SessionDriver::Execute(Release&) {
  environment_.budget->Forget(this);
  if (hooks_.released) std::exchange(hooks_.released, nullptr)(*this);
}

}  // namespace penstock
