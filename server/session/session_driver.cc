#include "server/session/session_driver.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/fault_point.h"
#include "base/log.h"

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
                             std::shared_ptr<PutStream> stream, Hooks hooks)
    : environment_(environment),
      key_(std::move(key)),
      stream_(std::move(stream)),
      strand_(*environment.executor),
      hooks_(std::move(hooks)),
      session_(environment.config, std::move(ids), stream_ != nullptr) {}

void SessionDriver::Post(SessionEvent event) {
  strand_.Post([self = shared_from_this(), event = std::move(event)]() mutable {
    self->Run(std::move(event));
  });
}

void SessionDriver::Run(SessionEvent event) {
  const bool input_ended =
      std::holds_alternative<StreamLost>(event) || std::holds_alternative<InputEnded>(event);
  if (input_ended && session_.attached()) {
    log::Fields fields = Describe(session_.record());
    fields.emplace_back("received_size", absl::StrCat(session_.received_size()));
    log::Info("stream ended", fields);
  }
  for (SessionEffect& effect : session_.On(std::move(event), environment_.clock->Now())) {
    std::visit([this](auto& known) { Execute(known); }, effect);
  }
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

void SessionDriver::Execute(ReadFrame&) { stream_->Read(); }

void SessionDriver::Execute(CloseStream& effect) {
  if (!effect.status.ok()) log::Info("stream closed", Describe(session_.record(), effect.status));
  stream_->Close(effect.status);
}

void SessionDriver::Execute(WriteStore& effect) {
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
  backend().UploadPart(
      session_.record().spec.object, effect.upload_id, effect.number, std::move(effect.body),
      [self = shared_from_this(), number = effect.number](absl::StatusOr<std::string> etag) {
        self->Post(PartStored{number, std::move(etag)});
      });
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
  backend().AbortUpload(
      session_.record().spec.object, effect.upload_id,
      [self = shared_from_this(), upload_id = effect.upload_id](const absl::Status& status) {
        if (!status.ok()) return;
        self->environment_.store->Write(self->key_,
                                        UploadAborted{upload_id, self->environment_.clock->Now()},
                                        [](const StoreAnswer&) {});
      });
}

void SessionDriver::Execute(SetTimer& effect) {
  // Long timers must not keep a driver that has ended.
  strand_.PostAfter(effect.delay, [weak = weak_from_this(), timer = effect.timer] {
    if (const auto self = weak.lock()) self->Run(TimerFired{timer});
  });
}

void SessionDriver::Execute(BecameOwner&) {
  log::Info("session opened", Describe(session_.record()));
  if (hooks_.became_owner) hooks_.became_owner(*this, session_.record().session_id);
}

void SessionDriver::Execute(Release&) {
  if (hooks_.released) std::exchange(hooks_.released, nullptr)(*this);
}

}  // namespace penstock
