// What a session asked for, and how that is answered.

#include <utility>

#include "base/error.h"
#include "tests/fuzz/core_actor.h"

namespace penstock::fuzz {
namespace {

absl::Status Error(int what) {
  switch (what % 8) {
    case 0:
      return MakeError(absl::StatusCode::kNotFound, kReasonNoSuchUpload, "simulated");
    case 1:
      return MakeError(absl::StatusCode::kNotFound, kReasonNoSuchObject, "simulated");
    case 2:
      return MakeError(absl::StatusCode::kAlreadyExists, kReasonObjectExists, "simulated");
    case 3:
      return MakeError(absl::StatusCode::kFailedPrecondition, kReasonInvalidPart, "simulated");
    case 4:
      return MakeError(absl::StatusCode::kPermissionDenied, kReasonDenied, "simulated");
    case 5:
      return MakeError(absl::StatusCode::kDataLoss, kReasonChecksumMismatch, "simulated");
    default:
      return MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable, "simulated", {},
                       absl::Seconds(1));
  }
}

}  // namespace

void CoreActor::Execute(SessionEffect& effect) {
  if (auto* write = std::get_if<WriteStore>(&effect)) {
    Write(*write);
  } else if (std::holds_alternative<ReadStore>(effect)) {
    looking_ = true;
  } else if (std::holds_alternative<InitiateUpload>(effect)) {
    initiating_ = true;
  } else if (auto* part = std::get_if<UploadPart>(&effect)) {
    parts_.push_back(std::move(*part));
  } else if (std::holds_alternative<PreparePut>(effect)) {
    publishing_ = Publishing::kPrepare;
  } else if (std::holds_alternative<SendPut>(effect) ||
             std::holds_alternative<CompleteUpload>(effect)) {
    publishing_ = Publishing::kPublish;
  } else if (std::holds_alternative<DescribeObject>(effect)) {
    publishing_ = Publishing::kDescribe;
  } else if (const auto* ask = std::get_if<AskMemory>(&effect)) {
    Ask(*ask);
  } else if (const auto* timer = std::get_if<SetTimer>(&effect)) {
    timers_.emplace_back(shared_.now + timer->delay, timer->timer);
  } else if (std::holds_alternative<AdoptStream>(effect)) {
    input_ended_ = lost_ = false;
  } else if (std::holds_alternative<Release>(effect)) {
    shared_.budget.Forget(this);
  }
}

void CoreActor::Write(WriteStore& effect) {
  write_ = std::move(effect.write);
  applied_.reset();
}

void CoreActor::Ask(const AskMemory& effect) {
  const auto need = effect.new_part ? BufferBudget::Need::kNewPart : BufferBudget::Need::kMore;
  std::optional<MemoryLease> lease = shared_.budget.Ask(
      this, effect.bytes, [this](MemoryLease given) { granted_.push_back(std::move(given)); },
      need);
  if (!lease.has_value()) return;
  granted_.push_back(*std::move(lease));
  granted_now_ = shared_.grants_at_once;
}

void CoreActor::Grant() {
  MemoryLease lease = std::move(granted_.front());
  granted_.pop_front();
  On(MemoryGranted{std::move(lease)});
}

// Answers one of the calls under way: well where the choices have come to their end. False: there
// is none.
bool CoreActor::AnswerOne(Choices& choices) {
  if (write_.has_value() || looking_) {
    AnswerStore(choices);
  } else if (initiating_) {
    initiating_ = false;
    const int what = choices.Byte();
    if (what < 224) {
      On(UploadInitiated{shared_.DrawUpload()});
    } else {
      On(UploadInitiated{Error(what)});
    }
  } else if (!parts_.empty()) {
    AnswerPart(choices);
  } else if (publishing_ != Publishing::kNone) {
    AnswerPublishing(choices);
  } else if (!granted_.empty()) {
    Grant();
  } else {
    return false;
  }
  return true;
}

// Decided now, told now or later, known or not: as the choice says.
void CoreActor::AnswerStore(Choices& choices) {
  const int what = choices.Below(32);
  StoreAnswer answer;
  answer.message = "simulated";
  if (what >= 28) {
    constexpr StoreCode kFailures[] = {StoreCode::kUnknown, StoreCode::kUnavailable,
                                       StoreCode::kExhausted, StoreCode::kCorrupt};
    answer.code = kFailures[what - 28];
    // What was done is not denied.
    if (applied_.has_value()) answer.code = StoreCode::kUnknown;
    if (answer.code == StoreCode::kUnknown && write_.has_value() && !applied_.has_value()) {
      shared_.late.push_back(*write_);
    }
  } else if (looking_) {
    answer.code = shared_.kept.record.has_value() ? StoreCode::kOk : StoreCode::kNotFound;
    answer.record = shared_.kept.record;
  } else {
    if (!applied_.has_value()) applied_ = shared_.Apply(*write_);
    if (what >= 24 && what < 26) return;  // the answer comes later
    answer = *applied_;
    if (what >= 26) {
      answer = StoreAnswer();
      answer.code = StoreCode::kUnknown;
    }
  }
  looking_ = false;
  write_.reset();
  applied_.reset();
  On(StoreAnswered{std::move(answer)});
}

void CoreActor::AnswerPart(Choices& choices) {
  if (parts_.empty()) return;
  const int what = choices.Byte();
  const auto part =
      parts_.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(what % 16) % parts_.size());
  const int32_t number = part->number;
  const std::string upload_id = part->upload_id;
  const bool again = part->body == nullptr;  // then what was said the first time
  if (what >= 240 && !again) {
    parts_.erase(part);
    On(PartStored{upload_id, number, Error(what / 2)});
    return;
  }
  const std::string etag = "e" + std::to_string(number);
  if (what < 208 || again) {
    parts_.erase(part);
  } else {
    part->body.reset();  // it will be told once more
  }
  On(PartStored{upload_id, number, etag});
}

ObjectStat CoreActor::OurObject(Choices& choices) const {
  const SessionRecord& record = session_->record();
  const int what = choices.Byte();
  ObjectStat object;
  object.mark = what == 255 ? "another" : record.mark;
  object.etag = "object";
  if (record.seal.has_value()) {
    object.size = record.seal->size + (what == 254 ? 1 : 0);
    if (what % 2 == 0) object.crc64 = record.seal->crc64 + (what == 252 ? 1 : 0);
  }
  return object;
}

void CoreActor::AnswerPublishing(Choices& choices) {
  const int what = choices.Byte();
  switch (std::exchange(publishing_, Publishing::kNone)) {
    case Publishing::kPrepare:
      if (what >= 240) return On(PutPrepared{Error(what)});
      return On(PutPrepared{shared_.now + absl::Minutes(15)});
    case Publishing::kPublish:
      if (what >= 128) return On(ObjectPublished{Error(what)});
      return On(ObjectPublished{OurObject(choices)});
    case Publishing::kDescribe:
      if (what < 96) return On(ObjectDescribed{Error(1)});
      if (what < 128) return On(ObjectDescribed{Error(what)});
      return On(ObjectDescribed{OurObject(choices)});
    case Publishing::kNone:
      return;
  }
}

}  // namespace penstock::fuzz
