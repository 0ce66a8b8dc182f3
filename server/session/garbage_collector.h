#ifndef PENSTOCK_SERVER_SESSION_GARBAGE_COLLECTOR_H_
#define PENSTOCK_SERVER_SESSION_GARBAGE_COLLECTOR_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "plugin/backend.h"
#include "server/store/session_store.h"

namespace penstock {

enum class Disposal {
  kWouldAbort,  // a dry run left it
  kAborted,
  kFailed,  // it is still there, or may be
};

// A multipart upload that no session owns.
struct OrphanedUpload {
  ObjectName object;
  std::string upload_id;
  absl::Time initiate_time;
  std::optional<int32_t> part_count;   // nullopt: not known, see size_error
  std::optional<int64_t> stored_size;  // bytes of all parts
  absl::Status size_error;
  Disposal disposal = Disposal::kWouldAbort;
  absl::Status error;  // kFailed
};

// What a collection has seen and done; sizes in bytes, as far as they are known.
struct GarbageSummary {
  int64_t listed_count = 0;
  int64_t young_count = 0;
  int64_t owned_count = 0;
  int64_t gone_count = 0;  // by the time they were looked at
  int64_t orphaned_count = 0;
  int64_t orphaned_size = 0;
  int64_t aborted_count = 0;
  int64_t aborted_size = 0;
  int64_t failed_count = 0;
};

// Discards multipart uploads that nobody will complete: those that are old and that no session of
// the store owns, in whatever state and life (UploadsOf).
//
// The order is what makes it safe: first the backend lists an upload, then the store is asked for
// its owner, then it is discarded. An upload is initiated before its session records it, so one
// that was listed may be recorded later; but not one that is old (kMinOrphanAge): a session that
// cannot record its upload gives up within minutes. Blocks from call to call, so it is for a thread
// of its own. Holds one page of a listing at a time.
class GarbageCollector {
 public:
  struct Scope {
    std::vector<std::string> buckets;
    std::string prefix;           // of the keys that are looked at
    absl::Time initiated_before;  // younger ones are left
    bool dry_run = false;
  };
  struct Hooks {
    std::function<void(const OrphanedUpload&)> tell;  // each orphan, when it is done with
    std::function<bool()> stopped;                    // true: begin nothing more
  };

  // Both must outlive the collector.
  GarbageCollector(Backend& backend, SessionStore& store) : backend_(backend), store_(store) {}

  // An orphan that cannot be discarded is told, and the rest goes on. Errors: of the backend's
  // listing and of SessionStore::OwnedUploads, after which nothing more is discarded; CANCELLED
  // when it was stopped.
  absl::StatusOr<GarbageSummary> Run(const Scope& scope, const Hooks& hooks);

  // So many uploads are looked at, and discarded, at the same time.
  static constexpr int kParallel = 8;

 private:
  // Of one page: those that are old and nobody's.
  absl::StatusOr<std::vector<ListedUpload>> OrphansOf(const Scope& scope,
                                                      std::vector<ListedUpload> listed,
                                                      GarbageSummary& summary);
  void Dispose(const std::string& bucket, const std::vector<ListedUpload>& orphans, bool dry_run,
               const Hooks& hooks, GarbageSummary& summary);
  void AbortAll(std::vector<OrphanedUpload>& uploads);

  Backend& backend_;
  SessionStore& store_;
};

// No upload is called orphaned before this.
inline constexpr absl::Duration kMinOrphanAge = absl::Hours(1);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_GARBAGE_COLLECTOR_H_
