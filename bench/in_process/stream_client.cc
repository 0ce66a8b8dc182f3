#include "bench/in_process/stream_client.h"

#include <utility>
#include <variant>

#include "base/status_macros.h"

namespace penstock::bench {

absl::Status StreamClient::Open(SessionService& service, const std::string& token, OpenFrame open) {
  PENSTOCK_RETURN_IF_ERROR(service.CheckOpen(token, open));
  PENSTOCK_ASSIGN_OR_RETURN(const std::shared_ptr<StreamInput> input,
                            service.Start("", token, shared_from_this()));
  {
    MutexLock lock(&mutex_);
    input_ = input;
  }
  input->OnFrame(std::move(open));  // without the lock: the service may close the stream at once
  return absl::OkStatus();
}

void StreamClient::Allow(int64_t count) {
  {
    MutexLock lock(&mutex_);
    allowed_ += count;
  }
  Offer();
}

int64_t StreamClient::committed_size() {
  MutexLock lock(&mutex_);
  return committed_size_;
}

std::optional<PublishedObject> StreamClient::result() {
  MutexLock lock(&mutex_);
  return result_;
}

absl::Status StreamClient::status() {
  MutexLock lock(&mutex_);
  return closed_with_.value_or(absl::InternalError("the session does not go on"));
}

void StreamClient::Send(ServerFrame frame) {
  MutexLock lock(&mutex_);
  watch_(frame);
  if (const auto* progress = std::get_if<ProgressFrame>(&frame)) {
    committed_size_ = progress->committed_size;
  } else if (auto* finished = std::get_if<FinishedFrame>(&frame)) {
    result_ = std::move(finished->session.result);
  }
}

void StreamClient::Read() {
  {
    MutexLock lock(&mutex_);
    asked_ = true;
  }
  Offer();
}

void StreamClient::Close(const absl::Status& status) {
  MutexLock lock(&mutex_);
  closed_with_ = status;
  input_ = nullptr;
}

void StreamClient::Offer() {
  std::shared_ptr<StreamInput> input;
  std::optional<absl::StatusOr<ClientFrame>> frame;
  {
    MutexLock lock(&mutex_);
    if (!asked_ || sent_ == allowed_ || input_ == nullptr) return;
    asked_ = false;
    frame = next_(sent_++);
    if (!frame->ok()) closed_with_ = frame->status();
    input = input_;
  }
  // Without the lock: the session may ask for the next frame, or close the stream, at once.
  if (frame->ok()) {
    input->OnFrame(**std::move(frame));
  } else {
    input->OnStreamLost();
  }
}

}  // namespace penstock::bench
