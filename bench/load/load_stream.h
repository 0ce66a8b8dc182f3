#ifndef PENSTOCK_BENCH_LOAD_LOAD_STREAM_H_
#define PENSTOCK_BENCH_LOAD_LOAD_STREAM_H_

#include <grpcpp/alarm.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "bench/support/content.h"
#include "penstock/v1/put.pb.h"

namespace penstock::bench {

// What one stream does.
struct StreamPlan {
  v1::OpenSession open;
  // It sends the object's bytes up to here; for ever with kEndless.
  int64_t end = 0;
  // Whether it sends before the server has answered `open`, from offset 0 on.
  bool sends_at_once = false;
  // What follows the bytes; otherwise it only holds the stream.
  enum class Then { kHold, kFlush, kFinish } then = Then::kFinish;
  // Of an object that has been put `end` is the size, and this its CRC-64.
  uint64_t crc64 = 0;
  // Bytes a second that it keeps to, message by message; 0: as fast as flow control lets.
  int64_t rate = 0;

  static constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();
};

// How it went.
struct StreamResult {
  grpc::Status status;
  std::optional<double> open_seconds;  // from the start to `opened`
  double seconds = 0;                  // from the start to the end
  int64_t sent_bytes = 0;
  bool wrong = false;  // it ended well, but nothing of the right size and CRC-64 was published
};

// What is told while it goes; each may be empty. They come on threads of gRPC, on_done last.
struct StreamEvents {
  std::function<void(const v1::SessionOpened&)> on_opened;
  std::function<void(const v1::Progress&)> on_progress;
  std::function<void()> on_sent;  // the last byte was given to the connection
  std::function<void(const StreamResult&)> on_done;
};

// A PutObject stream that costs as little as a client can: it sends windows of the content without
// copying them, one message at a time, as flow control lets.
class LoadStream final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                         public std::enable_shared_from_this<LoadStream> {
 public:
  // Starts it; it lives until on_done has returned, whoever else holds it. `content` must live as
  // long as the program.
  static std::shared_ptr<LoadStream> Start(grpc::GenericStub& stub, const Content& content,
                                           StreamPlan plan, StreamEvents events);

  // Breaks it off. Any thread, any time.
  void Cancel() { context_.TryCancel(); }

  // Bytes that flow control let go so far. Any thread, any time.
  int64_t sent_bytes() const;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  LoadStream(const Content& content, StreamPlan plan, StreamEvents events);

  void TakeOpened(const v1::SessionOpened& opened);
  void TakeFinished(const v1::StoredObject& object);
  double Elapsed() const;
  bool TooEarly() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendLater() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnTime();
  void SendNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendChunk() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendLast() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Content& content_;
  const StreamPlan plan_;
  const StreamEvents events_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  grpc::ClientContext context_;
  std::shared_ptr<LoadStream> self_;  // until OnDone
  grpc::ByteBuffer response_;         // of the read that is under way
  grpc::Alarm next_chunk_;            // of a stream with a rate

  mutable Mutex mutex_;                                    // guards what follows
  grpc::ByteBuffer message_ ABSL_GUARDED_BY(mutex_);       // of the write that is under way
  bool writing_ ABSL_GUARDED_BY(mutex_) = true;            // `open`
  bool may_send_ ABSL_GUARDED_BY(mutex_);                  // the offset is known
  bool finished_sending_ ABSL_GUARDED_BY(mutex_) = false;  // after what follows the bytes
  int64_t offset_ ABSL_GUARDED_BY(mutex_) = 0;             // of the next byte
  int64_t in_flight_ ABSL_GUARDED_BY(mutex_) = 0;          // bytes of the write under way
  bool right_ ABSL_GUARDED_BY(mutex_) = false;             // what was published is what was sent
  StreamResult result_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_LOAD_LOAD_STREAM_H_
