#include "server/rpc/convert.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "server/session/part_plan.h"

namespace penstock {
namespace {

using google::protobuf::util::TimeUtil;

// Of the status's own message; the details carry it once more, and longer. gRPC percent-encodes it,
// and drops calls whose trailers are above 8 KiB.
constexpr size_t kMaxMessageBytes = 512;

absl::Status Unimplemented(const std::string& field) {
  return MakeError(absl::StatusCode::kUnimplemented, "UNIMPLEMENTED_FIELD",
                   absl::StrCat("this server does not know `", field, "` yet"), {{"field", field}});
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  return TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(duration));
}

template <typename Map>
std::map<std::string, std::string> FromMap(const Map& map) {
  return {map.begin(), map.end()};
}

template <typename Map>
void ToMap(const std::map<std::string, std::string>& from, Map* to) {
  for (const auto& [name, value] : from) (*to)[name] = value;
}

SessionSpec FromProto(const v1::ObjectSpec& proto) {
  SessionSpec spec;
  spec.remote = proto.remote();
  spec.object = {proto.bucket(), proto.key()};
  if (proto.has_total_size()) spec.total_size = proto.total_size();
  spec.part_size = proto.part_size();
  spec.max_parallel_parts = proto.max_parallel_parts();
  spec.labels = FromMap(proto.labels());
  ObjectAttributes& attributes = spec.attributes;
  attributes.content_type = proto.content_type();
  attributes.cache_control = proto.cache_control();
  attributes.content_disposition = proto.content_disposition();
  attributes.content_encoding = proto.content_encoding();
  attributes.metadata = FromMap(proto.metadata());
  attributes.tags = FromMap(proto.tags());
  attributes.options = FromMap(proto.backend_options());
  attributes.storage_class = proto.storage_class();
  attributes.forbid_overwrite = proto.forbid_overwrite();
  return spec;
}

v1::ObjectSpec ToProto(const SessionSpec& spec) {
  v1::ObjectSpec proto;
  proto.set_remote(spec.remote);
  proto.set_bucket(spec.object.bucket);
  proto.set_key(spec.object.key);
  if (spec.total_size.has_value()) proto.set_total_size(*spec.total_size);
  proto.set_part_size(spec.part_size);
  proto.set_max_parallel_parts(spec.max_parallel_parts);
  ToMap(spec.labels, proto.mutable_labels());
  const ObjectAttributes& attributes = spec.attributes;
  proto.set_content_type(attributes.content_type);
  proto.set_cache_control(attributes.cache_control);
  proto.set_content_disposition(attributes.content_disposition);
  proto.set_content_encoding(attributes.content_encoding);
  ToMap(attributes.metadata, proto.mutable_metadata());
  ToMap(attributes.tags, proto.mutable_tags());
  ToMap(attributes.options, proto.mutable_backend_options());
  proto.set_storage_class(attributes.storage_class);
  proto.set_forbid_overwrite(attributes.forbid_overwrite);
  return proto;
}

v1::StoredObject StoredObjectOf(const SessionRecord& record) {
  const PublishedObject& result = *record.result;
  ObjectStat stat;
  stat.size = result.size;
  stat.etag = result.etag;
  stat.version_id = result.version_id;
  stat.crc64 = result.crc64;
  stat.update_time = result.update_time;
  stat.content_type = record.spec.attributes.content_type;
  stat.metadata = record.spec.attributes.metadata;
  stat.storage_class = record.spec.attributes.storage_class;
  stat.request_id = result.request_id;
  return penstock::ToProto(record.spec.remote, record.spec.object, stat);
}

v1::Session::State ToProto(SessionState state) {
  // The stored numbers are those of the contract.
  return static_cast<v1::Session::State>(state);
}

// What a client may rely on beyond the first version of the contract; none so far.
absl::Status CheckFeatures(const v1::OpenSession& open) {
  if (open.required_features_size() == 0) return absl::OkStatus();
  return Unimplemented(absl::StrCat("required feature ", open.required_features(0)));
}

absl::StatusOr<EndedPolicy> FromProto(v1::EndedPolicy policy) {
  switch (policy) {
    case v1::ENDED_POLICY_UNSPECIFIED:
    case v1::ENDED_POLICY_REPLAY:
      return EndedPolicy::kReplay;
    case v1::ENDED_POLICY_REPLAY_IF_CURRENT:
      return EndedPolicy::kReplayIfCurrent;
    case v1::ENDED_POLICY_START_OVER:
      return EndedPolicy::kStartOver;
    default:
      return Unimplemented(absl::StrCat("open.ended_policy ", static_cast<int>(policy)));
  }
}

absl::StatusOr<ClientFrame> FromProto(const v1::OpenSession& proto) {
  if (absl::Status status = CheckFeatures(proto); !status.ok()) return status;
  OpenFrame open;
  PENSTOCK_ASSIGN_OR_RETURN(open.ended_policy, FromProto(proto.ended_policy()));
  if (proto.has_object()) open.spec = FromProto(proto.object());
  if (proto.mode() == v1::OPEN_MODE_CREATE) open.mode = OpenMode::kCreate;
  if (proto.mode() == v1::OPEN_MODE_RESUME) open.mode = OpenMode::kResume;
  if (!v1::OpenMode_IsValid(proto.mode())) {
    return Unimplemented(absl::StrCat("open.mode ", static_cast<int>(proto.mode())));
  }
  if (proto.has_expect_epoch()) open.expect_epoch = proto.expect_epoch();
  open.replay_buffer_bytes = proto.replay_buffer_bytes();
  if (proto.object().has_idle_ttl()) open.idle_ttl = penstock::FromProto(proto.object().idle_ttl());
  return ClientFrame(std::move(open));
}

ClientFrame FromProto(v1::ObjectChunk& proto) {
  ChunkFrame chunk;
  chunk.offset = proto.offset();
  if (proto.has_crc32c()) chunk.crc32c = proto.crc32c();
  chunk.data = std::move(*proto.mutable_data());
  return chunk;
}

ClientFrame FromProto(const v1::FinishObject& proto) {
  FinishFrame finish;
  if (proto.has_total_size()) finish.total_size = proto.total_size();
  if (proto.has_crc64_ecma()) finish.crc64 = proto.crc64_ecma();
  return finish;
}

// One overload per frame of the server.
struct ServerFrameToProto {
  const std::string& session_token;
  v1::PutObjectResponse& response;

  void operator()(const OpenedFrame& frame) const {
    v1::SessionOpened* opened = response.mutable_opened();
    *opened->mutable_session() = penstock::ToProto(frame.session, true, session_token);
    opened->mutable_session()->set_part_size(frame.part_size);
    opened->set_resumed(frame.resumed);
    opened->set_max_unacked_bytes(frame.max_unacked_bytes);
    opened->set_max_chunk_bytes(frame.max_chunk_bytes);
    *opened->mutable_idle_timeout() = ToProto(frame.idle_timeout);
    opened->set_resume_offset(frame.resume_offset);
    opened->set_resume_crc64_ecma(frame.resume_crc64);
    *opened->mutable_progress_interval() = ToProto(frame.progress_interval);
  }

  void operator()(const ProgressFrame& frame) const {
    v1::Progress* progress = response.mutable_progress();
    progress->set_committed_size(frame.committed_size);
    progress->set_received_size(frame.received_size);
    progress->set_max_unacked_bytes(frame.max_unacked_bytes);
  }

  void operator()(const DrainingFrame& frame) const {
    v1::ServerDraining* draining = response.mutable_draining();
    draining->set_committed_size(frame.committed_size);
    *draining->mutable_retry_delay() = ToProto(frame.retry_delay);
  }

  void operator()(const FinishedFrame& frame) const {
    v1::ObjectFinished* finished = response.mutable_finished();
    *finished->mutable_object() = StoredObjectOf(frame.session);
    finished->set_replayed(frame.replayed);
  }
};

}  // namespace

// TimeUtil ends the process over what it cannot tell, and a store may hold anything.
google::protobuf::Timestamp ToProto(absl::Time time) {
  const absl::Time least = absl::FromUnixSeconds(TimeUtil::kTimestampMinSeconds);
  const absl::Time most = absl::FromUnixSeconds(TimeUtil::kTimestampMaxSeconds);
  return TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(std::clamp(time, least, most)));
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()),
          ClipText(std::string(status.message()), kMaxMessageBytes), EncodeStatusDetails(status)};
}

absl::StatusOr<ClientFrame> FromProto(v1::PutObjectRequest& request) {
  switch (request.frame_case()) {
    case v1::PutObjectRequest::kOpen:
      return FromProto(request.open());
    case v1::PutObjectRequest::kChunk:
      return FromProto(*request.mutable_chunk());
    case v1::PutObjectRequest::kFlush:
      return ClientFrame(FlushFrame{});
    case v1::PutObjectRequest::kFinish:
      return FromProto(request.finish());
    case v1::PutObjectRequest::FRAME_NOT_SET:
      break;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "EMPTY_FRAME",
                   "a message without a known frame came; expected `open`, `chunk`, `flush` or "
                   "`finish`");
}

v1::StoredObject ToProto(const std::string& remote, const ObjectName& object,
                         const ObjectStat& stat) {
  v1::StoredObject proto;
  proto.set_remote(remote);
  proto.set_bucket(object.bucket);
  proto.set_key(object.key);
  proto.set_size(stat.size);
  proto.set_etag(ToUtf8(stat.etag));
  proto.set_version_id(ToUtf8(stat.version_id));
  if (stat.crc64.has_value()) proto.set_crc64_ecma(*stat.crc64);
  if (stat.update_time != absl::InfinitePast()) {
    *proto.mutable_update_time() = ToProto(stat.update_time);
  }
  proto.set_content_type(ToUtf8(stat.content_type));
  for (const auto& [name, value] : stat.metadata) {
    (*proto.mutable_metadata())[ToUtf8(name)] = ToUtf8(value);
  }
  proto.set_storage_class(ToUtf8(stat.storage_class));
  proto.set_backend_request_id(ToUtf8(stat.request_id));
  proto.set_cache_control(ToUtf8(stat.cache_control));
  proto.set_content_disposition(ToUtf8(stat.content_disposition));
  proto.set_content_encoding(ToUtf8(stat.content_encoding));
  return proto;
}

v1::PutObjectResponse ToProto(const ServerFrame& frame, const std::string& session_token) {
  v1::PutObjectResponse response;
  std::visit(ServerFrameToProto{session_token, response}, frame);
  return response;
}

v1::Session ToProto(const SessionRecord& record, bool connected, const std::string& session_token) {
  v1::Session proto;
  proto.set_session_token(session_token);
  *proto.mutable_object() = ToProto(record.spec);
  proto.set_state(ToProto(record.state));
  proto.set_committed_size(record.committed_size);
  proto.set_committed_crc64_ecma(record.committed_crc64);
  proto.set_part_count(static_cast<int32_t>(record.next_sequence));
  *proto.mutable_create_time() = ToProto(record.create_time);
  *proto.mutable_update_time() = ToProto(record.update_time);
  if (record.expire_time < absl::InfiniteFuture()) {
    *proto.mutable_expire_time() = ToProto(record.expire_time);
  }
  *proto.mutable_object()->mutable_idle_ttl() = ToProto(record.idle_ttl);
  if (record.result.has_value()) *proto.mutable_result() = StoredObjectOf(record);
  proto.set_failure_reason(record.failure_reason);
  proto.set_failure_message(record.failure_message);
  proto.set_session_id(record.session_id);
  proto.set_epoch(record.fence.epoch);
  proto.set_connected(connected);
  return proto;
}

absl::StatusOr<SessionQuery> FromProto(const v1::ListSessionsRequest& request,
                                       const std::string& principal) {
  constexpr int kMaxPageSize = 1000;
  constexpr int kDefaultPageSize = 100;
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, "BAD_PAGE_SIZE",
        absl::StrCat("`page_size` must be from 0 to ", kMaxPageSize, ", ", request.page_size(),
                     " came"),
        {{"maximum", absl::StrCat(kMaxPageSize)}, {"got", absl::StrCat(request.page_size())}});
  }
  SessionQuery query;
  query.principal = principal;
  for (const int state : request.states()) {
    if (state == v1::Session::STATE_UNSPECIFIED || !v1::Session::State_IsValid(state)) {
      return MakeError(absl::StatusCode::kInvalidArgument, "BAD_STATE",
                       absl::StrCat("`states` must name states of a session, ", state, " came"),
                       {{"got", absl::StrCat(state)}});
    }
    query.states.push_back(static_cast<SessionState>(state));
  }
  query.remote = request.remote();
  query.bucket = request.bucket();
  query.key_prefix = request.key_prefix();
  query.page_size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  query.page_token = request.page_token();
  return query;
}

v1::Remote ToProto(const std::string& name, const BackendInfo& info,
                   const Capabilities& capabilities, int64_t memory_budget) {
  v1::Remote proto;
  proto.set_name(name);
  proto.set_backend(info.name);
  proto.set_min_part_size(capabilities.min_part_size);
  proto.set_max_part_size(capabilities.max_part_size);
  proto.set_max_part_count(capabilities.max_part_count);
  proto.set_max_object_size(capabilities.max_object_size);
  proto.set_reports_crc64(capabilities.reports_crc64);
  proto.set_lists_complete(capabilities.lists_complete);
  for (const OptionInfo& option : info.object_options) {
    v1::BackendOption* added = proto.add_options();
    added->set_name(option.name);
    added->set_help(option.help);
    for (const std::string& example : option.examples) added->add_examples(example);
  }
  const PartLimits limits = MakePartLimits(capabilities, 0, 0, memory_budget);
  proto.set_max_known_length(MaxKnownLength(limits));
  proto.set_max_unknown_length(MaxUnknownLength(limits));
  proto.set_overwrite_protection(capabilities.forbids_overwrite_atomically
                                     ? v1::OVERWRITE_PROTECTION_ATOMIC
                                     : v1::OVERWRITE_PROTECTION_NONE);
  return proto;
}

}  // namespace penstock
