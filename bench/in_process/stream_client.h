#ifndef PENSTOCK_BENCH_IN_PROCESS_STREAM_CLIENT_H_
#define PENSTOCK_BENCH_IN_PROCESS_STREAM_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "server/session/put_stream.h"
#include "server/session/session_service.h"
#include "server/session/stream_input.h"

namespace penstock::bench {

// One PutObject call without gRPC: sends frames as the session asks for them. Thread-safe.
class StreamClient final : public PutStream, public std::enable_shared_from_this<StreamClient> {
 public:
  // Gives frame 0, 1, ... after `open`. Called once for each, one at a time.
  using NextFrame = std::function<absl::StatusOr<ClientFrame>(int64_t index)>;

  // Is shown what the session sends. Called under a lock: must not call back.
  using Watch = std::function<void(const ServerFrame& frame)>;

  explicit StreamClient(
      NextFrame next, Watch watch = [](const ServerFrame&) {})
      : next_(std::move(next)), watch_(std::move(watch)) {}

  // Sends `open`; no other frame yet. The errors of SessionService::Start.
  absl::Status Open(SessionService& service, const std::string& token, OpenFrame open);

  // `count` more frames may be sent.
  void Allow(int64_t count);

  // Committed size, as told last.
  int64_t committed_size();

  // What `finished` told; nullopt when it did not come.
  std::optional<PublishedObject> result();

  // What the session closed the stream with; INTERNAL while it has not.
  absl::Status status();

  // PutStream.
  void Send(ServerFrame frame) override;
  void Read() override;
  void Close(const absl::Status& status) override;

 private:
  void Offer();

  const NextFrame next_;
  const Watch watch_;

  Mutex mutex_;  // guards what follows
  std::shared_ptr<StreamInput> input_ ABSL_GUARDED_BY(mutex_);
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t sent_ ABSL_GUARDED_BY(mutex_) = 0;     // frames after `open`
  int64_t allowed_ ABSL_GUARDED_BY(mutex_) = 0;  // likewise
  int64_t committed_size_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<PublishedObject> result_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> closed_with_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_IN_PROCESS_STREAM_CLIENT_H_
