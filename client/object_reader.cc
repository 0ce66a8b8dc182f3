#include "client/object_reader.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/read_errors.h"

namespace penstock {
namespace {

constexpr absl::Duration kDescribeTimeout = absl::Seconds(30);

}  // namespace

struct ObjectReader::Call {
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::ReadObjectResponse>> stream;
  bool opened = false;
  bool ended = false;  // by the server: its status is there
};

ObjectReader::ObjectReader(Connection connection, v1::ObjectName name, ReadOptions options,
                           ReadObserver* observer)
    : name_(std::move(name)),
      options_(std::move(options)),
      observer_(observer),
      connection_(std::move(connection)),
      attempts_(options_, [] {}) {
  // The clock runs only inside Open and Read: what the caller does in between takes its own time.
  attempts_.clock().OnOwnWait(true);
}

ObjectReader::~ObjectReader() { static_cast<void>(EndCall()); }

absl::StatusOr<ObjectRange> ObjectReader::Open() {
  attempts_.Watch();
  attempts_.clock().OnOwnWait(false);
  const auto rest = absl::MakeCleanup([this] { attempts_.clock().OnOwnWait(true); });
  while (true) {
    const absl::Status status = Describe();
    if (status.ok()) return range_;
    PENSTOCK_RETURN_IF_ERROR(WaitToRetry(status));
  }
}

absl::StatusOr<std::string_view> ObjectReader::Read() {
  // Nothing is read meanwhile: flow control holds the server.
  attempts_.Wait(std::exchange(hold_, absl::ZeroDuration()));
  attempts_.clock().OnOwnWait(false);
  const auto rest = absl::MakeCleanup([this] { attempts_.clock().OnOwnWait(true); });
  if (position_ == range_.length) {
    PENSTOCK_RETURN_IF_ERROR(EndOfRange());
    return std::string_view();
  }
  while (true) {
    const absl::StatusOr<std::string_view> bytes = ReadFrame();
    if (bytes.ok()) return bytes;
    static_cast<void>(EndCall());
    PENSTOCK_RETURN_IF_ERROR(WaitToRetry(bytes.status()));
  }
}

void ObjectReader::SeekTo(int64_t position) {
  if (position == position_) return;
  static_cast<void>(EndCall());
  position_ = position;
}

absl::Status ObjectReader::Describe() {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kDescribeTimeout));
  if (!attempts_.BeginCall([&context] { context.TryCancel(); })) return absl::CancelledError();
  const auto end = absl::MakeCleanup([this] { attempts_.EndCall(); });
  v1::StatObjectRequest request;
  *request.mutable_object() = name_;
  v1::StatObjectResponse response;
  const grpc::Status status = connection_.objects().StatObject(&context, request, &response);
  PENSTOCK_RETURN_IF_ERROR(ToStatus(status, context));
  attempts_.OnProgress();
  return TakeDescription(response.object());
}

absl::Status ObjectReader::TakeDescription(const v1::StoredObject& object) {
  if (!options_.if_match.empty() && object.etag() != options_.if_match) {
    return read_errors::ObjectChanged(object, options_.if_match);
  }
  if (options_.length.value_or(0) < 0) return read_errors::BadLength(*options_.length);
  if (options_.offset > object.size()) {
    return read_errors::OffsetPastEnd(options_.offset, object.size());
  }
  range_.object = object;
  range_.offset = options_.offset >= 0 ? options_.offset
                                       : std::max<int64_t>(object.size() + options_.offset, 0);
  const int64_t rest = object.size() - range_.offset;
  range_.length = std::min(options_.length.value_or(rest), rest);
  return absl::OkStatus();
}

absl::Status ObjectReader::BeginCall() {
  auto call = std::make_unique<Call>();
  if (!attempts_.BeginCall([context = &call->context] { context->TryCancel(); })) {
    return absl::CancelledError();
  }
  v1::ReadObjectRequest request;
  *request.mutable_object() = name_;
  request.set_offset(range_.offset + position_);
  request.set_length(range_.length - position_);
  request.set_if_match(range_.object.etag());
  call->stream = connection_.objects().ReadObject(&call->context, request);
  call_ = std::move(call);
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> ObjectReader::ReadFrame() {
  if (call_ == nullptr) PENSTOCK_RETURN_IF_ERROR(BeginCall());
  while (call_->stream->Read(&response_)) {
    if (response_.has_opened()) PENSTOCK_RETURN_IF_ERROR(TakeOpened(response_.opened()));
    if (!response_.has_chunk()) continue;  // of a newer server, and not needed to read
    PENSTOCK_RETURN_IF_ERROR(TakeChunk(response_.chunk()));
    if (!response_.chunk().data().empty()) return response_.chunk().data();
  }
  call_->ended = true;
  PENSTOCK_RETURN_IF_ERROR(EndCall());
  return read_errors::EndedEarly(range_.offset + position_, range_.length - position_);
}

absl::Status ObjectReader::TakeOpened(const v1::ObjectOpened& opened) {
  if (std::exchange(call_->opened, true)) return read_errors::SecondOpened();
  const int64_t offset = range_.offset + position_;
  const int64_t length = range_.length - position_;
  if (opened.object().etag() != range_.object.etag()) {
    return read_errors::ObjectChanged(opened.object(), range_.object.etag());
  }
  if (opened.offset() != offset || opened.length() != length) {
    return read_errors::WrongOpened(offset, length, opened.offset(), opened.length());
  }
  if (observer_ != nullptr) observer_->OnOpened({connection_.address(), position_});
  return absl::OkStatus();
}

absl::Status ObjectReader::TakeChunk(const v1::ObjectChunk& chunk) {
  if (!call_->opened) return read_errors::ChunkBeforeOpened();
  const auto size = static_cast<int64_t>(chunk.data().size());
  const int64_t offset = range_.offset + position_;
  if (chunk.offset() != offset) return read_errors::ChunkNotNext(offset, chunk.offset());
  if (size > range_.length - position_) {
    return read_errors::ChunkTooLong(range_.offset + range_.length, offset + size);
  }
  if (const uint32_t crc32c = Crc32c(chunk.data());
      chunk.has_crc32c() && chunk.crc32c() != crc32c) {
    return read_errors::ChunkCorrupt(offset, chunk.crc32c(), crc32c);
  }
  if (size == 0) return absl::OkStatus();
  position_ += size;
  if (options_.limit != nullptr) hold_ = options_.limit->Take(size);
  attempts_.OnProgress();
  return absl::OkStatus();
}

// All bytes are here. What the call ends with matters only where it says that they are wrong.
absl::Status ObjectReader::EndOfRange() {
  if (call_ == nullptr) return absl::OkStatus();
  while (call_->stream->Read(&response_)) {
    if (!response_.has_chunk()) continue;
    PENSTOCK_RETURN_IF_ERROR(TakeChunk(response_.chunk()));  // it can only be empty
  }
  call_->ended = true;
  const absl::Status status = EndCall();
  if (attempts_.stop() == Attempts::Stop::kCancelled) return read_errors::Cancelled(position_);
  if (ErrorReason(status) == "CHECKSUM_MISMATCH") return read_errors::ReadDiffers(status);
  return CanTryAgain(status) ? absl::OkStatus() : status;
}

absl::Status ObjectReader::EndCall() {
  if (call_ == nullptr) return absl::OkStatus();
  if (!call_->ended) call_->context.TryCancel();
  const absl::Status status = ToStatus(call_->stream->Finish(), call_->context);
  attempts_.EndCall();
  call_.reset();
  return status;
}

// OK: ask again.
absl::Status ObjectReader::WaitToRetry(const absl::Status& cause) {
  const auto stopped = [&](const absl::Status& last) {
    switch (attempts_.stop()) {
      case Attempts::Stop::kCancelled:
        return read_errors::Cancelled(position_);
      case Attempts::Stop::kStalled:
        return read_errors::NoProgress(options_.give_up_after, position_, last);
      default:
        return absl::OkStatus();
    }
  };
  PENSTOCK_RETURN_IF_ERROR(stopped(absl::OkStatus()));
  if (ErrorReason(cause) == "CHECKSUM_MISMATCH") return read_errors::ReadDiffers(cause);
  if (!CanTryAgain(cause)) return cause;
  const std::optional<TransferRetry> retry = attempts_.Plan(cause, connection_);
  if (!retry.has_value()) {
    return read_errors::NoProgress(options_.give_up_after, position_, cause);
  }
  ++retry_count_;
  if (observer_ != nullptr) observer_->OnRetry(*retry);
  attempts_.Wait(retry->delay);
  return stopped(cause);
}

}  // namespace penstock
