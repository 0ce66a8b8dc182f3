#ifndef PENSTOCK_CLIENT_UPLOADER_H_
#define PENSTOCK_CLIENT_UPLOADER_H_

// Puts objects through Penstock and resumes by itself:
//
//   Uploader uploader({"127.0.0.1:7070"});
//   auto source = OpenFileSource("big.iso");
//   v1::ObjectSpec spec;  // remote, bucket, key, ...
//   UploadOptions options;
//   options.session_token = token;
//   absl::StatusOr<UploadResult> result = uploader.Put(**source, spec, options);
//
// Running the same code again with the same token, on any machine that has the same content, goes
// on where the server has committed.

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/rate_limit.h"
#include "client/attempts.h"
#include "client/source.h"
#include "client/upload_events.h"
#include "penstock/v1/put.pb.h"

namespace penstock {

class UploadTask;

// Progress is growth of the committed size; after `finish` and once everything is committed the
// time for it begins anew.
struct UploadOptions : RetryPolicy {
  // Names the session: 16 to 128 characters of [A-Za-z0-9._~-]. A secret.
  std::string session_token;
  // What to do with a session of this token that has ended. START_OVER for derived tokens.
  v1::EndedPolicy ended_policy = v1::ENDED_POLICY_REPLAY;
  // The CRC-64 that the source as a whole must have, where it is known beforehand: otherwise
  // nothing is published, SOURCE_CHANGED.
  std::optional<uint64_t> expected_crc64;
  // Bytes of a chunk, 1 to 1 MiB; less when the server wants less.
  int64_t chunk_bytes = int64_t{1} << 20;
  // Of the bytes that are sent, those that are sent again included; null: none. Puts may share it.
  // Chunks are then smaller, so that they come evenly.
  std::shared_ptr<RateLimit> limit;
};

// Thread-safe; several Puts may run at the same time, each with its own source and token.
class Uploader {
 public:
  // Servers of one cluster, as for MakeChannel; the next one is asked after each failure.
  // REQUIRES: not empty.
  explicit Uploader(std::vector<std::string> servers);
  // A channel of the caller's making. It should use keepalive and no proxy.
  explicit Uploader(std::shared_ptr<grpc::ChannelInterface> channel);
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Puts the whole source, or the rest of it, and returns when the object is published and its size
  // and CRC-64 are those of the source. Blocks. `source` stands at its beginning; its size, where
  // known, is declared in the spec. `observer` may be null. Both must outlive the call.
  //
  // Opens again by itself after every error that carries a retry delay and after every failure of
  // the connection. An error that is returned with a retry delay (RetryDelay in base/error.h)
  // means: given up for now, the same Put resumes later. Others of this library's own:
  //   FAILED_PRECONDITION / SOURCE_CHANGED  the source is not what the server has, or changed while
  //                                         it was read; nothing was published
  //   FAILED_PRECONDITION / SOURCE_NOT_REPLAYABLE  the bytes to go on with are gone (pipes)
  //   DATA_LOSS / CHECKSUM_MISMATCH  the object published differs from what was sent
  //   INTERNAL / PROTOCOL_ERROR      the server broke its promises
  //   CANCELLED / CANCELLED          by Cancel; can be resumed
  // Those of the server, ABORTED / STALE_WRITER among them, are returned as they came.
  absl::StatusOr<UploadResult> Put(Source& source, v1::ObjectSpec spec, UploadOptions options,
                                   UploadObserver* observer = nullptr);

  // Ends every Put, under way or to come, with CANCELLED. What was committed stays.
  void Cancel();

 private:
  const std::vector<std::string> servers_;  // empty: channel_ is used
  const std::shared_ptr<grpc::ChannelInterface> channel_;

  Mutex mutex_;  // guards what follows
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<UploadTask*> tasks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_UPLOADER_H_
