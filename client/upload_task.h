#ifndef PENSTOCK_CLIENT_UPLOAD_TASK_H_
#define PENSTOCK_CLIENT_UPLOAD_TASK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/attempts.h"
#include "client/connection.h"
#include "client/hashed_source.h"
#include "client/upload_events.h"
#include "client/upload_stream.h"
#include "client/uploader.h"

namespace penstock {

// One Put, over as many streams as it takes. The straight-line version:
//
//   loop
//     opened = Open(server, token, spec, last epoch)
//     go to opened.resume_offset, compare the CRC-64 below it with the server's
//     send chunks; send `finish` with size and CRC-64       (a second thread reads progress)
//     `finished`: compare, return
//     any other end: return the error, or wait and open again on the next server
//
// A third thread watches for a server that makes no progress. Run is called once.
class UploadTask {
 public:
  UploadTask(Connection connection, Source& source, v1::ObjectSpec spec, UploadOptions options,
             UploadObserver* observer);

  absl::StatusOr<UploadResult> Run();

  // From any thread.
  void Cancel();

 private:
  using Stop = Attempts::Stop;
  struct SourceEnd {
    int64_t size = 0;
    uint64_t crc64 = 0;
  };

  // One stream. OK if and only if `finished` came.
  absl::Status RunStream();
  v1::PutObjectRequest MakeOpen() const;
  absl::Status TakeOpened(const v1::SessionOpened& opened);
  absl::Status SendContent(UploadStream& stream, const v1::SessionOpened& opened);
  absl::Status GoTo(UploadStream& stream, const v1::SessionOpened& opened);
  absl::Status SendChunks(UploadStream& stream, int64_t chunk_bytes);
  void AwaitRate(const UploadStream& stream, int64_t bytes);
  absl::Status SendFinish(UploadStream& stream);
  absl::StatusOr<size_t> ReadSource(char* buffer, size_t capacity);

  // On the stream's reading thread.
  absl::Status OnFrame(const v1::PutObjectResponse& response);
  absl::Status TakeCommitted(int64_t committed_size);

  // After a stream.
  absl::StatusOr<UploadResult> TakeFinished();
  absl::Status ReadToEnd();
  absl::Status WaitToRetry(const absl::Status& cause);
  bool IsOwnLostOpen(const absl::Status& status);
  absl::Status GiveUp(const absl::Status& cause) const;

  Stop stop() const { return attempts_.stop(); }

  // Constant after construction.
  const UploadOptions options_;
  Source& source_;
  UploadObserver* const observer_;
  const std::optional<int64_t> declared_size_;
  v1::ObjectSpec spec_;
  const absl::Time start_time_;

  // Used by the thread of Run, and by the reading thread between StartReading and the end of the
  // stream where noted.
  Connection connection_;
  HashedSource content_;
  std::optional<int64_t> epoch_;                // of the last `opened`
  bool open_unanswered_ = false;                // since then an `open` may have had an effect
  int64_t committed_size_ = 0;                  // highest ever told; and reading thread
  std::optional<v1::ObjectFinished> finished_;  // by the reading thread
  std::optional<SourceEnd> end_;                // once the source was read to its end
  bool finish_sent_ = false;
  UploadResult result_;

  Attempts attempts_;
  std::atomic<int64_t> sent_end_ = 0;  // the server can have received no more than this
  std::atomic<int64_t> bytes_sent_ = 0;
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_UPLOAD_TASK_H_
