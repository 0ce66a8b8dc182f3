#ifndef PENSTOCK_SERVER_SESSION_SESSION_ERRORS_H_
#define PENSTOCK_SERVER_SESSION_SESSION_ERRORS_H_

// Every error that the session core gives a client, by name. Each says what was expected, what came
// and who is to blame; it carries a retry delay if and only if opening again with the same token
// can help.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/store/session_record.h"

namespace penstock::session_errors {

// The client's: INVALID_ARGUMENT.
absl::Status OpenExpected();
absl::Status SecondOpen();
absl::Status FrameAfterFinish();
absl::Status ObjectRequired();
absl::Status TotalSizeRequired();
absl::Status ChunkTooLarge(int64_t limit, int64_t got);
absl::Status NegativeOffset(int64_t got);
absl::Status BadTotalSize(int64_t got);
absl::Status BadPartSize(int64_t minimum, int64_t maximum, int64_t got);
absl::Status BadParallelParts(int32_t got);
absl::Status BadReplayBuffer(int64_t got);
absl::Status BadIdleTtl(absl::Duration got);
absl::Status BadLabels(size_t maximum, size_t got);
absl::Status ReplayBufferTooSmall(int64_t minimum, int64_t got);
absl::Status ObjectTooLarge(int64_t limit, int64_t got, std::optional<int64_t> budget_needed);
absl::Status UnknownRemote(const std::string& remote);

// OUT_OF_RANGE, DATA_LOSS.
absl::Status OffsetGap(int64_t expected, int64_t got);
absl::Status SizeMismatch(int64_t expected, int64_t got);
absl::Status ChunkCrcMismatch(int64_t offset, uint32_t expected, uint32_t got);
absl::Status ContentMismatch(uint64_t expected, uint64_t got);

// The state of the session.
absl::Status SessionNotFound();
absl::Status SessionExists(const std::string& session_id);
absl::Status SpecMismatch(const std::string& field);
absl::Status NotFinished();
absl::Status SealedContentDiffers(int64_t size, uint64_t crc64);
absl::Status OutcomePending(absl::Duration retry_delay);
absl::Status SessionAborted();
absl::Status SessionExpired();
absl::Status SessionFailed(const SessionRecord& record);
absl::Status ObjectChanged();
absl::Status FlushTooOften(int64_t tail_limit);
absl::Status FlushWhileFinishing();
absl::Status PutPending(absl::Duration retry_after);

// Ownership.
absl::Status StaleWriter();
absl::Status StaleOpen(int64_t expected_epoch, int64_t epoch);
absl::Status TokenTaken();
absl::Status OwnershipLost();
absl::Status TooManyClaims(absl::Duration retry_after);

// The server and what it stands on.
absl::Status Draining(std::optional<int64_t> committed_size);  // nullopt: not known yet
absl::Status IdleTimeout(absl::Duration timeout);
absl::Status TooManyStreams(int64_t memory_budget);
absl::Status MemoryExhausted();
absl::Status StoreUnavailable(const std::string& message);
absl::Status StoreFull(const std::string& message);
absl::Status StoreCorrupt(const std::string& message);
// A backend's own error, resumable where the same call may succeed later: an unknown outcome, or
// bytes damaged on the way.
absl::Status Backend(const absl::Status& status);
absl::Status PartNumbersExhausted(int32_t limit);
absl::Status UploadLost(const std::string& upload_id);
absl::Status OutcomeLost();
absl::Status PutDelayed();
absl::Status PublishedContentDiffers(int64_t size, uint64_t crc64, int64_t got_size,
                                     uint64_t got_crc64);

}  // namespace penstock::session_errors

#endif  // PENSTOCK_SERVER_SESSION_SESSION_ERRORS_H_
