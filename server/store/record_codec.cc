#include "server/store/record_codec.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/store/session_times.h"
#include "server/store/stored_record.pb.h"

namespace penstock {
namespace {

constexpr int kVersion = 1;

// The two infinities have no nanoseconds: the past is no value at all, the future the last one.
template <typename Setter>
void PutTime(absl::Time time, Setter set) {
  if (time == absl::InfinitePast()) return;
  set(time == absl::InfiniteFuture() ? std::numeric_limits<int64_t>::max()
                                     : absl::ToUnixNanos(time));
}

absl::Time GetTime(bool given, int64_t nanoseconds) {
  if (!given) return absl::InfinitePast();
  if (nanoseconds == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  return absl::FromUnixNanos(nanoseconds);
}

using Pairs = google::protobuf::RepeatedPtrField<store::StoredPair>;

void PutPairs(const std::map<std::string, std::string>& values, Pairs* stored) {
  for (const auto& [name, value] : values) {
    store::StoredPair& pair = *stored->Add();
    pair.set_name(name);
    pair.set_value(value);
  }
}

std::map<std::string, std::string> GetPairs(const Pairs& stored) {
  std::map<std::string, std::string> values;
  for (const store::StoredPair& pair : stored) values[pair.name()] = pair.value();
  return values;
}

void PutAttributes(const ObjectAttributes& attributes, store::StoredAttributes* stored) {
  stored->set_content_type(attributes.content_type);
  stored->set_cache_control(attributes.cache_control);
  stored->set_content_disposition(attributes.content_disposition);
  stored->set_content_encoding(attributes.content_encoding);
  PutPairs(attributes.metadata, stored->mutable_metadata());
  PutPairs(attributes.tags, stored->mutable_tags());
  PutPairs(attributes.options, stored->mutable_options());
  stored->set_storage_class(attributes.storage_class);
  stored->set_forbid_overwrite(attributes.forbid_overwrite);
}

ObjectAttributes GetAttributes(const store::StoredAttributes& stored) {
  ObjectAttributes attributes;
  attributes.content_type = stored.content_type();
  attributes.cache_control = stored.cache_control();
  attributes.content_disposition = stored.content_disposition();
  attributes.content_encoding = stored.content_encoding();
  attributes.metadata = GetPairs(stored.metadata());
  attributes.tags = GetPairs(stored.tags());
  attributes.options = GetPairs(stored.options());
  attributes.storage_class = stored.storage_class();
  attributes.forbid_overwrite = stored.forbid_overwrite();
  return attributes;
}

void PutSpec(const SessionSpec& spec, store::StoredSpec* stored) {
  stored->set_remote(spec.remote);
  stored->set_bucket(spec.object.bucket);
  stored->set_key(spec.object.key);
  PutAttributes(spec.attributes, stored->mutable_attributes());
  if (spec.total_size.has_value()) stored->set_total_size(*spec.total_size);
  stored->set_part_size(spec.part_size);
  stored->set_max_parallel_parts(spec.max_parallel_parts);
  PutPairs(spec.labels, stored->mutable_labels());
}

SessionSpec GetSpec(const store::StoredSpec& stored) {
  SessionSpec spec;
  spec.remote = stored.remote();
  spec.object = {stored.bucket(), stored.key()};
  spec.attributes = GetAttributes(stored.attributes());
  if (stored.has_total_size()) spec.total_size = stored.total_size();
  spec.part_size = stored.part_size();
  spec.max_parallel_parts = stored.max_parallel_parts();
  spec.labels = GetPairs(stored.labels());
  return spec;
}

void PutSeal(const Seal& seal, store::StoredSeal* stored) {
  stored->set_single_put(seal.single_put);
  stored->set_size(seal.size);
  stored->set_crc64(seal.crc64);
  PutTime(seal.put_valid_until, [&](int64_t time) { stored->set_put_valid_until(time); });
}

Seal GetSeal(const store::StoredSeal& stored) {
  return {stored.single_put(), stored.size(), stored.crc64(),
          GetTime(stored.has_put_valid_until(), stored.put_valid_until())};
}

void PutObject(const PublishedObject& object, store::StoredObject* stored) {
  stored->set_size(object.size);
  stored->set_crc64(object.crc64);
  stored->set_etag(object.etag);
  stored->set_version_id(object.version_id);
  stored->set_request_id(object.request_id);
  PutTime(object.update_time, [&](int64_t time) { stored->set_update_time(time); });
}

PublishedObject GetObject(const store::StoredObject& stored) {
  return {stored.size(),       stored.crc64(),
          stored.etag(),       stored.version_id(),
          stored.request_id(), GetTime(stored.has_update_time(), stored.update_time())};
}

void PutDeadUploads(const std::vector<DeadUpload>& uploads, store::StoredRecord& stored) {
  for (const DeadUpload& upload : uploads) {
    store::StoredDeadUpload& dead = *stored.add_dead_uploads();
    dead.set_remote(upload.remote);
    dead.set_bucket(upload.object.bucket);
    dead.set_key(upload.object.key);
    dead.set_upload_id(upload.upload_id);
    dead.set_aborts(upload.aborts);
  }
}

std::vector<DeadUpload> GetDeadUploads(const store::StoredRecord& stored) {
  std::vector<DeadUpload> uploads;
  for (const store::StoredDeadUpload& dead : stored.dead_uploads()) {
    uploads.push_back(
        {dead.remote(), {dead.bucket(), dead.key()}, dead.upload_id(), dead.aborts()});
  }
  return uploads;
}

void PutTail(const Tail& tail, store::StoredTail* stored) {
  stored->set_size(tail.size);
  stored->set_crc64(tail.crc64);
  stored->set_ledger_crc64(tail.ledger_crc64);
}

// Durations saturate, as they came.
absl::Duration GetDuration(int64_t nanoseconds) {
  return nanoseconds == std::numeric_limits<int64_t>::max() ? absl::InfiniteDuration()
                                                            : absl::Nanoseconds(nanoseconds);
}

void PutLifetime(const SessionRecord& record, store::StoredRecord& stored) {
  stored.set_idle_ttl(absl::ToInt64Nanoseconds(record.idle_ttl));
  stored.set_retention(absl::ToInt64Nanoseconds(record.retention));
  PutTime(record.expire_time, [&](int64_t time) { stored.set_expire_time(time); });
  PutTime(record.reap_time, [&](int64_t time) { stored.set_reap_time(time); });
}

// What lies behind the last nanosecond that can be stored is the future.
absl::Time WithinReach(absl::Time time) {
  const absl::Time last = absl::FromUnixNanos(std::numeric_limits<int64_t>::max());
  return time < last ? time : absl::InfiniteFuture();
}

// A server that knew no expiry kept the dead upload of an ended session in its place, and what it
// left would stay for ever: its sessions count from their last change on.
void CompleteOldRecord(SessionRecord& record) {
  if (Ended(record.state) && !record.upload_id.empty()) {
    record.dead_uploads.push_back({record.spec.remote, record.spec.object, record.upload_id, 0});
    record.upload_id.clear();
  }
  SetTimes(nullptr, record.update_time, record);
  record.expire_time = WithinReach(record.expire_time);
  record.reap_time = WithinReach(record.reap_time);
}

void GetLifetime(const store::StoredRecord& stored, SessionRecord& record) {
  if (!stored.has_expire_time()) {
    CompleteOldRecord(record);
    return;
  }
  record.idle_ttl = GetDuration(stored.idle_ttl());
  record.retention = GetDuration(stored.retention());
  record.expire_time = GetTime(true, stored.expire_time());
  record.reap_time = GetTime(stored.has_reap_time(), stored.reap_time());
}

absl::Status Corrupt(const std::string& message) {
  return MakeError(absl::StatusCode::kDataLoss, "STORE_CORRUPT", message);
}

// What the rules of writes guarantee, and what their readers rely on.
absl::Status CheckRecord(const store::StoredRecord& stored) {
  const int state = stored.state();
  if (state < static_cast<int>(SessionState::kOpen) ||
      state > static_cast<int>(SessionState::kExpired)) {
    return Corrupt(absl::StrCat("expected the state of a session, found ", state));
  }
  if (stored.has_tail() && (stored.tail().size() <= 0 || stored.tail().size() > kMaxTailSize ||
                            stored.tail().size() > stored.committed_size())) {
    return Corrupt(absl::StrCat("a session has a tail of ", stored.tail().size(), " bytes"));
  }
  if (state == static_cast<int>(SessionState::kFinishing) && !stored.has_seal()) {
    return Corrupt("a session that is being finished has no seal");
  }
  if (state == static_cast<int>(SessionState::kFinished) && !stored.has_result()) {
    return Corrupt("a finished session has no result");
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeRecord(const SessionRecord& record) {
  store::StoredRecord stored;
  stored.set_version(kVersion);
  stored.set_session_id(record.session_id);
  stored.set_principal(record.principal);
  stored.set_mark(record.mark);
  stored.set_life(record.life);
  PutSpec(record.spec, stored.mutable_spec());
  stored.set_state(static_cast<int>(record.state));
  stored.set_epoch(record.fence.epoch);
  stored.set_nonce(record.fence.nonce);
  stored.set_reserved_number(record.reserved_number);
  stored.set_upload_id(record.upload_id);
  stored.set_next_sequence(record.next_sequence);
  stored.set_committed_size(record.committed_size);
  stored.set_committed_crc64(record.committed_crc64);
  PutDeadUploads(record.dead_uploads, stored);
  if (record.tail.has_value()) PutTail(*record.tail, stored.mutable_tail());
  if (record.seal.has_value()) PutSeal(*record.seal, stored.mutable_seal());
  if (record.result.has_value()) PutObject(*record.result, stored.mutable_result());
  stored.set_failure_reason(record.failure_reason);
  stored.set_failure_message(record.failure_message);
  PutTime(record.create_time, [&](int64_t time) { stored.set_create_time(time); });
  PutTime(record.update_time, [&](int64_t time) { stored.set_update_time(time); });
  PutLifetime(record, stored);
  stored.set_claims_in_window(record.claims_in_window);
  PutTime(record.claim_window_start, [&](int64_t time) { stored.set_claim_window_start(time); });
  return stored.SerializeAsString();
}

absl::StatusOr<SessionRecord> DecodeRecord(const std::string& bytes) {
  store::StoredRecord stored;
  if (!stored.ParseFromString(bytes)) return Corrupt("the bytes of a session cannot be read");
  if (stored.version() != kVersion) {
    return Corrupt(absl::StrCat("a session was recorded in version ", stored.version(),
                                ", this server knows version ", kVersion,
                                ": was it written by a newer server?"));
  }
  if (absl::Status status = CheckRecord(stored); !status.ok()) return status;
  SessionRecord record;
  record.session_id = stored.session_id();
  record.principal = stored.principal();
  record.mark = stored.mark();
  record.life = stored.life();
  record.spec = GetSpec(stored.spec());
  record.state = static_cast<SessionState>(stored.state());
  record.fence = {stored.epoch(), stored.nonce()};
  record.reserved_number = stored.reserved_number();
  record.upload_id = stored.upload_id();
  record.next_sequence = stored.next_sequence();
  record.committed_size = stored.committed_size();
  record.committed_crc64 = stored.committed_crc64();
  record.dead_uploads = GetDeadUploads(stored);
  if (stored.has_tail()) {
    const store::StoredTail& tail = stored.tail();
    record.tail = Tail{tail.size(), tail.crc64(), tail.ledger_crc64()};
  }
  if (stored.has_seal()) record.seal = GetSeal(stored.seal());
  if (stored.has_result()) record.result = GetObject(stored.result());
  record.failure_reason = stored.failure_reason();
  record.failure_message = stored.failure_message();
  record.create_time = GetTime(stored.has_create_time(), stored.create_time());
  record.update_time = GetTime(stored.has_update_time(), stored.update_time());
  record.claims_in_window = stored.claims_in_window();
  record.claim_window_start = GetTime(stored.has_claim_window_start(), stored.claim_window_start());
  GetLifetime(stored, record);
  return record;
}

}  // namespace penstock
