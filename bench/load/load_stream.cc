#include "bench/load/load_stream.h"

#include <utility>

#include "bench/load/frames.h"

namespace penstock::bench {
namespace {

constexpr char kMethod[] = "/penstock.v1.PutService/PutObject";

// Frames that are smaller go out together with the one that follows at once.
constexpr int64_t kSmall = 64 * 1024;

grpc::WriteOptions Hint(bool more_follows) {
  grpc::WriteOptions options;
  if (more_follows) options.set_buffer_hint();
  return options;
}

}  // namespace

std::shared_ptr<LoadStream> LoadStream::Start(grpc::GenericStub& stub, const Content& content,
                                              StreamPlan plan, StreamEvents events) {
  std::shared_ptr<LoadStream> stream(new LoadStream(content, std::move(plan), std::move(events)));
  stream->self_ = stream;
  stub.PrepareBidiStreamingCall(&stream->context_, kMethod, grpc::StubOptions(), stream.get());
  v1::PutObjectRequest request;
  *request.mutable_open() = stream->plan_.open;
  {
    MutexLock lock(&stream->mutex_);
    stream->message_ = MessageOf(request);
    stream->StartWrite(&stream->message_, Hint(stream->may_send_));
  }
  stream->StartRead(&stream->response_);
  stream->StartCall();
  return stream;
}

LoadStream::LoadStream(const Content& content, StreamPlan plan, StreamEvents events)
    : content_(content),
      plan_(std::move(plan)),
      events_(std::move(events)),
      may_send_(plan_.sends_at_once) {}

int64_t LoadStream::sent_bytes() const {
  MutexLock lock(&mutex_);
  return result_.sent_bytes;
}

double LoadStream::Elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void LoadStream::OnReadDone(bool ok) {
  v1::PutObjectResponse response;
  if (!ok) return;
  const bool parsed = ParseResponse(response_, response);
  response_.Clear();
  if (!parsed) {
    Cancel();
  } else if (response.has_opened()) {
    TakeOpened(response.opened());
  } else if (response.has_finished()) {
    TakeFinished(response.finished().object());
  } else if (response.has_progress() && events_.on_progress) {
    events_.on_progress(response.progress());
  }
  StartRead(&response_);
}

void LoadStream::TakeOpened(const v1::SessionOpened& opened) {
  {
    MutexLock lock(&mutex_);
    result_.open_seconds = Elapsed();
    if (!may_send_) {
      may_send_ = true;
      offset_ = opened.resume_offset();
      if (!writing_) SendNext();
    }
  }
  if (events_.on_opened) events_.on_opened(opened);
}

void LoadStream::TakeFinished(const v1::StoredObject& object) {
  MutexLock lock(&mutex_);
  right_ =
      object.size() == plan_.end && object.has_crc64_ecma() && object.crc64_ecma() == plan_.crc64;
}

void LoadStream::OnWriteDone(bool ok) {
  bool sent = false;
  {
    MutexLock lock(&mutex_);
    writing_ = false;
    message_.Clear();
    if (!ok) return;
    result_.sent_bytes += std::exchange(in_flight_, 0);
    sent = finished_sending_;
    if (may_send_ && !sent) {
      SendNext();
      sent = finished_sending_ && !writing_;
    }
  }
  if (sent && events_.on_sent) events_.on_sent();
}

void LoadStream::SendNext() {
  if (TooEarly()) {
    SendLater();
  } else if (offset_ < plan_.end) {
    SendChunk();
  } else {
    SendLast();
  }
}

bool LoadStream::TooEarly() const {
  return plan_.rate > 0 &&
         static_cast<double>(offset_) > Elapsed() * static_cast<double>(plan_.rate);
}

// The stream is held until the alarm has gone off: it may break before.
void LoadStream::SendLater() {
  writing_ = true;
  AddHold();
  const double due = static_cast<double>(offset_) / static_cast<double>(plan_.rate);
  next_chunk_.Set(
      std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::microseconds>(
                                             std::chrono::duration<double>(due - Elapsed())),
      [this](bool) { OnTime(); });
}

void LoadStream::OnTime() {
  {
    MutexLock lock(&mutex_);
    writing_ = false;
    SendNext();
  }
  RemoveHold();
}

void LoadStream::SendChunk() {
  const std::string_view piece = content_.At(offset_, plan_.end, content_.piece_size());
  message_ = ChunkMessage(offset_, piece);
  in_flight_ = static_cast<int64_t>(piece.size());
  offset_ += in_flight_;
  const bool more_follows = offset_ == plan_.end && plan_.then != StreamPlan::Then::kHold;
  writing_ = true;
  StartWrite(&message_, Hint(more_follows && in_flight_ < kSmall));
}

void LoadStream::SendLast() {
  finished_sending_ = true;
  if (plan_.then == StreamPlan::Then::kHold) return;
  v1::PutObjectRequest request;
  writing_ = true;
  if (plan_.then == StreamPlan::Then::kFlush) {
    request.mutable_flush();
    message_ = MessageOf(request);
    StartWrite(&message_);
    return;
  }
  request.mutable_finish()->set_total_size(plan_.end);
  request.mutable_finish()->set_crc64_ecma(plan_.crc64);
  message_ = MessageOf(request);
  StartWriteLast(&message_, grpc::WriteOptions());
}

void LoadStream::OnDone(const grpc::Status& status) {
  StreamResult result;
  {
    MutexLock lock(&mutex_);
    result = result_;
    result.seconds = Elapsed();
    result.wrong = status.ok() && !right_;
  }
  result.status = status;
  const std::shared_ptr<LoadStream> self = std::move(self_);
  if (events_.on_done) events_.on_done(result);
}

}  // namespace penstock::bench
