#include "tests/fuzz/core_watch.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/checksum.h"
#include "tests/fuzz/core_choices.h"
#include "tests/fuzz/core_same_write.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock::fuzz {

void CoreWatch::Before(const SessionEvent& event) {
  transient_ = false;
  claimed_ = put_allowed_ = described_ = false;
  shown_.reset();
  std::visit([this](const auto& known) { Before(known); }, event);
}

void CoreWatch::Before(const StoreAnswered& event) {
  asked_store_ = looking_ = false;
  if (!write_.has_value()) return;
  const StoreCode code = event.answer.code;
  if (code == StoreCode::kUnknown || code == StoreCode::kUnavailable) {
    transient_ = true;
    return;  // ends unless a timer for the repeat is set
  }
  claimed_ = std::holds_alternative<ClaimSession>(*write_);
  put_allowed_ = code == StoreCode::kOk && (std::holds_alternative<CreateSession>(*write_) ||
                                            std::holds_alternative<RenewPut>(*write_));
  write_.reset();
}

void CoreWatch::Before(const PartStored& event) {
  if (event.etag.ok() && sent_.contains(event.number)) stored_[event.number] = *event.etag;
}

void CoreWatch::Before(const ObjectPublished& event) {
  publishing_ = false;
  if (event.object.ok()) shown_ = *event.object;
}

void CoreWatch::Before(const ObjectDescribed& event) {
  publishing_ = false;
  described_ = true;
  if (event.object.ok()) shown_ = *event.object;
}

void CoreWatch::Effect(const SessionEffect& effect, const Session& session) {
  if (released_) {
    FUZZ_CHECK(std::holds_alternative<DiscardUpload>(effect) ||
               std::holds_alternative<PassOn>(effect));
  }
  session_ = &session;
  // A write that was refused for good makes room for the next one.
  if (std::holds_alternative<WriteStore>(effect)) DropFailed();
  std::visit([this](const auto& known) { On(known); }, effect);
}

void CoreWatch::DropFailed() {
  if (std::exchange(transient_, false)) write_.reset();
}

void CoreWatch::After(const Session& session) {
  DropFailed();
  FUZZ_CHECK(released_ == (session.state() == Session::State::kEnded));
  if (!released_) FUZZ_CHECK(session.attached() == stream_open_);
  if (released_) FUZZ_CHECK(!stream_open_ && !reopening_);
}

void CoreWatch::Told(const std::string& session_id, int64_t committed_size) {
  FUZZ_CHECK(committed_size <= shared_.lives[session_id].committed_size);
  FUZZ_CHECK(committed_size >= told_[session_id]);
  told_[session_id] = committed_size;
}

void CoreWatch::On(const SendFrame& effect) {
  FUZZ_CHECK(stream_open_ && !finished_);
  const std::string& id = session_->record().session_id;
  if (const auto* opened = std::get_if<OpenedFrame>(&effect.frame)) {
    Told(id, opened->session.committed_size);
    FUZZ_CHECK(opened->session.session_id == id);
    const bool awaited = session_->state() == Session::State::kAwaitingContent;
    const bool single_put = opened->session.seal.has_value() && opened->session.seal->single_put;
    if (!single_put || awaited) {
      FUZZ_CHECK(opened->resume_offset >= opened->session.committed_size);
    }
    if (shared_.honest && !single_put) {
      FUZZ_CHECK(opened->resume_crc64 == Crc64(Content(0, opened->resume_offset)));
    }
  } else if (const auto* progress = std::get_if<ProgressFrame>(&effect.frame)) {
    Told(id, progress->committed_size);
    FUZZ_CHECK(progress->received_size >= progress->committed_size);
  } else if (const auto* draining = std::get_if<DrainingFrame>(&effect.frame)) {
    Told(id, draining->committed_size);
  } else {
    const SessionRecord& record = std::get<FinishedFrame>(effect.frame).session;
    FUZZ_CHECK(record.state == SessionState::kFinished && record.result.has_value());
    FUZZ_CHECK(shared_.lives[record.session_id].finished);
    finished_ = true;
  }
}

void CoreWatch::On(const ReadFrame&) {
  FUZZ_CHECK(stream_open_ && !reading_ && !input_ended_);
  reading_ = true;
}

// Rule 6: a call ends with OK if and only if `finished` was sent.
void CoreWatch::On(const CloseStream& effect) {
  FUZZ_CHECK(stream_open_);
  FUZZ_CHECK(effect.status.ok() == finished_);
  stream_open_ = false;
}

void CoreWatch::AnswerReopen() {
  FUZZ_CHECK(reopening_);
  reopening_ = false;
}

// Rule 1: `opened` is an acknowledgement, so the store is asked on this server as well.
void CoreWatch::On(const AdoptStream&) {
  FUZZ_CHECK(claimed_);
  AnswerReopen();
  FUZZ_CHECK(!stream_open_);
  stream_open_ = true;
  reading_ = input_ended_ = finished_ = false;
}

void CoreWatch::On(const RefuseStream& effect) {
  AnswerReopen();
  FUZZ_CHECK(!effect.status.ok());
}

void CoreWatch::On(const PassOn&) { AnswerReopen(); }

void CoreWatch::On(const WriteStore& effect) {
  FUZZ_CHECK(!looking_ && !asked_store_);
  if (write_.has_value()) FUZZ_CHECK(SameWrite(*write_, effect.write));
  CheckContent(effect.write);
  const auto* finish = std::get_if<FinishSession>(&effect.write);
  if (finish != nullptr && !write_.has_value()) CheckResult(*finish);
  write_ = effect.write;
  asked_store_ = true;
}

void CoreWatch::On(const ReadStore&) {
  FUZZ_CHECK(!looking_ && !write_.has_value());
  looking_ = true;
}

// Rule 1: every row is of a part that was sent and answered.
void CoreWatch::CheckRows(const CommitParts& commit) const {
  FUZZ_CHECK(!commit.rows.empty());
  for (const PartRecord& row : commit.rows) {
    FUZZ_CHECK(stored_.contains(row.number) && stored_.at(row.number) == row.etag);
    FUZZ_CHECK(sent_.at(row.number) == row.crc64);
    if (shared_.honest) FUZZ_CHECK(row.crc64 == Crc64(Content(row.offset, row.size)));
  }
}

// Rule 5: published is what was answered so, or is there with our mark, size and CRC-64.
void CoreWatch::CheckResult(const FinishSession& finish) const {
  FUZZ_CHECK(shown_.has_value() && shown_->size == finish.result.size);
  FUZZ_CHECK(shown_->crc64.value_or(finish.result.crc64) == finish.result.crc64);
  FUZZ_CHECK(!described_ || shown_->mark == session_->record().mark);
}

void CoreWatch::CheckContent(const SessionWrite& write) const {
  std::optional<Seal> seal;
  if (const auto* commit = std::get_if<CommitParts>(&write)) {
    CheckRows(*commit);
  } else if (const auto* tail = std::get_if<SaveTail>(&write)) {
    if (shared_.honest) FUZZ_CHECK(tail->bytes == Content(tail->offset, std::ssize(tail->bytes)));
  } else if (const auto* list = std::get_if<SealSession>(&write)) {
    seal = list->seal;
  } else if (const auto* create = std::get_if<CreateSession>(&write)) {
    seal = create->record.seal;
  }
  if (seal.has_value() && shared_.honest) {
    FUZZ_CHECK(seal->crc64 == Crc64(Content(0, seal->size)));
  }
}

void CoreWatch::On(const InitiateUpload&) {
  FUZZ_CHECK(!initiating_);
  initiating_ = true;
}

void CoreWatch::On(const UploadPart& effect) {
  shared_.OnPart(effect.upload_id, effect.number);
  sent_[effect.number] = effect.body->crc64();
  stored_.erase(effect.number);
}

void CoreWatch::On(const PreparePut&) {
  FUZZ_CHECK(!publishing_);
  publishing_ = true;
}

// Rules 5 and 13: recorded, and with that very answer sent.
void CoreWatch::On(const SendPut&) {
  FUZZ_CHECK(!publishing_ && put_allowed_);
  FUZZ_CHECK(shared_.lives[session_->record().session_id].sealed);
  publishing_ = true;
}

// Rules 2 and 5.
void CoreWatch::On(const CompleteUpload& effect) {
  FUZZ_CHECK(!publishing_);
  publishing_ = true;
  const Shared::Life& life = shared_.lives[session_->record().session_id];
  FUZZ_CHECK(life.sealed);
  FUZZ_CHECK(std::equal(effect.parts.begin(), effect.parts.end(), life.ledger.begin(),
                        life.ledger.end(), [](const PartReference& part, const PartRecord& row) {
                          return part.number == row.number && part.etag == row.etag;
                        }));
}

void CoreWatch::On(const DescribeObject&) {
  FUZZ_CHECK(!publishing_);
  publishing_ = true;
}

void CoreWatch::On(const DiscardUpload& effect) { shared_.OnDiscard(effect.upload.upload_id); }

// Rule 9: no part takes more than the reserve.
void CoreWatch::On(const AskMemory& effect) {
  FUZZ_CHECK(!asked_memory_);
  FUZZ_CHECK(effect.bytes > 0 && effect.bytes <= shared_.budget.largest_part());
  asked_memory_ = true;
}

void CoreWatch::On(const SetTimer& effect) {
  FUZZ_CHECK(effect.delay > absl::ZeroDuration() && effect.delay < absl::InfiniteDuration());
  if (effect.timer == SessionTimer::kRetryStore) {
    FUZZ_CHECK(transient_);
    transient_ = false;
  }
}

void CoreWatch::On(const Release&) { released_ = true; }

}  // namespace penstock::fuzz
