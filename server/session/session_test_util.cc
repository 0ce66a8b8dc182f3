#include "server/session/session_test_util.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "server/store/kept_session.h"

namespace penstock {

SessionConfig SmallConfig() {
  Capabilities capabilities;
  capabilities.min_part_size = 2;
  capabilities.max_part_size = 64;
  capabilities.max_part_count = 10'000;
  capabilities.max_object_size = 1 << 20;
  capabilities.max_put_size = 1 << 20;
  capabilities.reports_crc64 = true;
  SessionConfig config;
  config.remotes[kTestRemote] = capabilities;
  config.memory_budget = 512;
  config.default_parallel_parts = 2;
  config.max_chunk_bytes = 32;
  return config;
}

OpenFrame NewObject() {
  OpenFrame open;
  open.spec.emplace();
  open.spec->remote = kTestRemote;
  open.spec->object = {"bucket", "key"};
  open.spec->part_size = 4;
  open.spec->max_parallel_parts = 2;
  return open;
}

OpenFrame Resume() {
  OpenFrame open;
  open.mode = OpenMode::kResume;
  return open;
}

ObjectStat Published(const std::string& content, const std::string& mark) {
  ObjectStat object;
  object.size = static_cast<int64_t>(content.size());
  object.crc64 = Crc64(content);
  object.mark = mark;
  object.etag = "object-etag";
  object.version_id = "v1";
  object.request_id = "request-1";
  return object;
}

void ExpectError(const absl::Status& status, absl::StatusCode code, const std::string& reason,
                 const ErrorMetadata& metadata) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_EQ(ErrorReason(status), reason);
  const ErrorMetadata got = ErrorMetadataOf(status);
  for (const auto& [name, value] : metadata) {
    EXPECT_TRUE(got.contains(name)) << name;
    if (got.contains(name)) {
      EXPECT_EQ(got.at(name), value) << name;
    }
  }
}

SessionHarness::SessionHarness(SessionConfig config)
    : config_(std::move(config)), session_(std::make_unique<Session>(config_, IdsOf(0))) {}

SessionIds SessionHarness::IdsOf(int owner) {
  const std::string suffix = absl::StrCat(owner);
  return {"principal", "session-" + suffix, "mark-" + suffix, "nonce-" + suffix};
}

void SessionHarness::Restart(OpenFrame open, Session::Purpose purpose) {
  session_ = std::make_unique<Session>(config_, IdsOf(++owners_), purpose);
  write_.reset();
  lookup_ = repeating_ = closed_ = lost_ = released_ = false;
  fresh_ = asking_ = reopening_ = age_armed_ = linger_armed_ = false;
  reading_ = purpose == Session::Purpose::kStream;
  Open(std::move(open));
}

SessionHarness::Effects SessionHarness::On(SessionEvent event) {
  Effects texts;
  Run(std::move(event), texts);
  while (asking_ && grants_memory_) {
    asking_ = false;
    Run(MemoryGranted{}, texts);
  }
  if (session_->state() == Session::State::kEnded) {
    EXPECT_TRUE(released_) << "ended without a release";
    EXPECT_FALSE(reopening_) << "a newer stream was not answered";
  }
  return texts;
}

void SessionHarness::Run(SessionEvent event, Effects& texts) {
  if (std::holds_alternative<FrameArrived>(event) || std::holds_alternative<InputEnded>(event)) {
    reading_ = false;
  }
  if (std::holds_alternative<StreamLost>(event)) lost_ = true;
  for (const SessionEffect& effect : session_->On(std::move(event), now_)) {
    Check(effect);
    if (IsShown(effect)) texts.push_back(DescribeEffect(effect));
    if (const auto* owner = std::get_if<BecameOwner>(&effect)) fresh_ = owner->tentative;
    if (std::holds_alternative<AdoptStream>(effect)) fresh_ = false;
  }
}

bool SessionHarness::IsShown(const SessionEffect& effect) const {
  if (std::holds_alternative<AskMemory>(effect)) return !grants_memory_;
  // The second time of a session that was fresh says nothing new.
  if (const auto* owner = std::get_if<BecameOwner>(&effect)) return owner->tentative || !fresh_;
  const auto* timer = std::get_if<SetTimer>(&effect);
  return timer == nullptr || timer->timer != SessionTimer::kAge || shows_age_;
}

StoreAnswer SessionHarness::ApplyToStore(const SessionWrite& write) {
  KeptSession kept{stored, ledger, tail};
  StoreAnswer answer = kept.Apply(write);
  stored = std::move(kept.record);
  ledger = std::move(kept.ledger);
  tail = std::move(kept.tail);
  return answer;
}

SessionHarness::Effects SessionHarness::Answer(StoreAnswer answer) {
  const bool transient =
      answer.code == StoreCode::kUnknown || answer.code == StoreCode::kUnavailable;
  repeating_ = transient && write_.has_value();
  if (!repeating_) write_.reset();
  lookup_ = false;
  Effects effects = On(StoreAnswered{std::move(answer)});
  return effects;
}

SessionHarness::Effects SessionHarness::StoreAfterEnd() {
  EXPECT_EQ(session_->state(), Session::State::kEnded);
  return Store();
}

SessionHarness::Effects SessionHarness::Store() {
  if (lookup_) {
    StoreAnswer answer;
    answer.code = stored.has_value() ? StoreCode::kOk : StoreCode::kNotFound;
    answer.record = stored;
    return Answer(std::move(answer));
  }
  if (!write_.has_value()) {
    ADD_FAILURE() << "no store call is under way";
    return {};
  }
  return Answer(ApplyToStore(*write_));
}

SessionHarness::Effects SessionHarness::StoreAppliesAndForgets() {
  ApplyToStore(*write_);
  return StoreFails(StoreCode::kUnknown);
}

SessionHarness::Effects SessionHarness::StoreFails(StoreCode code) {
  EXPECT_TRUE(write_.has_value() || lookup_) << "no store call is under way";
  StoreAnswer answer;
  answer.code = code;
  answer.message = "simulated";
  answer.record = stored;
  return Answer(std::move(answer));
}

// What was received stays; what comes behind it is new.
SessionHarness::Effects SessionHarness::Chunk(int64_t offset, const std::string& data) {
  const int64_t received = session_->received_size();
  if (offset >= 0 && offset <= received && received <= std::ssize(content_)) {
    content_.resize(static_cast<size_t>(received));
    const int64_t known = std::min(received - offset, std::ssize(data));
    content_ += data.substr(static_cast<size_t>(known));
  }
  ChunkFrame chunk;
  chunk.offset = offset;
  chunk.data = data;
  return Frame(std::move(chunk));
}

SessionHarness::Effects SessionHarness::Finish(int64_t total_size, std::optional<uint64_t> crc64) {
  return Frame(FinishFrame{total_size, crc64});
}

SessionHarness::Effects SessionHarness::Initiated(absl::StatusOr<std::string> upload_id) {
  return On(UploadInitiated{std::move(upload_id)});
}

SessionHarness::Effects SessionHarness::Stored(int32_t number, bool slowed) {
  EXPECT_TRUE(sent_.contains(number)) << "part " << number << " was never sent";
  return PartAnswer(sent_[number], number, absl::StrCat("e", number), slowed);
}

SessionHarness::Effects SessionHarness::PartFails(int32_t number, absl::Status status) {
  return PartAnswer(sent_[number], number, std::move(status));
}

SessionHarness::Effects SessionHarness::PartAnswer(const std::string& upload_id, int32_t number,
                                                   absl::StatusOr<std::string> etag, bool slowed) {
  return On(PartStored{upload_id, number, std::move(etag), slowed});
}

SessionHarness::Effects SessionHarness::Prepared() { return On(PutPrepared{now_ + kPutValidity}); }

SessionHarness::Effects SessionHarness::Publish(absl::StatusOr<ObjectStat> object) {
  return On(ObjectPublished{std::move(object)});
}

SessionHarness::Effects SessionHarness::Describe(absl::StatusOr<ObjectStat> object) {
  return On(ObjectDescribed{std::move(object)});
}

SessionHarness::Effects SessionHarness::Fire(SessionTimer timer, absl::Duration later) {
  now_ += later;
  if (timer == SessionTimer::kAge) age_armed_ = false;
  if (timer == SessionTimer::kLinger) linger_armed_ = false;
  return On(TimerFired{timer});
}

SessionHarness::Effects SessionHarness::Reopen(OpenFrame open) {
  EXPECT_FALSE(reopening_) << "a newer stream is being answered";
  reopening_ = true;
  return On(ReopenRequested{std::move(open), IdsOf(++owners_)});
}

SessionHarness::Effects SessionHarness::GrantMemory(MemoryLease lease) {
  EXPECT_TRUE(asking_) << "no memory was asked for";
  asking_ = false;
  return On(MemoryGranted{std::move(lease)});
}

void SessionHarness::OpenFresh(OpenFrame open) {
  Open(std::move(open));
  Store();
}

void SessionHarness::StartUpload(OpenFrame open) {
  OpenFresh(std::move(open));
  Chunk(0, "abcd");
  Store();
  Initiated("u1");
  Store();
}

void SessionHarness::Commit(const std::string& content, OpenFrame open) {
  OpenFresh(std::move(open));
  for (size_t offset = 0; offset < content.size(); offset += 4) {
    Chunk(static_cast<int64_t>(offset), content.substr(offset, 4));
    if (offset == 0) {
      Store();
      Initiated("u1");
      Store();
    }
    Stored(static_cast<int32_t>(offset / 4) + 1);
    Store();
  }
}

void SessionHarness::SealList(const std::string& content) {
  Commit(content);
  Finish(static_cast<int64_t>(content.size()));
  Store();
}

void SessionHarness::SealPut(const std::string& content) {
  OpenFresh();
  Chunk(0, content);
  Finish(static_cast<int64_t>(content.size()));
  Prepared();
  Store();
}

}  // namespace penstock
