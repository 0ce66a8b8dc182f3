// One stream of a Put: from `open` to its end.

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/upload_errors.h"
#include "client/upload_task.h"

namespace penstock {
namespace {

// How late the end of a stream is noticed while the rate is waited for.
constexpr absl::Duration kLongestNap = absl::Milliseconds(250);

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Nanoseconds(google::protobuf::util::TimeUtil::DurationToNanoseconds(duration));
}

}  // namespace

absl::Status UploadTask::RunStream() {
  UploadStream stream(connection_.stub());
  if (!attempts_.BeginCall([&stream] { stream.Cancel(); })) return absl::CancelledError();
  const auto forget = absl::MakeCleanup([this] { attempts_.EndCall(); });

  const absl::StatusOr<v1::SessionOpened> opened = stream.Open(MakeOpen());
  if (!opened.ok()) {
    open_unanswered_ = open_unanswered_ || ErrorReason(opened.status()) != "STALE_OPEN";
    return opened.status();
  }
  PENSTOCK_RETURN_IF_ERROR(TakeOpened(*opened));
  stream.StartReading([this](const v1::PutObjectResponse& response) { return OnFrame(response); },
                      [this] { source_.Interrupt(); });
  if (absl::Status status = SendContent(stream, *opened); !status.ok()) {
    stream.Cancel();
    static_cast<void>(stream.End());
    return status;
  }
  return stream.End();
}

v1::PutObjectRequest UploadTask::MakeOpen() const {
  v1::PutObjectRequest request;
  v1::OpenSession& open = *request.mutable_open();
  open.set_session_token(options_.session_token);
  *open.mutable_object() = spec_;
  open.set_replay_buffer_bytes(source_.replay_buffer_bytes());
  if (epoch_.has_value()) open.set_expect_epoch(*epoch_);
  if (committed_size_ > 0) {
    // A session that expired, or ended and began anew, would start at 0 and lose what was promised.
    open.set_mode(v1::OPEN_MODE_RESUME);
    open.set_ended_policy(v1::ENDED_POLICY_REPLAY);
  } else {
    open.set_mode(v1::OPEN_MODE_CREATE_OR_RESUME);
    open.set_ended_policy(options_.ended_policy);
  }
  return request;
}

absl::Status UploadTask::TakeOpened(const v1::SessionOpened& opened) {
  const v1::Session& session = opened.session();
  epoch_ = session.epoch();
  open_unanswered_ = false;
  if (result_.session_id.empty()) result_.resumed_from = opened.resume_offset();
  result_.session_id = session.session_id();
  if (opened.resume_offset() < session.committed_size()) {
    return upload_errors::ResumesBelowCommitted(session.committed_size(), opened.resume_offset());
  }
  sent_end_ = opened.resume_offset();
  PENSTOCK_RETURN_IF_ERROR(TakeCommitted(session.committed_size()));
  const int64_t replay = source_.replay_buffer_bytes();
  if (replay > 0 && opened.max_unacked_bytes() > replay) {
    return upload_errors::ReplayBufferTooSmall(opened.max_unacked_bytes(), replay);
  }
  if (observer_ != nullptr) {
    observer_->OnOpened({connection_.address(), session.session_id(), session.state(),
                         opened.resumed(), session.committed_size(), opened.resume_offset(),
                         session.part_size(), opened.max_unacked_bytes(), bytes_sent_});
  }
  return absl::OkStatus();
}

// OK: `finish` was sent, or the stream has ended and its status tells. An error is the source's.
absl::Status UploadTask::SendContent(UploadStream& stream, const v1::SessionOpened& opened) {
  if (opened.session().state() == v1::Session::STATE_FINISHED) return absl::OkStatus();
  if (declared_size_.has_value() && opened.resume_offset() > *declared_size_) {
    return upload_errors::SourceTooShort(opened.resume_offset(), *declared_size_);
  }
  int64_t chunk_bytes = options_.chunk_bytes;
  if (opened.max_chunk_bytes() > 0) {
    chunk_bytes = std::min<int64_t>(chunk_bytes, opened.max_chunk_bytes());
  }
  absl::Status status = GoTo(stream, opened);
  if (status.ok()) status = SendChunks(stream, chunk_bytes);
  if (status.ok()) return status;
  // A wait for the source is cut short by the end of the stream: then that is the news.
  return ErrorReason(status) == "INTERRUPTED" ? absl::OkStatus() : status;
}

// Brings the source to where the server goes on, and proves that both have the same bytes below.
absl::Status UploadTask::GoTo(UploadStream& stream, const v1::SessionOpened& opened) {
  const int64_t offset = opened.resume_offset();
  const absl::Duration sign_of_life =
      std::max(FromProto(opened.idle_timeout()) / 4, absl::Seconds(1));
  absl::Time next_sign = absl::Now() + sign_of_life;
  v1::PutObjectRequest empty_chunk;
  empty_chunk.mutable_chunk()->set_offset(offset);
  const auto go_on = [&] {
    // Also after an Interrupt that came before the source was told where to go.
    if (stream.ended() || stop() != Stop::kNone) return absl::CancelledError();
    if (absl::Now() >= next_sign) {
      next_sign = absl::Now() + sign_of_life;
      stream.Write(empty_chunk);
    }
    return absl::OkStatus();
  };
  attempts_.clock().OnOwnWait(true);
  const absl::Status moved = content_.MoveTo(offset, go_on);
  attempts_.clock().OnOwnWait(false);
  if (absl::IsCancelled(moved)) return absl::OkStatus();
  PENSTOCK_RETURN_IF_ERROR(moved);
  if (content_.crc64() == opened.resume_crc64_ecma()) return absl::OkStatus();
  return upload_errors::SourceDiffers(offset, opened.resume_crc64_ecma(), content_.crc64());
}

absl::Status UploadTask::SendChunks(UploadStream& stream, int64_t chunk_bytes) {
  v1::PutObjectRequest request;
  v1::ObjectChunk& chunk = *request.mutable_chunk();
  std::string& data = *chunk.mutable_data();
  while (!stream.ended() && stop() == Stop::kNone) {
    data.resize(static_cast<size_t>(chunk_bytes));
    const int64_t offset = content_.position();
    PENSTOCK_ASSIGN_OR_RETURN(const size_t count, ReadSource(data.data(), data.size()));
    if (count == 0) return SendFinish(stream);
    data.resize(count);
    if (content_.position() > declared_size_.value_or(content_.position())) {
      return upload_errors::SourceSizeChanged(*declared_size_, content_.position());
    }
    chunk.set_offset(offset);
    chunk.set_crc32c(Crc32c(data));
    sent_end_ = content_.position();
    AwaitRate(stream, static_cast<int64_t>(count));
    if (!stream.Write(request)) return absl::OkStatus();
    bytes_sent_ += static_cast<int64_t>(count);
  }
  return absl::OkStatus();
}

// Waits until the rate allows so many bytes more, unless the stream or the Put ends before.
void UploadTask::AwaitRate(const UploadStream& stream, int64_t bytes) {
  if (options_.limit == nullptr) return;
  attempts_.clock().OnOwnWait(true);
  absl::Duration left = options_.limit->Take(bytes);
  while (left > absl::ZeroDuration() && !stream.ended() && stop() == Stop::kNone) {
    attempts_.Wait(std::min(left, kLongestNap));
    left -= kLongestNap;
  }
  if (left > absl::ZeroDuration()) options_.limit->Return(bytes);  // it is not sent
  attempts_.clock().OnOwnWait(false);
}

absl::Status UploadTask::SendFinish(UploadStream& stream) {
  PENSTOCK_RETURN_IF_ERROR(source_.CheckUnchanged());
  if (content_.position() != declared_size_.value_or(content_.position())) {
    return upload_errors::SourceSizeChanged(*declared_size_, content_.position());
  }
  if (content_.crc64() != options_.expected_crc64.value_or(content_.crc64())) {
    return upload_errors::SourceNotAsExpected(*options_.expected_crc64, content_.crc64());
  }
  end_ = SourceEnd{content_.position(), content_.crc64()};
  v1::PutObjectRequest request;
  request.mutable_finish()->set_total_size(end_->size);
  request.mutable_finish()->set_crc64_ecma(end_->crc64);
  stream.Write(request);
  // Publishing is work that shows no progress: it gets its time once, not with every attempt.
  if (!std::exchange(finish_sent_, true)) attempts_.clock().OnProgress();
  return absl::OkStatus();
}

absl::StatusOr<size_t> UploadTask::ReadSource(char* buffer, size_t capacity) {
  source_.AwaitRoom();  // the server's turn: this wait counts
  attempts_.clock().OnOwnWait(true);
  absl::StatusOr<size_t> count = content_.Read(buffer, capacity);
  attempts_.clock().OnOwnWait(false);
  return count;
}

absl::Status UploadTask::OnFrame(const v1::PutObjectResponse& response) {
  switch (response.frame_case()) {
    case v1::PutObjectResponse::kOpened:
      return upload_errors::SecondOpened();
    case v1::PutObjectResponse::kProgress: {
      const v1::Progress& progress = response.progress();
      PENSTOCK_RETURN_IF_ERROR(TakeCommitted(progress.committed_size()));
      if (observer_ != nullptr) {
        observer_->OnProgress({progress.committed_size(), progress.received_size(), bytes_sent_});
      }
      return absl::OkStatus();
    }
    case v1::PutObjectResponse::kDraining: {
      const v1::ServerDraining& draining = response.draining();
      PENSTOCK_RETURN_IF_ERROR(TakeCommitted(draining.committed_size()));
      if (observer_ != nullptr) {
        observer_->OnDraining({draining.committed_size(), FromProto(draining.retry_delay())});
      }
      return absl::OkStatus();
    }
    case v1::PutObjectResponse::kFinished:
      finished_ = response.finished();
      return absl::OkStatus();
    default:
      return absl::OkStatus();  // of a newer server, and not needed to put an object
  }
}

absl::Status UploadTask::TakeCommitted(int64_t committed_size) {
  if (committed_size < committed_size_) {
    return upload_errors::CommittedSizeDecreased(committed_size_, committed_size);
  }
  if (committed_size > sent_end_) {
    return upload_errors::CommittedMoreThanSent(sent_end_, committed_size);
  }
  if (committed_size == committed_size_) return absl::OkStatus();
  committed_size_ = committed_size;
  content_.Release(committed_size);
  attempts_.OnProgress();
  return absl::OkStatus();
}

}  // namespace penstock
