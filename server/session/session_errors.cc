#include "server/session/session_errors.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"
#include "plugin/backend.h"
#include "plugin/remote.h"

namespace penstock::session_errors {
namespace {

using Code = absl::StatusCode;

// What to wait where the other side needs a moment but gives no figure.
constexpr absl::Duration kShortDelay = absl::Milliseconds(100);
constexpr absl::Duration kLongDelay = absl::Seconds(5);

std::string Text(int64_t number) { return absl::StrCat(number); }
std::string Crc(uint64_t crc64) { return absl::StrFormat("%016x", crc64); }

absl::Status Invalid(const std::string& reason, const std::string& message,
                     const ErrorMetadata& metadata = {}) {
  return MakeError(Code::kInvalidArgument, reason, message, metadata);
}

}  // namespace

absl::Status OpenExpected() {
  return Invalid("OPEN_EXPECTED", "the first frame of a stream must be `open`, another came");
}

absl::Status SecondOpen() {
  return Invalid("SECOND_OPEN", "`open` must be the first frame only, a second one came");
}

absl::Status FrameAfterFinish() {
  return Invalid("FRAME_AFTER_FINISH",
                 "`finish` must be the last frame, another came after it; the object is being "
                 "finished all the same");
}

absl::Status ObjectRequired() {
  return Invalid("OBJECT_REQUIRED",
                 "no session is known by this token: expected `open.object` to create one");
}

absl::Status TotalSizeRequired() {
  return Invalid("TOTAL_SIZE_REQUIRED", "`finish.total_size` is required, it was not set");
}

absl::Status ChunkTooLarge(int64_t limit, int64_t got) {
  return Invalid("CHUNK_TOO_LARGE",
                 absl::StrCat("a chunk may have at most ", limit, " bytes, one of ", got, " came"),
                 {{"max_chunk_bytes", Text(limit)}, {"got", Text(got)}});
}

absl::Status NegativeOffset(int64_t got) {
  return Invalid("NEGATIVE_OFFSET",
                 absl::StrCat("a chunk's offset must not be negative, ", got, " came"),
                 {{"got", Text(got)}});
}

absl::Status BadTotalSize(int64_t got) {
  return Invalid("BAD_TOTAL_SIZE",
                 absl::StrCat("`object.total_size` must not be negative, ", got, " came"),
                 {{"got", Text(got)}});
}

absl::Status BadPartSize(int64_t minimum, int64_t maximum, int64_t got) {
  return Invalid("BAD_PART_SIZE",
                 absl::StrCat("`object.part_size` must be 0 or from ", minimum, " to ", maximum,
                              " bytes on this remote, ", got, " came"),
                 {{"minimum", Text(minimum)}, {"maximum", Text(maximum)}, {"got", Text(got)}});
}

absl::Status BadParallelParts(int32_t got) {
  return Invalid("BAD_PARALLEL_PARTS",
                 absl::StrCat("`object.max_parallel_parts` must not be negative, ", got, " came"),
                 {{"got", Text(got)}});
}

absl::Status BadReplayBuffer(int64_t got) {
  return Invalid("BAD_REPLAY_BUFFER",
                 absl::StrCat("`replay_buffer_bytes` must not be negative, ", got, " came"),
                 {{"got", Text(got)}});
}

absl::Status BadIdleTtl(absl::Duration got) {
  return Invalid(
      "BAD_IDLE_TTL",
      absl::StrCat("`object.idle_ttl` must be positive, ", absl::FormatDuration(got), " came"),
      {{"got", absl::FormatDuration(got)}});
}

absl::Status BadLabels(size_t maximum, size_t got) {
  return Invalid("BAD_LABELS",
                 absl::StrCat("`object.labels` may have ", maximum, " bytes, ", got, " came"),
                 {{"maximum", absl::StrCat(maximum)}, {"got", absl::StrCat(got)}});
}

absl::Status ReplayBufferTooSmall(int64_t minimum, int64_t got) {
  return Invalid("REPLAY_BUFFER_TOO_SMALL",
                 absl::StrCat("`replay_buffer_bytes` must be 0 or at least ", minimum,
                              " (four parts of the smallest size of this remote), ", got, " came"),
                 {{"minimum", Text(minimum)}, {"got", Text(got)}});
}

absl::Status ObjectTooLarge(int64_t limit, int64_t got, std::optional<int64_t> budget_needed) {
  ErrorMetadata metadata = {{"limit", Text(limit)}, {"got", Text(got)}};
  std::string message =
      absl::StrCat("an object of at most ", limit,
                   " bytes can be put here under this remote, replay buffer and memory budget, ",
                   got, " bytes were declared");
  if (budget_needed.has_value()) {
    metadata["memory_budget_needed"] = Text(*budget_needed);
    absl::StrAppend(&message, "; a memory budget of ", *budget_needed,
                    " bytes and a replay buffer of half of it would carry it");
  }
  return Invalid("OBJECT_TOO_LARGE", message, metadata);
}

absl::Status UnknownRemote(const std::string& remote) { return penstock::UnknownRemote(remote); }

absl::Status OffsetGap(int64_t expected, int64_t got) {
  return MakeError(Code::kOutOfRange, "OFFSET_GAP",
                   absl::StrCat("expected a chunk at offset ", expected, " or below, one at ", got,
                                " came: bytes between them are missing"),
                   {{"expected", Text(expected)}, {"got", Text(got)}});
}

absl::Status SizeMismatch(int64_t expected, int64_t got) {
  return MakeError(Code::kOutOfRange, "SIZE_MISMATCH",
                   absl::StrCat("expected a total size of ", expected, " bytes, got ", got,
                                "; the session stays open"),
                   {{"expected", Text(expected)}, {"got", Text(got)}});
}

absl::Status ChunkCrcMismatch(int64_t offset, uint32_t expected, uint32_t got) {
  const std::string expected_text = absl::StrFormat("%08x", expected);
  const std::string got_text = absl::StrFormat("%08x", got);
  return MakeError(
      Code::kDataLoss, "CHUNK_CRC_MISMATCH",
      absl::StrCat("the chunk at offset ", offset, " was sent with CRC-32C ", expected_text,
                   " but arrived with ", got_text, "; nothing of it was taken"),
      {{"offset", Text(offset)}, {"expected", expected_text}, {"got", got_text}}, kShortDelay);
}

absl::Status ContentMismatch(uint64_t expected, uint64_t got) {
  return MakeError(
      Code::kDataLoss, "CONTENT_MISMATCH",
      absl::StrCat("`finish` declared the CRC-64 ", Crc(expected), " but the bytes received have ",
                   Crc(got), ": nothing was published and the session has failed"),
      {{"expected", Crc(expected)}, {"got", Crc(got)}});
}

absl::Status SessionNotFound() {
  return MakeError(Code::kNotFound, "SESSION_NOT_FOUND",
                   "no session is known by this token, and the open mode is RESUME");
}

absl::Status SessionExists(const std::string& session_id) {
  return MakeError(Code::kAlreadyExists, "SESSION_EXISTS",
                   "a session is known by this token, and the open mode is CREATE",
                   {{"session_id", session_id}});
}

absl::Status SpecMismatch(const std::string& field) {
  return MakeError(Code::kFailedPrecondition, "SPEC_MISMATCH",
                   absl::StrCat("`object.", field,
                                "` differs from what the session was created with; omit it or use "
                                "another token"),
                   {{"field", field}});
}

absl::Status NotFinished() {
  return MakeError(Code::kFailedPrecondition, "NOT_FINISHED",
                   "the stream was half-closed before `finish`: nothing was published and the "
                   "session stays open");
}

absl::Status SealedContentDiffers(int64_t size, uint64_t crc64) {
  return MakeError(Code::kFailedPrecondition, "SEALED_CONTENT_DIFFERS",
                   absl::StrCat("this session was finished before with ", size, " bytes of CRC-64 ",
                                Crc(crc64), " and can publish only those; other content came"),
                   {{"size", Text(size)}, {"crc64", Crc(crc64)}});
}

absl::Status OutcomePending(absl::Duration retry_delay) {
  return MakeError(Code::kUnavailable, "OUTCOME_PENDING",
                   "the session is being finished and its outcome cannot be established now", {},
                   retry_delay);
}

absl::Status SessionAborted() {
  return MakeError(Code::kFailedPrecondition, "SESSION_ABORTED", "the session was aborted");
}

absl::Status SessionExpired() {
  return MakeError(Code::kFailedPrecondition, "SESSION_EXPIRED", "the session has expired");
}

absl::Status SessionFailed(const SessionRecord& record) {
  return MakeError(Code::kFailedPrecondition, record.failure_reason,
                   absl::StrCat("the session has failed: ", record.failure_message),
                   {{"session_id", record.session_id}});
}

absl::Status ObjectChanged() {
  return MakeError(Code::kFailedPrecondition, "OBJECT_CHANGED",
                   "the session has finished, but the object that is there now is not the one it "
                   "published: it was overwritten or deleted since");
}

absl::Status FlushTooOften(int64_t tail_limit) {
  return MakeError(
      Code::kResourceExhausted, "FLUSH_TOO_OFTEN",
      absl::StrCat("too few part numbers are left to store what a flush covers, and it is more "
                   "than the ",
                   tail_limit, " bytes that can be kept otherwise; nothing committed is lost"),
      {{"tail_limit", Text(tail_limit)}});
}

absl::Status FlushWhileFinishing() {
  return MakeError(Code::kResourceExhausted, "FLUSH_TOO_OFTEN",
                   "this small object was being finished when its server went, and is put as one "
                   "piece: send all of it and `finish`, without a flush to wait for");
}

absl::Status PutPending(absl::Duration retry_after) {
  return MakeError(Code::kUnavailable, "PUT_PENDING",
                   absl::StrCat("a request of the earlier object of this token may still arrive at "
                                "the backend; it can begin anew in ",
                                absl::FormatDuration(retry_after)),
                   {}, retry_after);
}

absl::Status StaleWriter() {
  return MakeError(Code::kAborted, "STALE_WRITER",
                   "another stream took the session over; this one must stop");
}

absl::Status StaleOpen(int64_t expected_epoch, int64_t epoch) {
  return MakeError(
      Code::kAborted, "STALE_OPEN",
      absl::StrCat("this `open` expected the epoch ", expected_epoch, ", the session's is ", epoch,
                   ": another stream had taken it over before"),
      {{"expected", Text(expected_epoch)}, {"epoch", Text(epoch)}});
}

absl::Status TokenTaken() {
  return MakeError(Code::kAborted, "TOKEN_TAKEN",
                   "another stream created a session under this token meanwhile; opening again "
                   "takes it over",
                   {}, kShortDelay);
}

absl::Status OwnershipLost() {
  return MakeError(Code::kUnavailable, "OWNERSHIP_LOST",
                   "a late write of this stream ended its ownership; open again", {}, kShortDelay);
}

absl::Status TooManyClaims(absl::Duration retry_after) {
  return MakeError(Code::kResourceExhausted, "TOO_MANY_CLAIMS",
                   "the session was opened too often within a minute", {}, retry_after);
}

absl::Status Draining(std::optional<int64_t> committed_size) {
  if (!committed_size.has_value()) {
    return MakeError(Code::kUnavailable, "DRAINING", "the server is shutting down", {},
                     kShortDelay);
  }
  return MakeError(Code::kUnavailable, "DRAINING",
                   absl::StrCat("the server is shutting down; ", *committed_size,
                                " bytes are committed, go on from there"),
                   {{"committed_size", Text(*committed_size)}}, kShortDelay);
}

absl::Status IdleTimeout(absl::Duration timeout) {
  return MakeError(Code::kDeadlineExceeded, "IDLE_TIMEOUT",
                   absl::StrCat("nothing arrived for ", absl::FormatDuration(timeout)), {},
                   kShortDelay);
}

absl::Status TooManyStreams(int64_t memory_budget) {
  return MakeError(Code::kResourceExhausted, "TOO_MANY_STREAMS",
                   absl::StrCat("the server's memory budget of ", memory_budget,
                                " bytes carries no more streams now"),
                   {{"memory_budget", Text(memory_budget)}}, kLongDelay);
}

absl::Status MemoryExhausted() {
  return MakeError(Code::kResourceExhausted, "MEMORY_EXHAUSTED",
                   "others wait for the memory that this stream holds without sending; go on from "
                   "the committed size",
                   {}, kLongDelay);
}

absl::Status StoreUnavailable(const std::string& message) {
  return MakeError(Code::kUnavailable, "STORE_UNAVAILABLE",
                   absl::StrCat("the session store does not answer: ", message), {}, kLongDelay);
}

absl::Status StoreFull(const std::string& message) {
  return MakeError(Code::kResourceExhausted, "STORE_FULL",
                   absl::StrCat("the session store is full: ", message), {}, kLongDelay);
}

absl::Status StoreCorrupt(const std::string& message) {
  return MakeError(Code::kInternal, "STORE_CORRUPT",
                   absl::StrCat("the session store refused a write as contradictory: ", message),
                   {}, kLongDelay);
}

absl::Status Backend(const absl::Status& status) { return Repeatable(status); }

absl::Status PartNumbersExhausted(int32_t limit) {
  return MakeError(Code::kResourceExhausted, "PART_NUMBERS_EXHAUSTED",
                   absl::StrCat("the session has used all ", limit,
                                " part numbers of this remote; what is committed stays"),
                   {{"limit", Text(limit)}});
}

absl::Status UploadLost(const std::string& upload_id) {
  return MakeError(Code::kDataLoss, "UPLOAD_LOST",
                   "the backend no longer knows the multipart upload: a lifecycle rule or somebody "
                   "else discarded it; the session has failed",
                   {{"upload_id", upload_id}});
}

absl::Status OutcomeLost() {
  return MakeError(Code::kDataLoss, "OUTCOME_UNKNOWN",
                   "the backend no longer knows the multipart upload, and the object that is there "
                   "is not ours: it was published and overwritten, or discarded by somebody else");
}

absl::Status PutDelayed() {
  return MakeError(Code::kUnavailable, "PUT_DELAYED",
                   "the server may have been stopped for longer than its request was valid", {},
                   kLongDelay);
}

absl::Status PublishedContentDiffers(int64_t size, uint64_t crc64, int64_t got_size,
                                     uint64_t got_crc64) {
  return MakeError(Code::kDataLoss, "PUBLISHED_CONTENT_DIFFERS",
                   absl::StrCat("the backend published ", got_size, " bytes of CRC-64 ",
                                Crc(got_crc64), " instead of ", size, " bytes of ", Crc(crc64)),
                   {{"size", Text(size)},
                    {"crc64", Crc(crc64)},
                    {"got_size", Text(got_size)},
                    {"got_crc64", Crc(got_crc64)}});
}

}  // namespace penstock::session_errors
