#include "client/read_errors.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"

namespace penstock::read_errors {
namespace {

using Code = absl::StatusCode;

std::string Text(int64_t number) { return absl::StrCat(number); }
std::string Crc(uint64_t crc64) { return absl::StrFormat("%016x", crc64); }

absl::Status ProtocolError(const std::string& message, const ErrorMetadata& metadata = {}) {
  return MakeError(Code::kInternal, "PROTOCOL_ERROR",
                   absl::StrCat("the server broke the protocol: ", message), metadata);
}

}  // namespace

absl::Status OffsetPastEnd(int64_t offset, int64_t size) {
  return MakeError(
      Code::kOutOfRange, "OFFSET_PAST_END",
      absl::StrCat("cannot read from offset ", offset, " on: the object has ", size, " bytes"),
      {{"offset", Text(offset)}, {"size", Text(size)}});
}

absl::Status BadLength(int64_t length) {
  return MakeError(Code::kInvalidArgument, "BAD_LENGTH",
                   absl::StrCat("expected a number of bytes, 0 or more, got ", length),
                   {{"got", Text(length)}});
}

absl::Status ObjectChanged(const v1::StoredObject& object, const std::string& expected_etag) {
  return MakeError(Code::kFailedPrecondition, "OBJECT_CHANGED",
                   absl::StrCat(object.remote(), ":", object.bucket(), "/", object.key(),
                                " is not the object that was meant: its ETag is ", object.etag(),
                                ", expected ", expected_etag),
                   {{"expected", expected_etag}, {"got", object.etag()}});
}

absl::Status WrongOpened(int64_t expected_offset, int64_t expected_length, int64_t offset,
                         int64_t length) {
  return ProtocolError(
      absl::StrCat("it was asked for ", expected_length, " bytes from offset ", expected_offset,
                   " on and announced ", length, " from offset ", offset, " on"),
      {{"expected_offset", Text(expected_offset)},
       {"expected_length", Text(expected_length)},
       {"offset", Text(offset)},
       {"length", Text(length)}});
}

absl::Status SecondOpened() { return ProtocolError("it sent `opened` twice in one call"); }

absl::Status ChunkBeforeOpened() { return ProtocolError("it sent a chunk before `opened`"); }

absl::Status ChunkNotNext(int64_t expected_offset, int64_t offset) {
  return ProtocolError(absl::StrCat("expected the bytes from offset ", expected_offset,
                                    " on, it sent those from ", offset, " on"),
                       {{"expected", Text(expected_offset)}, {"got", Text(offset)}});
}

absl::Status ChunkTooLong(int64_t end, int64_t chunk_end) {
  return ProtocolError(
      absl::StrCat("it was asked for bytes up to offset ", end, " and sent up to ", chunk_end),
      {{"expected", Text(end)}, {"got", Text(chunk_end)}});
}

absl::Status EndedEarly(int64_t offset, int64_t bytes_left) {
  return ProtocolError(absl::StrCat("it ended the call with OK at offset ", offset, ", ",
                                    bytes_left, " bytes before the end"),
                       {{"offset", Text(offset)}, {"bytes_left", Text(bytes_left)}});
}

absl::Status ChunkCorrupt(int64_t offset, uint32_t expected_crc32c, uint32_t crc32c) {
  const std::string expected = absl::StrFormat("%08x", expected_crc32c);
  const std::string got = absl::StrFormat("%08x", crc32c);
  return MakeError(
      Code::kDataLoss, "CHUNK_CORRUPT",
      absl::StrCat("the bytes at offset ", offset, " were damaged on the way: their CRC-32C is ",
                   got, ", the server sent ", expected),
      {{"offset", Text(offset)}, {"expected", expected}, {"got", got}}, absl::ZeroDuration());
}

absl::Status ReadDiffers(const v1::StoredObject& object, uint64_t crc64) {
  return MakeError(
      Code::kDataLoss, "READ_DIFFERS",
      absl::StrCat("the ", object.size(), " bytes that were read have CRC-64 ", Crc(crc64),
                   ", the object's is ", Crc(object.crc64_ecma())),
      {{"size", Text(object.size())}, {"expected", Crc(object.crc64_ecma())}, {"got", Crc(crc64)}});
}

absl::Status ReadDiffers(const absl::Status& seen_by_server) {
  return MakeError(Code::kDataLoss, "READ_DIFFERS", std::string(seen_by_server.message()),
                   ErrorMetadataOf(seen_by_server));
}

absl::Status Cancelled(int64_t received) {
  return MakeError(Code::kCancelled, "CANCELLED",
                   absl::StrCat("stopped on request; ", received, " bytes are here"),
                   {{"received", Text(received)}});
}

absl::Status NoProgress(absl::Duration limit, int64_t received, const absl::Status& cause) {
  std::string message = absl::StrCat("gave up after ", absl::FormatDuration(limit),
                                     " without progress, with ", received, " bytes received");
  ErrorMetadata metadata = {{"received", Text(received)}};
  if (!cause.ok()) {
    absl::StrAppend(&message, ". The last error was ", absl::StatusCodeToString(cause.code()), ": ",
                    cause.message());
    metadata["last_reason"] = ErrorReason(cause);
  }
  return MakeError(Code::kDeadlineExceeded, "NO_PROGRESS", message, metadata,
                   RetryDelay(cause).value_or(absl::ZeroDuration()));
}

}  // namespace penstock::read_errors
