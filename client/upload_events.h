#ifndef PENSTOCK_CLIENT_UPLOAD_EVENTS_H_
#define PENSTOCK_CLIENT_UPLOAD_EVENTS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "client/attempts.h"
#include "penstock/v1/put.pb.h"

namespace penstock {

// What happens during a Put, in bytes and durations.

struct UploadOpened {
  std::string server;
  std::string session_id;
  v1::Session::State state = v1::Session::STATE_UNSPECIFIED;
  bool resumed = false;
  int64_t committed_size = 0;
  int64_t resume_offset = 0;  // where this stream goes on
  int64_t part_size = 0;      // of the next part
  int64_t max_unacked_bytes = 0;
  int64_t bytes_sent = 0;  // by this Put so far, over all its streams
};

struct UploadProgress {
  int64_t committed_size = 0;  // durable: the only promise
  int64_t received_size = 0;   // in the server's memory
  int64_t bytes_sent = 0;      // by this Put, over all its streams
};

struct UploadDraining {
  int64_t committed_size = 0;
  absl::Duration retry_delay;
};

// What a Put ends with.
struct UploadResult {
  v1::StoredObject object;
  std::string session_id;
  bool replayed = false;  // the session had finished earlier; nothing was written now
  int64_t size = 0;       // of the source, as this client counted it
  uint64_t crc64 = 0;     // likewise
  int64_t bytes_sent = 0;
  int64_t resumed_from = 0;  // where the first stream of this Put began; 0 when from the start
  int64_t retry_count = 0;
  absl::Duration elapsed;
};

// Told about a Put. Calls come one at a time, from threads of the Put; they must not block, and may
// call Uploader::Cancel.
class UploadObserver {
 public:
  virtual ~UploadObserver() = default;
  virtual void OnOpened(const UploadOpened&) {}
  virtual void OnProgress(const UploadProgress&) {}
  virtual void OnRetry(const TransferRetry&) {}
  virtual void OnDraining(const UploadDraining&) {}
  virtual void OnFinished(const UploadResult&) {}
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_UPLOAD_EVENTS_H_
