#include "client/upload_errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"

namespace penstock::upload_errors {
namespace {

using Code = absl::StatusCode;

std::string Text(int64_t number) { return absl::StrCat(number); }
std::string Crc(uint64_t crc64) { return absl::StrFormat("%016x", crc64); }

absl::Status ProtocolError(const std::string& message, const ErrorMetadata& metadata = {}) {
  return MakeError(Code::kInternal, "PROTOCOL_ERROR",
                   absl::StrCat("the server broke the protocol: ", message), metadata);
}

absl::Status SourceChanged(const std::string& message, const ErrorMetadata& metadata) {
  return MakeError(Code::kFailedPrecondition, "SOURCE_CHANGED", message, metadata);
}

ErrorMetadata BothContents(int64_t object_size, uint64_t object_crc64, int64_t size,
                           uint64_t crc64) {
  return {{"object_size", Text(object_size)},
          {"object_crc64", Crc(object_crc64)},
          {"size", Text(size)},
          {"crc64", Crc(crc64)}};
}

}  // namespace

absl::Status CommittedSizeDecreased(int64_t before, int64_t now) {
  return ProtocolError(absl::StrCat("it had committed ", before, " bytes and now says ", now,
                                    "; a committed size must never decrease"),
                       {{"before", Text(before)}, {"now", Text(now)}});
}

absl::Status CommittedMoreThanSent(int64_t sent, int64_t committed) {
  return ProtocolError(
      absl::StrCat("it says that ", committed, " bytes are committed, but was sent only ", sent),
      {{"sent", Text(sent)}, {"committed", Text(committed)}});
}

absl::Status ResumesBelowCommitted(int64_t committed, int64_t resume_offset) {
  return ProtocolError(absl::StrCat("it wants to go on at ", resume_offset, " bytes though ",
                                    committed, " are committed"),
                       {{"committed", Text(committed)}, {"resume_offset", Text(resume_offset)}});
}

absl::Status SecondOpened() { return ProtocolError("it sent `opened` twice on one stream"); }

absl::Status EndedWithoutFinished() {
  return ProtocolError("it ended the call with OK but without `finished`");
}

absl::Status SourceDiffers(int64_t offset, uint64_t server_crc64, uint64_t source_crc64) {
  return SourceChanged(
      absl::StrCat("the first ", offset,
                   " bytes of the source are not what the server has "
                   "(CRC-64 ",
                   Crc(source_crc64), ", the server's is ", Crc(server_crc64),
                   "): the source changed since the upload began"),
      {{"offset", Text(offset)}, {"expected", Crc(server_crc64)}, {"got", Crc(source_crc64)}});
}

absl::Status SourceTooShort(int64_t server_has, int64_t source_has) {
  return SourceChanged(absl::StrCat("the server has ", server_has, " bytes, the source only ",
                                    source_has, ": it is not the one the upload began with"),
                       {{"expected", Text(server_has)}, {"got", Text(source_has)}});
}

absl::Status SourceSizeChanged(int64_t declared, int64_t got) {
  return SourceChanged(absl::StrCat("the source was said to have ", declared, " bytes, it gave ",
                                    got, ": nothing was published"),
                       {{"expected", Text(declared)}, {"got", Text(got)}});
}

absl::Status SourceNotAsExpected(uint64_t expected_crc64, uint64_t crc64) {
  return SourceChanged(absl::StrCat("the source was said to have CRC-64 ", Crc(expected_crc64),
                                    ", it has ", Crc(crc64), ": nothing was published"),
                       {{"expected", Crc(expected_crc64)}, {"got", Crc(crc64)}});
}

absl::Status FinishedWithOtherSize(int64_t object_size, int64_t size) {
  return SourceChanged(absl::StrCat("under this token an object of ", object_size,
                                    " bytes was finished before; the source has ", size,
                                    ". Use another token for other content"),
                       {{"object_size", Text(object_size)}, {"size", Text(size)}});
}

absl::Status FinishedWithOtherContent(int64_t object_size, uint64_t object_crc64, int64_t size,
                                      uint64_t crc64) {
  return SourceChanged(
      absl::StrCat("under this token an object of ", object_size, " bytes (CRC-64 ",
                   Crc(object_crc64), ") was finished before; the source has ", size,
                   " bytes (CRC-64 ", Crc(crc64), "). Use another token for other content"),
      BothContents(object_size, object_crc64, size, crc64));
}

absl::Status ReplayBufferTooSmall(int64_t needed, int64_t has) {
  return MakeError(Code::kFailedPrecondition, "REPLAY_BUFFER_TOO_SMALL",
                   absl::StrCat("the server may ask for the last ", needed,
                                " bytes again, the replay buffer holds ", has),
                   {{"needed", Text(needed)}, {"has", Text(has)}});
}

absl::Status ObjectDiffers(int64_t object_size, uint64_t object_crc64, int64_t size,
                           uint64_t crc64) {
  return MakeError(
      Code::kDataLoss, "CHECKSUM_MISMATCH",
      absl::StrCat("the object has ", object_size, " bytes and CRC-64 ", Crc(object_crc64),
                   ", but ", size, " bytes of CRC-64 ", Crc(crc64), " were sent"),
      BothContents(object_size, object_crc64, size, crc64));
}

absl::Status Cancelled(int64_t committed_size) {
  return MakeError(Code::kCancelled, "CANCELLED",
                   absl::StrCat("stopped on request; ", committed_size, " bytes are committed"),
                   {{"committed_size", Text(committed_size)}});
}

absl::Status NoProgress(absl::Duration limit, int64_t committed_size, const absl::Status& cause) {
  std::string message =
      absl::StrCat("gave up after ", absl::FormatDuration(limit), " without progress, with ",
                   committed_size, " bytes committed");
  ErrorMetadata metadata = {{"committed_size", Text(committed_size)}};
  if (!cause.ok()) {
    absl::StrAppend(&message, ". The last error was ", absl::StatusCodeToString(cause.code()), ": ",
                    cause.message());
    metadata["last_reason"] = ErrorReason(cause);
  }
  return MakeError(Code::kDeadlineExceeded, "NO_PROGRESS", message, metadata,
                   RetryDelay(cause).value_or(absl::ZeroDuration()));
}

}  // namespace penstock::upload_errors
