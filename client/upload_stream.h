#ifndef PENSTOCK_CLIENT_UPLOAD_STREAM_H_
#define PENSTOCK_CLIENT_UPLOAD_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "penstock/v1/put.grpc.pb.h"

namespace penstock {

// One PutObject call: written by one thread, read by its own.
//
//   UploadStream stream(stub);
//   opened = stream.Open(open);
//   stream.StartReading(on_frame, on_end);
//   while (stream.Write(frame)) ...
//   status = stream.End();
//
// Everything but Cancel and ended is for one thread.
class UploadStream {
 public:
  explicit UploadStream(v1::PutService::Stub& stub);
  UploadStream(const UploadStream&) = delete;
  UploadStream& operator=(const UploadStream&) = delete;
  ~UploadStream();  // cancels and ends the call if need be

  // Sends `open` and waits for the answer. An error is the end of the call.
  absl::StatusOr<v1::SessionOpened> Open(const v1::PutObjectRequest& open);

  // Hands every further frame to `on_frame`, and calls `on_end` after the last; both on the reading
  // thread. An error of `on_frame` ends the call. REQUIRES: Open succeeded.
  void StartReading(std::function<absl::Status(const v1::PutObjectResponse&)> on_frame,
                    std::function<void()> on_end);

  // Sends one frame; waits while the server takes nothing. False: the call has ended or will.
  bool Write(const v1::PutObjectRequest& frame) { return stream_->Write(frame); }

  // No more frames will come.
  bool ended() const { return ended_; }

  // Waits for the end of the call and returns its status, or the error of `on_frame`.
  absl::Status End();

  // Ends the call at once. From any thread, at any time.
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::PutObjectRequest, v1::PutObjectResponse>> stream_;
  std::thread reader_;
  std::atomic<bool> ended_ = false;
  absl::Status frame_error_;            // written by reader_, read after it has ended
  std::optional<absl::Status> status_;  // of the call, once it has ended
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_UPLOAD_STREAM_H_
