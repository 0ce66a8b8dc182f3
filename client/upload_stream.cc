#include "client/upload_stream.h"

#include <utility>

#include "base/error.h"
#include "client/connection.h"

namespace penstock {

UploadStream::UploadStream(v1::PutService::Stub& stub) : stream_(stub.PutObject(&context_)) {}

UploadStream::~UploadStream() {
  if (status_.has_value()) return;
  Cancel();
  static_cast<void>(End());
}

absl::StatusOr<v1::SessionOpened> UploadStream::Open(const v1::PutObjectRequest& open) {
  v1::PutObjectResponse response;
  if (stream_->Write(open) && stream_->Read(&response)) {
    if (response.has_opened()) return std::move(*response.mutable_opened());
    Cancel();
    static_cast<void>(End());
    return MakeError(absl::StatusCode::kInternal, "PROTOCOL_ERROR",
                     "the server's first frame must be `opened`, another came");
  }
  absl::Status status = End();
  if (!status.ok()) return status;
  return MakeError(absl::StatusCode::kInternal, "PROTOCOL_ERROR",
                   "the server ended the call with OK before it answered `open`");
}

void UploadStream::StartReading(std::function<absl::Status(const v1::PutObjectResponse&)> on_frame,
                                std::function<void()> on_end) {
  reader_ = std::thread([this, on_frame = std::move(on_frame), on_end = std::move(on_end)] {
    v1::PutObjectResponse response;
    while (frame_error_.ok() && stream_->Read(&response)) {
      frame_error_ = on_frame(response);
      if (!frame_error_.ok()) Cancel();
    }
    ended_ = true;
    on_end();
  });
}

absl::Status UploadStream::End() {
  if (status_.has_value()) return *status_;
  if (reader_.joinable()) reader_.join();
  status_ = ToStatus(stream_->Finish(), context_);
  if (!frame_error_.ok()) status_ = frame_error_;
  ended_ = true;
  return *status_;
}

}  // namespace penstock
