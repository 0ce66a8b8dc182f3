#include "server/session/session_test_util.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/checksum.h"
#include "server/store/kept_session.h"

namespace penstock {
namespace {

constexpr absl::Duration kPutValidity = absl::Minutes(15);

const char* NameOf(SessionState state) {
  switch (state) {
    case SessionState::kOpen:
      return "open";
    case SessionState::kFinishing:
      return "finishing";
    case SessionState::kFailed:
      return "failed";
    default:
      return "?";
  }
}

const char* NameOf(SessionTimer timer) {
  switch (timer) {
    case SessionTimer::kTick:
      return "tick";
    case SessionTimer::kRetryStore:
      return "retry store";
    case SessionTimer::kRetryPublish:
      return "retry publish";
  }
  return "?";
}

struct DescribeWrite {
  std::string operator()(const CreateSession& write) const {
    return absl::StrCat("create ", NameOf(write.record.state));
  }
  std::string operator()(const ClaimSession&) const { return "claim"; }
  std::string operator()(const SetUpload& write) const {
    return absl::StrCat("set upload ", write.upload_id);
  }
  std::string operator()(const CommitParts& write) const {
    std::vector<int32_t> numbers;
    for (const PartRecord& row : write.rows) numbers.push_back(row.number);
    return absl::StrCat("commit ", absl::StrJoin(numbers, ","));
  }
  std::string operator()(const SaveTail& write) const {
    return absl::StrCat("save tail ", write.bytes);
  }
  std::string operator()(const TouchSession&) const { return "touch"; }
  std::string operator()(const SealSession&) const { return "seal"; }
  std::string operator()(const RenewPut&) const { return "renew"; }
  std::string operator()(const FinishSession&) const { return "record finished"; }
  std::string operator()(const FailSession& write) const {
    return absl::StrCat("record failed ", write.reason);
  }
  std::string operator()(const AbortSession&) const { return "abort"; }
  std::string operator()(const ExpireSession&) const { return "expire"; }
  std::string operator()(const StartOver&) const { return "start over"; }
  std::string operator()(const UploadAborted&) const { return "upload aborted"; }
  std::string operator()(const ForgetSession&) const { return "forget"; }
};

struct DescribeFrame {
  std::string operator()(const OpenedFrame& frame) const {
    return absl::StrCat("opened ", frame.resume_offset);
  }
  std::string operator()(const ProgressFrame& frame) const {
    return absl::StrCat("progress ", frame.committed_size, "/", frame.received_size);
  }
  std::string operator()(const DrainingFrame& frame) const {
    return absl::StrCat("draining ", frame.committed_size);
  }
  std::string operator()(const FinishedFrame& frame) const {
    return frame.replayed ? "finished before" : "finished";
  }
};

struct Describer {
  std::string operator()(const SendFrame& effect) const {
    return std::visit(DescribeFrame(), effect.frame);
  }
  std::string operator()(const ReadFrame&) const { return "read"; }
  std::string operator()(const CloseStream& effect) const {
    return effect.status.ok() ? "close OK" : absl::StrCat("close ", ErrorReason(effect.status));
  }
  std::string operator()(const WriteStore& effect) const {
    return std::visit(DescribeWrite(), effect.write);
  }
  std::string operator()(const ReadStore&) const { return "look up"; }
  std::string operator()(const InitiateUpload&) const { return "initiate"; }
  std::string operator()(const UploadPart& effect) const {
    return absl::StrCat("part ", effect.number, " ", effect.body->ToString());
  }
  std::string operator()(const PreparePut& effect) const {
    return absl::StrCat("prepare ", effect.body->ToString());
  }
  std::string operator()(const SendPut&) const { return "put"; }
  std::string operator()(const CompleteUpload& effect) const {
    return absl::StrCat("complete ", effect.upload_id, " ",
                        absl::StrJoin(effect.parts, ",", [](std::string* out, const auto& part) {
                          absl::StrAppend(out, part.number, ":", part.etag);
                        }));
  }
  std::string operator()(const DescribeObject&) const { return "head"; }
  std::string operator()(const DiscardUpload& effect) const {
    return absl::StrCat("discard ", effect.upload_id);
  }
  std::string operator()(const SetTimer& effect) const {
    return absl::StrCat(NameOf(effect.timer), " ", absl::FormatDuration(effect.delay));
  }
  std::string operator()(const BecameOwner&) const { return "owner"; }
  std::string operator()(const Release&) const { return "release"; }
};

}  // namespace

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

std::string DescribeEffect(const SessionEffect& effect) { return std::visit(Describer(), effect); }

SessionHarness::SessionHarness(SessionConfig config, bool attached) : config_(std::move(config)) {
  session_ = std::make_unique<Session>(
      config_, SessionIds{"principal", "session-0", "mark-0", "nonce-0"}, attached);
  reading_ = attached;
}

void SessionHarness::Restart(OpenFrame open, bool attached) {
  const std::string suffix = absl::StrCat(++owners_);
  session_ = std::make_unique<Session>(
      config_,
      SessionIds{"principal", absl::StrCat("session-", suffix), absl::StrCat("mark-", suffix),
                 absl::StrCat("nonce-", suffix)},
      attached);
  write_.reset();
  lookup_ = repeating_ = closed_ = released_ = false;
  reading_ = attached;
  Open(std::move(open));
}

SessionHarness::Effects SessionHarness::On(SessionEvent event) {
  if (std::holds_alternative<FrameArrived>(event) || std::holds_alternative<InputEnded>(event)) {
    reading_ = false;
  }
  Effects texts;
  for (const SessionEffect& effect : session_->On(std::move(event), now_)) {
    Check(effect);
    texts.push_back(DescribeEffect(effect));
  }
  if (session_->state() == Session::State::kEnded) {
    EXPECT_TRUE(released_) << "ended without a release";
  }
  return texts;
}

void SessionHarness::Check(const SessionEffect& effect) {
  EXPECT_FALSE(released_ && !std::holds_alternative<DiscardUpload>(effect))
      << DescribeEffect(effect) << " after the release";
  if (const auto* send = std::get_if<SendFrame>(&effect)) {
    CheckFrame(send->frame);
  } else if (std::holds_alternative<ReadFrame>(effect)) {
    EXPECT_FALSE(reading_) << "two frames are asked for";
    EXPECT_FALSE(closed_) << "a frame is asked for after the end of the stream";
    reading_ = true;
  } else if (const auto* close = std::get_if<CloseStream>(&effect)) {
    EXPECT_FALSE(closed_) << "the stream is closed twice";
    closed_ = true;
    closed_with_ = close->status;
  } else if (const auto* store = std::get_if<WriteStore>(&effect)) {
    EXPECT_TRUE(repeating_ || !(write_.has_value() || lookup_)) << "two store calls at once";
    if (repeating_) {
      EXPECT_EQ(write_->index(), store->write.index()) << "another write as a repeat";
    }
    repeating_ = false;
    write_ = store->write;
  } else if (std::holds_alternative<ReadStore>(effect)) {
    EXPECT_FALSE(write_.has_value() || lookup_) << "two store calls at once";
    lookup_ = true;
  } else if (const auto* part = std::get_if<UploadPart>(&effect)) {
    CheckPart(*part);
  } else if (std::holds_alternative<Release>(effect)) {
    EXPECT_FALSE(released_) << "released twice";
    released_ = true;
  }
}

void SessionHarness::CheckFrame(const ServerFrame& frame) {
  EXPECT_FALSE(closed_) << std::visit(DescribeFrame(), frame) << " after the end of the stream";
  if (const auto* opened = std::get_if<OpenedFrame>(&frame)) {
    opened_ = *opened;
    CheckCommitted(opened->session.committed_size);
  } else if (const auto* progress = std::get_if<ProgressFrame>(&frame)) {
    progress_ = *progress;
    CheckCommitted(progress->committed_size);
  } else if (const auto* draining = std::get_if<DrainingFrame>(&frame)) {
    CheckCommitted(draining->committed_size);
  } else {
    finished_ = std::get<FinishedFrame>(frame);
    EXPECT_TRUE(stored.has_value() && stored->state == SessionState::kFinished)
        << "finished, but not recorded";
  }
}

void SessionHarness::CheckCommitted(int64_t committed_size) {
  EXPECT_LE(committed_size, stored.has_value() ? stored->committed_size : 0)
      << "told as committed, but not recorded";
  EXPECT_GE(committed_size, told_committed_) << "the committed size decreased";
  told_committed_ = committed_size;
}

void SessionHarness::CheckPart(const UploadPart& part) {
  EXPECT_TRUE(sent_numbers_.insert(part.number).second)
      << "part number " << part.number << " is sent twice";
  if (!stored.has_value()) {
    ADD_FAILURE() << "a part is sent before there is a record";
    return;
  }
  EXPECT_LE(part.number, stored->reserved_number) << "sent beyond the reservation";
  EXPECT_EQ(part.upload_id, stored->upload_id) << "sent to an upload that is not recorded";
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

SessionHarness::Effects SessionHarness::Chunk(int64_t offset, const std::string& data) {
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

SessionHarness::Effects SessionHarness::Stored(int32_t number) {
  EXPECT_TRUE(sent_numbers_.contains(number)) << "part " << number << " was never sent";
  return On(PartStored{number, absl::StrCat("e", number)});
}

SessionHarness::Effects SessionHarness::PartFails(int32_t number, absl::Status status) {
  return On(PartStored{number, std::move(status)});
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
  return On(TimerFired{timer});
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
