#include "client/upload_task.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/upload_errors.h"

namespace penstock {
namespace {

constexpr int64_t kMaxChunkBytes = int64_t{1} << 20;

// With a limit on the rate. Smaller chunks than the least would cost more than they carry.
constexpr int64_t kChunksPerSecond = 8;
constexpr int64_t kMinChunkBytes = 1024;

UploadOptions Checked(UploadOptions options) {
  options.chunk_bytes = std::clamp<int64_t>(options.chunk_bytes, 1, kMaxChunkBytes);
  if (options.limit != nullptr) {
    const int64_t even = std::max(options.limit->rate() / kChunksPerSecond, kMinChunkBytes);
    options.chunk_bytes = std::min(options.chunk_bytes, even);
  }
  return options;
}

}  // namespace

UploadTask::UploadTask(Connection connection, Source& source, v1::ObjectSpec spec,
                       UploadOptions options, UploadObserver* observer)
    : options_(Checked(std::move(options))),
      source_(source),
      observer_(observer),
      declared_size_(source.size()),
      spec_(std::move(spec)),
      start_time_(absl::Now()),
      connection_(std::move(connection)),
      content_(source),
      attempts_(options_, [this] { source_.Interrupt(); }) {
  if (declared_size_.has_value()) spec_.set_total_size(*declared_size_);
}

absl::StatusOr<UploadResult> UploadTask::Run() {
  attempts_.Watch();
  while (true) {
    const absl::Status status = RunStream();
    if (finished_.has_value()) return TakeFinished();
    PENSTOCK_RETURN_IF_ERROR(WaitToRetry(status));
  }
}

void UploadTask::Cancel() { attempts_.Cancel(); }

absl::StatusOr<UploadResult> UploadTask::TakeFinished() {
  const v1::StoredObject& object = finished_->object();
  if (finished_->replayed() && declared_size_.has_value() && *declared_size_ != object.size()) {
    return upload_errors::FinishedWithOtherSize(object.size(), *declared_size_);
  }
  if (absl::Status status = ReadToEnd(); !status.ok()) {
    return stop() == Stop::kCancelled ? upload_errors::Cancelled(object.size()) : status;
  }
  const bool same = object.size() == end_->size &&
                    (!object.has_crc64_ecma() || object.crc64_ecma() == end_->crc64);
  if (!same) {
    const auto differs = finished_->replayed() ? upload_errors::FinishedWithOtherContent
                                               : upload_errors::ObjectDiffers;
    return differs(object.size(), object.crc64_ecma(), end_->size, end_->crc64);
  }
  result_.object = object;
  result_.replayed = finished_->replayed();
  result_.size = end_->size;
  result_.crc64 = end_->crc64;
  result_.bytes_sent = bytes_sent_;
  result_.elapsed = absl::Now() - start_time_;
  if (observer_ != nullptr) observer_->OnFinished(result_);
  return result_;
}

// The server may know the end before we do: then the source has only to be compared.
absl::Status UploadTask::ReadToEnd() {
  if (end_.has_value()) return absl::OkStatus();
  attempts_.clock().OnProgress();
  attempts_.clock().OnOwnWait(true);  // nothing depends on the server any more
  PENSTOCK_RETURN_IF_ERROR(content_.MoveTo(content_.position(), [] { return absl::OkStatus(); }));
  std::string buffer(static_cast<size_t>(kMaxChunkBytes), '\0');
  while (true) {
    if (stop() == Stop::kCancelled) return upload_errors::Cancelled(committed_size_);
    PENSTOCK_ASSIGN_OR_RETURN(const size_t count, content_.Read(buffer.data(), buffer.size()));
    if (count == 0) break;
    content_.Release(content_.position());  // makes room
  }
  PENSTOCK_RETURN_IF_ERROR(source_.CheckUnchanged());
  end_ = SourceEnd{content_.position(), content_.crc64()};
  return absl::OkStatus();
}

// OK: open again.
absl::Status UploadTask::WaitToRetry(const absl::Status& cause) {
  if (stop() == Stop::kCancelled) return upload_errors::Cancelled(committed_size_);
  if (stop() == Stop::kStalled) return GiveUp(absl::OkStatus());
  if (cause.ok()) return upload_errors::EndedWithoutFinished();
  if (!IsOwnLostOpen(cause) && !CanTryAgain(cause)) return cause;

  const std::optional<TransferRetry> retry = attempts_.Plan(cause, connection_);
  if (!retry.has_value()) return GiveUp(cause);
  ++result_.retry_count;
  if (observer_ != nullptr) observer_->OnRetry(*retry);
  attempts_.Wait(retry->delay);
  if (stop() == Stop::kCancelled) return upload_errors::Cancelled(committed_size_);
  if (stop() == Stop::kStalled) return GiveUp(cause);
  return absl::OkStatus();
}

// An `open` of ours whose answer was lost raised the epoch by one, and the next one is then refused
// because of it. (Opens sent meanwhile with the same expected epoch raised nothing.) If the one
// beyond was somebody else's after all, we take over from them as a newly started client would.
bool UploadTask::IsOwnLostOpen(const absl::Status& status) {
  if (ErrorReason(status) != "STALE_OPEN" || !open_unanswered_ || !epoch_.has_value()) return false;
  const ErrorMetadata metadata = ErrorMetadataOf(status);
  const auto told = metadata.find("epoch");
  int64_t epoch = 0;
  if (told == metadata.end() || !absl::SimpleAtoi(told->second, &epoch)) return false;
  if (epoch != *epoch_ + 1) return false;
  epoch_ = epoch;
  open_unanswered_ = false;
  return true;
}

absl::Status UploadTask::GiveUp(const absl::Status& cause) const {
  return upload_errors::NoProgress(options_.give_up_after, committed_size_, cause);
}

}  // namespace penstock
