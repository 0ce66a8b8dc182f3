#ifndef PENSTOCK_SERVER_STORE_SESSION_RECORD_H_
#define PENSTOCK_SERVER_STORE_SESSION_RECORD_H_

// What the store keeps of a session. Plain values; who may change them, and how, is in
// session_write.h.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/object.h"

namespace penstock {

// See put.proto. The numbers are stored: never renumber.
enum class SessionState {
  kOpen = 1,
  kFinishing = 2,  // sealed: what will be published is fixed, whether it was is being established
  kFinished = 3,
  kAborted = 4,
  kFailed = 5,
  kExpired = 6,
};

// True for the states that a session never leaves (in this life of its token).
bool Ended(SessionState state);

// What a session puts, fixed for its life.
struct SessionSpec {
  std::string remote;
  ObjectName object;
  ObjectAttributes attributes;
  std::optional<int64_t> total_size;  // bytes, when the client declared it
  int64_t part_size = 0;              // bytes the client asked for; 0: the server chooses
  int32_t max_parallel_parts = 0;     // 0: the server chooses
  std::map<std::string, std::string> labels;

  bool operator==(const SessionSpec&) const = default;
};

// The name of the first field in which `given` contradicts `recorded`; empty when none does. Fields
// that are not given match, and so does whatever may differ between opens: part_size,
// max_parallel_parts and labels.
std::string FirstDifference(const SessionSpec& recorded, const SessionSpec& given);

// Proves who owns a session: compared by every write of the owner. The nonce keeps owners apart
// even if an engine repeated an epoch, and lets a repeated claim find itself.
struct Fence {
  int64_t epoch = 0;  // 1 for the first owner; never restarts for a token
  std::string nonce;  // 16 random bytes

  bool operator==(const Fence&) const = default;
};

// One row of the ledger.
struct PartRecord {
  int64_t sequence = 0;  // 0, 1, 2, ... without gaps
  int32_t number = 0;    // ascending, with gaps
  int64_t offset = 0;    // of the part's first byte in the object
  int64_t size = 0;
  uint64_t crc64 = 0;
  std::string etag;

  bool operator==(const PartRecord&) const = default;
};

// The last committed bytes, below the backend's smallest part, kept in the store at the ledger's
// end (rule 11).
struct Tail {
  int64_t size = 0;  // 1 to kMaxTailSize
  uint64_t crc64 = 0;
  uint64_t ledger_crc64 = 0;  // of the bytes below the tail

  bool operator==(const Tail&) const = default;
};

// No tail is larger: above the smallest part only where part numbers are too scarce for a cut.
inline constexpr int64_t kMaxTailSize = 1024 * 1024;

// A multipart upload that nobody will complete: of a session that ended, or of an earlier life.
struct DeadUpload {
  std::string remote;
  ObjectName object;
  std::string upload_id;
  int32_t aborts = 0;  // how often the backend has discarded it; kUploadAborts are enough

  bool operator==(const DeadUpload&) const = default;
};

// A part that was being uploaded while its upload was discarded may survive: once more, later.
inline constexpr int32_t kUploadAborts = 2;

// What will be published, recorded before it is.
struct Seal {
  bool single_put = false;  // by one PutObject; otherwise the ledger, by CompleteUpload
  int64_t size = 0;
  uint64_t crc64 = 0;
  // Single put: no attempt whose outcome is not known can have an effect at or after this time.
  absl::Time put_valid_until = absl::InfinitePast();

  bool operator==(const Seal&) const = default;
};

// What `finished` tells of the object.
struct PublishedObject {
  int64_t size = 0;
  uint64_t crc64 = 0;
  std::string etag;
  std::string version_id;
  std::string request_id;
  absl::Time update_time = absl::InfinitePast();

  bool operator==(const PublishedObject&) const = default;
};

struct SessionRecord {
  std::string session_id;  // public, random, new with each life
  std::string principal;   // whose session it is
  std::string mark;        // 32 hexadecimal digits, in the object's metadata; new with each life
  int64_t life = 1;        // how often the token began anew, from 1
  SessionSpec spec;
  SessionState state = SessionState::kOpen;

  Fence fence;
  int32_t reserved_number = 0;  // no owner so far may have sent a part number above this
  std::string upload_id;        // empty: none; always in an ended session
  std::vector<DeadUpload> dead_uploads;

  // The end of the ledger, and of the tail behind it: what is committed.
  int64_t next_sequence = 0;
  int64_t committed_size = 0;
  uint64_t committed_crc64 = 0;
  std::optional<Tail> tail;

  std::optional<Seal> seal;               // from kFinishing on
  std::optional<PublishedObject> result;  // kFinished
  std::string failure_reason;             // kFailed: an ErrorInfo reason
  std::string failure_message;

  absl::Time create_time = absl::InfinitePast();
  absl::Time update_time = absl::InfinitePast();

  // How long it is kept without a sign of life, and how long once it has ended.
  absl::Duration idle_ttl = absl::Hours(7 * 24);
  absl::Duration retention = absl::Hours(7 * 24);
  // Open: when it expires, put off at most once an hour. Ended: when it is forgotten. Finishing:
  // never.
  absl::Time expire_time = absl::InfiniteFuture();
  // When the reaper has something to do with it: expiry, an outcome to establish, an upload to
  // discard, or the record to forget.
  absl::Time reap_time = absl::InfiniteFuture();

  // Claims since claim_window_start, which is less than a minute ago or does not matter.
  int32_t claims_in_window = 0;
  absl::Time claim_window_start = absl::InfinitePast();

  // The bytes below the tail: where the next part begins.
  int64_t ledger_size() const { return committed_size - (tail.has_value() ? tail->size : 0); }
  uint64_t ledger_crc64() const { return tail.has_value() ? tail->ledger_crc64 : committed_crc64; }

  bool operator==(const SessionRecord&) const = default;
};

// The ids of the multipart uploads that are the session's: the one that it fills, and those that
// are still to be discarded, of earlier lives too.
std::set<std::string> UploadsOf(const SessionRecord& record);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SESSION_RECORD_H_
