#include "server/store/session_record.h"

namespace penstock {
namespace {

template <typename Value>
bool Contradicts(const Value& recorded, const Value& given) {
  return given != Value() && given != recorded;
}

}  // namespace

bool Ended(SessionState state) {
  return state != SessionState::kOpen && state != SessionState::kFinishing;
}

std::set<std::string> UploadsOf(const SessionRecord& record) {
  std::set<std::string> uploads;
  if (!record.upload_id.empty()) uploads.insert(record.upload_id);
  for (const DeadUpload& dead : record.dead_uploads) uploads.insert(dead.upload_id);
  return uploads;
}

std::string FirstDifference(const SessionSpec& recorded, const SessionSpec& given) {
  const ObjectAttributes& ours = recorded.attributes;
  const ObjectAttributes& theirs = given.attributes;
  if (Contradicts(recorded.remote, given.remote)) return "remote";
  if (Contradicts(recorded.object.bucket, given.object.bucket)) return "bucket";
  if (Contradicts(recorded.object.key, given.object.key)) return "key";
  if (given.total_size.has_value() && recorded.total_size.has_value() &&
      given.total_size != recorded.total_size) {
    return "total_size";
  }
  if (Contradicts(ours.content_type, theirs.content_type)) return "content_type";
  if (Contradicts(ours.cache_control, theirs.cache_control)) return "cache_control";
  if (Contradicts(ours.content_disposition, theirs.content_disposition)) {
    return "content_disposition";
  }
  if (Contradicts(ours.content_encoding, theirs.content_encoding)) return "content_encoding";
  if (Contradicts(ours.metadata, theirs.metadata)) return "metadata";
  if (Contradicts(ours.tags, theirs.tags)) return "tags";
  if (Contradicts(ours.options, theirs.options)) return "backend_options";
  if (Contradicts(ours.storage_class, theirs.storage_class)) return "storage_class";
  if (Contradicts(ours.forbid_overwrite, theirs.forbid_overwrite)) return "forbid_overwrite";
  return "";
}

}  // namespace penstock
