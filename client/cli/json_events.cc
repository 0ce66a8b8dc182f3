#include "client/cli/json_events.h"

#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_format.h"
#include "base/error.h"
#include "client/cli/exit_code.h"
#include "client/cli/session_text.h"
#include "client/modification_time.h"

namespace penstock::cli {
namespace {

using google::protobuf::util::TimeUtil;
using nlohmann::json;

constexpr absl::Duration kProgressInterval = absl::Seconds(1);

template <typename Map>
json MapToJson(const Map& map) {
  json object = json::object();
  for (const auto& [name, value] : map) object[name] = value;
  return object;
}

void AddText(json& value, const char* name, const std::string& text) {
  if (!text.empty()) value[name] = text;
}

}  // namespace

std::string FormatCrc64(uint64_t crc64) { return absl::StrFormat("%016x", crc64); }

json ToJson(const v1::StoredObject& object) {
  json value = {{"remote", object.remote()}, {"bucket", object.bucket()},
                {"key", object.key()},       {"size", object.size()},
                {"etag", object.etag()},     {"backend_request_id", object.backend_request_id()}};
  if (object.has_crc64_ecma()) value["crc64"] = FormatCrc64(object.crc64_ecma());
  if (object.has_update_time()) value["update_time"] = TimeUtil::ToString(object.update_time());
  AddText(value, "version_id", object.version_id());
  AddText(value, "storage_class", object.storage_class());
  AddText(value, "content_type", object.content_type());
  AddText(value, "cache_control", object.cache_control());
  AddText(value, "content_disposition", object.content_disposition());
  AddText(value, "content_encoding", object.content_encoding());
  if (!object.metadata().empty()) value["metadata"] = MapToJson(object.metadata());
  if (const auto modified = ModificationTimeOf(object); modified.has_value()) {
    value["modification_time"] =
        absl::FormatTime(absl::RFC3339_full, *modified, absl::UTCTimeZone());
  }
  return value;
}

json ToJson(const v1::Session& session) {
  const v1::ObjectSpec& object = session.object();
  json value = {{"session_id", session.session_id()},
                {"state", StateName(session.state())},
                {"remote", object.remote()},
                {"bucket", object.bucket()},
                {"key", object.key()},
                {"committed_size", session.committed_size()},
                {"committed_crc64", FormatCrc64(session.committed_crc64_ecma())},
                {"part_count", session.part_count()},
                {"epoch", session.epoch()},
                {"connected", session.connected()},
                {"labels", MapToJson(object.labels())}};
  if (object.has_total_size()) value["total_size"] = object.total_size();
  if (session.has_create_time()) value["create_time"] = TimeUtil::ToString(session.create_time());
  if (session.has_update_time()) value["update_time"] = TimeUtil::ToString(session.update_time());
  if (session.has_expire_time()) value["expire_time"] = TimeUtil::ToString(session.expire_time());
  if (session.has_result()) value["result"] = ToJson(session.result());
  if (!session.failure_reason().empty()) {
    value["failure"] = {{"reason", session.failure_reason()},
                        {"message", session.failure_message()}};
  }
  return value;
}

json ToJson(const v1::Remote& remote) {
  json options = json::array();
  for (const v1::BackendOption& option : remote.options()) {
    options.push_back({{"name", option.name()}, {"help", option.help()}});
  }
  return {{"name", remote.name()},
          {"backend", remote.backend()},
          {"min_part_size", remote.min_part_size()},
          {"max_part_size", remote.max_part_size()},
          {"max_part_count", remote.max_part_count()},
          {"max_object_size", remote.max_object_size()},
          {"max_known_length", remote.max_known_length()},
          {"max_unknown_length", remote.max_unknown_length()},
          {"reports_crc64", remote.reports_crc64()},
          {"forbids_overwrite", remote.overwrite_protection() == v1::OVERWRITE_PROTECTION_ATOMIC},
          {"options", std::move(options)}};
}

json ToJson(const UploadResult& result) {
  const double seconds = absl::ToDoubleSeconds(result.elapsed);
  return {{"event", "done"},
          {"object", ToJson(result.object)},
          {"session_id", result.session_id},
          {"size", result.size},
          {"crc64", FormatCrc64(result.crc64)},
          {"replayed", result.replayed},
          {"bytes_sent", result.bytes_sent},
          {"resumed_from", result.resumed_from},
          {"retry_count", result.retry_count},
          {"seconds", seconds}};
}

json RetryToJson(const TransferRetry& event) {
  return {{"event", "retry"},
          {"code", absl::StatusCodeToString(event.cause.code())},
          {"reason", ErrorReason(event.cause)},
          {"message", std::string(event.cause.message())},
          {"delay_seconds", absl::ToDoubleSeconds(event.delay)},
          {"next_server", event.next_server}};
}

json ErrorToJson(const absl::Status& status) {
  return {{"event", "error"},
          {"code", absl::StatusCodeToString(status.code())},
          {"reason", ErrorReason(status)},
          {"message", std::string(status.message())},
          {"metadata", MapToJson(ErrorMetadataOf(status))},
          {"resumable", IsResumable(status)},
          {"exit_code", ExitCodeOf(status)}};
}

void WriteJson(std::ostream& out, const json& value) {
  out << value.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
}

JsonEvents::JsonEvents(std::ostream& out, std::optional<int64_t> total_size, const Clock& clock,
                       std::string file)
    : out_(out), total_size_(total_size), clock_(clock), file_(std::move(file)) {}

void JsonEvents::Write(json event) {
  AddText(event, "file", file_);
  WriteJson(out_, event);
}

void JsonEvents::OnOpened(const UploadOpened& event) {
  if (!event.resumed || event.state == v1::Session::STATE_FINISHED) return;
  Write({{"event", "resume"},
         {"server", event.server},
         {"session_id", event.session_id},
         {"committed_size", event.committed_size},
         {"resume_offset", event.resume_offset},
         {"max_unacked_bytes", event.max_unacked_bytes},
         {"bytes_sent", event.bytes_sent}});
}

void JsonEvents::OnProgress(const UploadProgress& event) {
  const absl::Time now = clock_.Now();
  if (now - last_progress_ < kProgressInterval && event.committed_size != total_size_) return;
  last_progress_ = now;
  json value = {{"event", "progress"},
                {"committed_size", event.committed_size},
                {"received_size", event.received_size},
                {"bytes_sent", event.bytes_sent}};
  if (total_size_.has_value()) value["total_size"] = *total_size_;
  Write(std::move(value));
}

void JsonEvents::OnRetry(const TransferRetry& event) { Write(RetryToJson(event)); }

void JsonEvents::OnFinished(const UploadResult& event) { Write(ToJson(event)); }

}  // namespace penstock::cli
