#include "server/rpc/convert.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "server/session/part_plan.h"

namespace penstock {
namespace {

using google::protobuf::util::TimeUtil;
using testing::ElementsAre;
using testing::Pair;
using Code = absl::StatusCode;

constexpr char kToken[] = "token-of-the-session";

absl::Time At(int64_t seconds) { return absl::FromUnixSeconds(seconds); }

v1::PutObjectRequest FullOpen() {
  v1::PutObjectRequest request;
  v1::OpenSession* open = request.mutable_open();
  open->set_session_token(kToken);
  open->set_mode(v1::OPEN_MODE_RESUME);
  open->set_ended_policy(v1::ENDED_POLICY_REPLAY);
  open->set_expect_epoch(7);
  open->set_replay_buffer_bytes(8);
  v1::ObjectSpec* object = open->mutable_object();
  object->set_remote("remote");
  object->set_bucket("bucket");
  object->set_key("key");
  object->set_total_size(9);
  object->set_part_size(10);
  object->set_content_type("text/plain");
  (*object->mutable_metadata())["m"] = "1";
  object->set_forbid_overwrite(true);
  object->set_storage_class("IA");
  (*object->mutable_tags())["t"] = "2";
  (*object->mutable_backend_options())["acl"] = "private";
  object->set_cache_control("no-store");
  object->set_content_disposition("inline");
  object->set_content_encoding("gzip");
  object->set_max_parallel_parts(11);
  (*object->mutable_labels())["job"] = "3";
  return request;
}

SessionSpec FullSpec() {
  SessionSpec spec;
  spec.remote = "remote";
  spec.object = {"bucket", "key"};
  spec.total_size = 9;
  spec.part_size = 10;
  spec.max_parallel_parts = 11;
  spec.labels = {{"job", "3"}};
  spec.attributes.content_type = "text/plain";
  spec.attributes.cache_control = "no-store";
  spec.attributes.content_disposition = "inline";
  spec.attributes.content_encoding = "gzip";
  spec.attributes.metadata = {{"m", "1"}};
  spec.attributes.tags = {{"t", "2"}};
  spec.attributes.options = {{"acl", "private"}};
  spec.attributes.storage_class = "IA";
  spec.attributes.forbid_overwrite = true;
  return spec;
}

SessionRecord FullRecord() {
  SessionRecord record;
  record.session_id = "id";
  record.principal = "alice";
  record.mark = "0123456789abcdef0123456789abcdef";
  record.spec = FullSpec();
  record.state = SessionState::kFinished;
  record.fence = {5, "nonce"};
  record.next_sequence = 3;
  record.committed_size = 9;
  record.committed_crc64 = 12;
  record.create_time = At(100);
  record.update_time = At(200);
  record.expire_time = At(400);
  record.idle_ttl = absl::Hours(1);
  record.result = PublishedObject{9, 12, "etag", "version", "request", At(300)};
  return record;
}

// The fields of an ObjectSpec that no test sets; a field that is added later shows up here.
TEST(ConvertTest, EveryFieldOfASpecIsKnownToTheTests) {
  EXPECT_EQ(v1::ObjectSpec::descriptor()->field_count(), 17);
  EXPECT_EQ(v1::OpenSession::descriptor()->field_count(), 7);
  EXPECT_EQ(v1::Session::descriptor()->field_count(), 16);
  EXPECT_EQ(v1::SessionOpened::descriptor()->field_count(), 9);
  EXPECT_EQ(v1::StoredObject::descriptor()->field_count(), 15);
}

TEST(ConvertTest, OpenArrivesWhole) {
  v1::PutObjectRequest request = FullOpen();
  const absl::StatusOr<ClientFrame> frame = FromProto(request);
  ASSERT_TRUE(frame.ok()) << frame.status();
  const OpenFrame& open = std::get<OpenFrame>(*frame);
  EXPECT_EQ(open.mode, OpenMode::kResume);
  EXPECT_EQ(open.expect_epoch, 7);
  EXPECT_EQ(open.replay_buffer_bytes, 8);
  EXPECT_EQ(open.spec, FullSpec());
}

TEST(ConvertTest, AbsentIsNotZero) {
  v1::PutObjectRequest request;
  request.mutable_open();
  OpenFrame open = std::get<OpenFrame>(*FromProto(request));
  EXPECT_EQ(open.mode, OpenMode::kCreateOrResume);
  EXPECT_EQ(open.spec, std::nullopt);
  EXPECT_EQ(open.expect_epoch, std::nullopt);
  request.mutable_open()->mutable_object();
  request.mutable_open()->set_mode(v1::OPEN_MODE_CREATE_OR_RESUME);
  open = std::get<OpenFrame>(*FromProto(request));
  EXPECT_EQ(open.spec, SessionSpec());
  EXPECT_EQ(open.mode, OpenMode::kCreateOrResume);
  request.mutable_open()->mutable_object()->set_total_size(0);
  request.mutable_open()->set_mode(v1::OPEN_MODE_CREATE);
  open = std::get<OpenFrame>(*FromProto(request));
  EXPECT_EQ(open.spec->total_size, 0);
  EXPECT_EQ(open.mode, OpenMode::kCreate);
}

TEST(ConvertTest, EveryEndedPolicyArrives) {
  const std::pair<v1::EndedPolicy, EndedPolicy> policies[] = {
      {v1::ENDED_POLICY_UNSPECIFIED, EndedPolicy::kReplay},
      {v1::ENDED_POLICY_REPLAY, EndedPolicy::kReplay},
      {v1::ENDED_POLICY_REPLAY_IF_CURRENT, EndedPolicy::kReplayIfCurrent},
      {v1::ENDED_POLICY_START_OVER, EndedPolicy::kStartOver},
  };
  EXPECT_EQ(std::size(policies), static_cast<size_t>(v1::EndedPolicy_descriptor()->value_count()));
  for (const auto& [theirs, ours] : policies) {
    v1::PutObjectRequest request = FullOpen();
    request.mutable_open()->set_ended_policy(theirs);
    const absl::StatusOr<ClientFrame> frame = FromProto(request);
    ASSERT_TRUE(frame.ok()) << frame.status();
    EXPECT_EQ(std::get<OpenFrame>(*frame).ended_policy, ours);
  }
}

// A value that means nothing is refused by the session core, which says what is wrong with it.
TEST(ConvertTest, IdleTtlArrivesToTheNanosecond) {
  v1::PutObjectRequest request = FullOpen();
  EXPECT_EQ(std::get<OpenFrame>(*FromProto(request)).idle_ttl, std::nullopt);
  google::protobuf::Duration* ttl = request.mutable_open()->mutable_object()->mutable_idle_ttl();
  EXPECT_EQ(std::get<OpenFrame>(*FromProto(request)).idle_ttl, absl::ZeroDuration());
  ttl->set_seconds(90);
  ttl->set_nanos(5);
  EXPECT_EQ(std::get<OpenFrame>(*FromProto(request)).idle_ttl,
            absl::Seconds(90) + absl::Nanoseconds(5));
  ttl->set_seconds(-1);
  ttl->set_nanos(0);
  EXPECT_EQ(std::get<OpenFrame>(*FromProto(request)).idle_ttl, absl::Seconds(-1));
}

TEST(ConvertTest, WhatThisServerDoesNotKnowIsRefusedByName) {
  struct Case {
    const char* field;
    void (*set)(v1::OpenSession&);
  };
  const Case cases[] = {
      {"open.ended_policy 9",
       [](v1::OpenSession& open) { open.set_ended_policy(static_cast<v1::EndedPolicy>(9)); }},
      {"open.ended_policy -1",
       [](v1::OpenSession& open) { open.set_ended_policy(static_cast<v1::EndedPolicy>(-1)); }},
      {"required feature ranged",
       [](v1::OpenSession& open) { open.add_required_features("ranged"); }},
      {"open.mode 9", [](v1::OpenSession& open) { open.set_mode(static_cast<v1::OpenMode>(9)); }},
      {"open.mode -1", [](v1::OpenSession& open) { open.set_mode(static_cast<v1::OpenMode>(-1)); }},
  };
  for (const Case& c : cases) {
    v1::PutObjectRequest request = FullOpen();
    c.set(*request.mutable_open());
    const absl::Status status = FromProto(request).status();
    EXPECT_EQ(status.code(), Code::kUnimplemented) << c.field;
    EXPECT_EQ(ErrorReason(status), "UNIMPLEMENTED_FIELD");
    EXPECT_THAT(ErrorMetadataOf(status), ElementsAre(Pair("field", c.field)));
    EXPECT_EQ(RetryDelay(status), std::nullopt);
  }
}

TEST(ConvertTest, ChunkFlushAndFinishArrive) {
  v1::PutObjectRequest request;
  request.mutable_chunk()->set_offset(3);
  request.mutable_chunk()->set_data("abc");
  ChunkFrame chunk = std::get<ChunkFrame>(*FromProto(request));
  EXPECT_EQ(chunk.offset, 3);
  EXPECT_EQ(chunk.data.ToString(), "abc");
  EXPECT_EQ(chunk.crc32c, std::nullopt);
  request.mutable_chunk()->set_crc32c(0);
  EXPECT_EQ(std::get<ChunkFrame>(*FromProto(request)).crc32c, 0u);

  request.mutable_flush();
  EXPECT_TRUE(std::holds_alternative<FlushFrame>(*FromProto(request)));

  request.mutable_finish();
  FinishFrame finish = std::get<FinishFrame>(*FromProto(request));
  EXPECT_EQ(finish.total_size, std::nullopt);
  EXPECT_EQ(finish.crc64, std::nullopt);
  request.mutable_finish()->set_total_size(0);
  request.mutable_finish()->set_crc64_ecma(5);
  finish = std::get<FinishFrame>(*FromProto(request));
  EXPECT_EQ(finish.total_size, 0);
  EXPECT_EQ(finish.crc64, 5u);
}

TEST(ConvertTest, MessageWithoutAFrameIsRefused) {
  v1::PutObjectRequest request;
  const absl::Status status = FromProto(request).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(ErrorReason(status), "EMPTY_FRAME");
}

TEST(ConvertTest, OpenedIsSentWhole) {
  OpenedFrame frame;
  frame.session = FullRecord();
  frame.session.state = SessionState::kOpen;
  frame.session.result.reset();
  frame.resumed = true;
  frame.part_size = 21;
  frame.max_unacked_bytes = 22;
  frame.max_chunk_bytes = 23;
  frame.idle_timeout = absl::Minutes(10);
  frame.progress_interval = absl::Milliseconds(1500);
  frame.resume_offset = 24;
  frame.resume_crc64 = 25;
  const v1::PutObjectResponse response = ToProto(frame, kToken);
  const v1::SessionOpened& opened = response.opened();
  EXPECT_EQ(opened.session().session_token(), kToken);
  EXPECT_EQ(opened.session().part_size(), 21);
  EXPECT_TRUE(opened.session().connected());
  EXPECT_TRUE(opened.resumed());
  EXPECT_EQ(opened.max_unacked_bytes(), 22);
  EXPECT_EQ(opened.max_chunk_bytes(), 23);
  EXPECT_EQ(opened.idle_timeout().seconds(), 600);
  EXPECT_EQ(opened.progress_interval().seconds(), 1);
  EXPECT_EQ(opened.progress_interval().nanos(), 500'000'000);
  EXPECT_EQ(opened.resume_offset(), 24);
  EXPECT_EQ(opened.resume_crc64_ecma(), 25u);
}

TEST(ConvertTest, ProgressAndDrainingAreSentWhole) {
  const v1::PutObjectResponse progress = ToProto(ProgressFrame{1, 2, 3}, kToken);
  EXPECT_EQ(progress.progress().committed_size(), 1);
  EXPECT_EQ(progress.progress().received_size(), 2);
  EXPECT_EQ(progress.progress().max_unacked_bytes(), 3);
  const v1::PutObjectResponse draining = ToProto(DrainingFrame{4, absl::Seconds(2)}, kToken);
  EXPECT_EQ(draining.draining().committed_size(), 4);
  EXPECT_EQ(draining.draining().retry_delay().seconds(), 2);
}

TEST(ConvertTest, FinishedTellsTheObject) {
  const v1::PutObjectResponse response = ToProto(FinishedFrame{FullRecord(), true}, kToken);
  EXPECT_TRUE(response.finished().replayed());
  const v1::StoredObject& object = response.finished().object();
  EXPECT_EQ(object.remote(), "remote");
  EXPECT_EQ(object.bucket(), "bucket");
  EXPECT_EQ(object.key(), "key");
  EXPECT_EQ(object.size(), 9);
  EXPECT_EQ(object.etag(), "etag");
  EXPECT_EQ(object.version_id(), "version");
  EXPECT_TRUE(object.has_crc64_ecma());
  EXPECT_EQ(object.crc64_ecma(), 12u);
  EXPECT_EQ(object.update_time().seconds(), 300);
  EXPECT_EQ(object.content_type(), "text/plain");
  EXPECT_EQ(object.metadata().at("m"), "1");
  EXPECT_EQ(object.storage_class(), "IA");
  EXPECT_EQ(object.backend_request_id(), "request");
}

TEST(ConvertTest, ObjectWithoutATimeTellsNone) {
  SessionRecord record = FullRecord();
  record.result->update_time = absl::InfinitePast();
  EXPECT_FALSE(ToProto(record, false, "").result().has_update_time());
}

TEST(ConvertTest, TimesOutOfRangeAreClampedAndEndNothing) {
  SessionRecord record;
  record.create_time = absl::InfinitePast();
  record.update_time = absl::InfiniteFuture();
  const v1::Session session = ToProto(record, false, "");
  EXPECT_EQ(session.create_time().seconds(), TimeUtil::kTimestampMinSeconds);
  EXPECT_EQ(session.update_time().seconds(), TimeUtil::kTimestampMaxSeconds);
}

TEST(ConvertTest, SessionIsToldWhole) {
  const v1::Session session = ToProto(FullRecord(), true, kToken);
  EXPECT_EQ(session.session_token(), kToken);
  v1::ObjectSpec object = FullOpen().open().object();
  object.mutable_idle_ttl()->set_seconds(3600);
  EXPECT_EQ(session.object().SerializeAsString(), object.SerializeAsString());
  EXPECT_EQ(session.state(), v1::Session::STATE_FINISHED);
  EXPECT_EQ(session.committed_size(), 9);
  EXPECT_EQ(session.committed_crc64_ecma(), 12u);
  EXPECT_EQ(session.part_count(), 3);
  EXPECT_EQ(session.create_time().seconds(), 100);
  EXPECT_EQ(session.update_time().seconds(), 200);
  EXPECT_EQ(session.expire_time().seconds(), 400);
  EXPECT_EQ(session.result().etag(), "etag");
  EXPECT_EQ(session.session_id(), "id");
  EXPECT_EQ(session.epoch(), 5);
  EXPECT_TRUE(session.connected());
  SessionRecord failed = FullRecord();
  failed.state = SessionState::kFailed;
  failed.result.reset();
  failed.failure_reason = "REASON";
  failed.failure_message = "message";
  const v1::Session told = ToProto(failed, false, "");
  EXPECT_EQ(told.failure_reason(), "REASON");
  EXPECT_EQ(told.failure_message(), "message");
  EXPECT_FALSE(told.has_result());
  EXPECT_EQ(told.session_token(), "");
  EXPECT_FALSE(told.connected());
}

TEST(ConvertTest, SessionThatIsNeverForgottenTellsNoTime) {
  SessionRecord record = FullRecord();
  record.expire_time = absl::InfiniteFuture();
  EXPECT_FALSE(ToProto(record, false, "").has_expire_time());
}

TEST(ConvertTest, NothingSecretIsTold) {
  const std::string text = ToProto(FullRecord(), true, "").DebugString();
  EXPECT_EQ(text.find("nonce"), std::string::npos);
  EXPECT_EQ(text.find("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(text.find("alice"), std::string::npos);
}

// The stored numbers are those of the contract: neither may be renumbered.
TEST(ConvertTest, StatesHaveTheNumbersOfTheContract) {
  const std::pair<SessionState, v1::Session::State> states[] = {
      {SessionState::kOpen, v1::Session::STATE_OPEN},
      {SessionState::kFinishing, v1::Session::STATE_FINISHING},
      {SessionState::kFinished, v1::Session::STATE_FINISHED},
      {SessionState::kAborted, v1::Session::STATE_ABORTED},
      {SessionState::kFailed, v1::Session::STATE_FAILED},
      {SessionState::kExpired, v1::Session::STATE_EXPIRED},
  };
  EXPECT_EQ(std::size(states) + 1,
            static_cast<size_t>(v1::Session::State_descriptor()->value_count()));
  for (const auto& [ours, theirs] : states) {
    EXPECT_EQ(static_cast<int>(ours), static_cast<int>(theirs));
    SessionRecord record = FullRecord();
    record.state = ours;
    EXPECT_EQ(ToProto(record, false, "").state(), theirs);
  }
}

TEST(ConvertTest, ListRequestArrivesWhole) {
  v1::ListSessionsRequest request;
  request.set_page_size(7);
  request.set_page_token("next");
  request.add_states(v1::Session::STATE_OPEN);
  request.add_states(v1::Session::STATE_FAILED);
  request.set_remote("remote");
  request.set_bucket("bucket");
  request.set_key_prefix("prefix");
  const absl::StatusOr<SessionQuery> query = FromProto(request, "alice");
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(query->principal, "alice");
  EXPECT_EQ(query->page_size, 7);
  EXPECT_EQ(query->page_token, "next");
  EXPECT_THAT(query->states, ElementsAre(SessionState::kOpen, SessionState::kFailed));
  EXPECT_EQ(query->remote, "remote");
  EXPECT_EQ(query->bucket, "bucket");
  EXPECT_EQ(query->key_prefix, "prefix");
  EXPECT_EQ(FromProto(v1::ListSessionsRequest(), "")->page_size, 100);
}

TEST(ConvertTest, ListRequestOutOfRangeIsRefused) {
  for (const int size : {-1, 1001}) {
    v1::ListSessionsRequest request;
    request.set_page_size(size);
    const absl::Status status = FromProto(request, "").status();
    EXPECT_EQ(ErrorReason(status), "BAD_PAGE_SIZE");
    EXPECT_EQ(ErrorMetadataOf(status).at("got"), std::to_string(size));
  }
  for (const int state : {0, 7, -1}) {
    v1::ListSessionsRequest request;
    request.add_states(static_cast<v1::Session::State>(state));
    EXPECT_EQ(ErrorReason(FromProto(request, "").status()), "BAD_STATE");
  }
}

TEST(ConvertTest, RemoteIsToldWithWhatItCanDo) {
  BackendInfo info;
  info.name = "oss";
  info.options.push_back({"access_key_secret", "never told", "", {}, true, true});
  info.object_options.push_back({"acl", "who may read it", "", {"private", "public-read"}});
  Capabilities capabilities;
  capabilities.min_part_size = 1;
  capabilities.max_part_size = 1 << 30;
  capabilities.max_part_count = 10'000;
  capabilities.max_object_size = int64_t{1} << 45;
  capabilities.reports_crc64 = true;
  capabilities.lists_complete = true;
  capabilities.forbids_overwrite_atomically = true;
  const int64_t budget = int64_t{2} << 30;
  v1::Remote remote = ToProto("hangzhou", info, capabilities, budget);
  EXPECT_EQ(remote.name(), "hangzhou");
  EXPECT_EQ(remote.backend(), "oss");
  EXPECT_EQ(remote.min_part_size(), 1);
  EXPECT_EQ(remote.max_part_size(), 1 << 30);
  EXPECT_EQ(remote.max_part_count(), 10'000);
  EXPECT_EQ(remote.max_object_size(), int64_t{1} << 45);
  EXPECT_TRUE(remote.reports_crc64());
  EXPECT_TRUE(remote.lists_complete());
  ASSERT_EQ(remote.options_size(), 1);
  EXPECT_EQ(remote.options(0).name(), "acl");
  EXPECT_EQ(remote.options(0).help(), "who may read it");
  EXPECT_THAT(remote.options(0).examples(), ElementsAre("private", "public-read"));
  const PartLimits limits = MakePartLimits(capabilities, 0, 0, budget);
  EXPECT_EQ(remote.max_known_length(), MaxKnownLength(limits));
  EXPECT_EQ(remote.max_unknown_length(), MaxUnknownLength(limits));
  EXPECT_EQ(remote.overwrite_protection(), v1::OVERWRITE_PROTECTION_ATOMIC);
  capabilities.forbids_overwrite_atomically = false;
  remote = ToProto("hangzhou", info, capabilities, budget);
  EXPECT_EQ(remote.overwrite_protection(), v1::OVERWRITE_PROTECTION_NONE);
}

TEST(ConvertTest, StatusCarriesItsDetails) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  const absl::Status error = MakeError(Code::kOutOfRange, "OFFSET_GAP", "expected 1, got 2",
                                       {{"expected", "1"}, {"got", "2"}}, absl::Seconds(3));
  const grpc::Status status = ToGrpcStatus(error);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(status.error_message(), "expected 1, got 2");
  const absl::Status decoded =
      DecodeStatusDetails(Code::kOutOfRange, status.error_message(), status.error_details());
  EXPECT_EQ(decoded, error);
}

// gRPC drops a call whose trailers are above 8 KiB, message and details together.
TEST(ConvertTest, LongErrorFitsIntoTheTrailers) {
  ErrorMetadata metadata;
  for (int i = 0; i < 100; ++i) metadata["name" + std::to_string(i)] = std::string(500, 'v');
  std::string message = "x";
  for (int i = 0; i < 5000; ++i) message += "\xc3\xa4";  // cut within a character, if anywhere
  const grpc::Status status =
      ToGrpcStatus(MakeError(Code::kInternal, "LONG", message, metadata, absl::Seconds(3)));
  EXPECT_LE(status.error_details().size(), kMaxStatusDetailsBytes);
  EXPECT_LE(status.error_message().size(), 512u);
  EXPECT_EQ(static_cast<unsigned char>(status.error_message().back()), 0xa4);
  const absl::Status decoded =
      DecodeStatusDetails(Code::kInternal, status.error_message(), status.error_details());
  EXPECT_EQ(ErrorReason(decoded), "LONG");
  EXPECT_EQ(RetryDelay(decoded), absl::Seconds(3));
}

}  // namespace
}  // namespace penstock
