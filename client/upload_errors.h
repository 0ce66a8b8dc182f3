#ifndef PENSTOCK_CLIENT_UPLOAD_ERRORS_H_
#define PENSTOCK_CLIENT_UPLOAD_ERRORS_H_

// Every error that a Put makes itself, by name (uploader.h lists them for its callers).

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace penstock::upload_errors {

// The server's fault: INTERNAL / PROTOCOL_ERROR.
absl::Status CommittedSizeDecreased(int64_t before, int64_t now);
absl::Status CommittedMoreThanSent(int64_t sent, int64_t committed);
absl::Status ResumesBelowCommitted(int64_t committed, int64_t resume_offset);
absl::Status SecondOpened();
absl::Status EndedWithoutFinished();

// The source's: FAILED_PRECONDITION / SOURCE_CHANGED.
absl::Status SourceDiffers(int64_t offset, uint64_t server_crc64, uint64_t source_crc64);
absl::Status SourceTooShort(int64_t server_has, int64_t source_has);
absl::Status SourceSizeChanged(int64_t declared, int64_t got);
absl::Status SourceNotAsExpected(uint64_t expected_crc64, uint64_t crc64);
absl::Status FinishedWithOtherSize(int64_t object_size, int64_t size);
absl::Status FinishedWithOtherContent(int64_t object_size, uint64_t object_crc64, int64_t size,
                                      uint64_t crc64);

// FAILED_PRECONDITION / REPLAY_BUFFER_TOO_SMALL.
absl::Status ReplayBufferTooSmall(int64_t needed, int64_t has);

// DATA_LOSS / CHECKSUM_MISMATCH.
absl::Status ObjectDiffers(int64_t object_size, uint64_t object_crc64, int64_t size,
                           uint64_t crc64);

// CANCELLED / CANCELLED.
absl::Status Cancelled(int64_t committed_size);

// DEADLINE_EXCEEDED / NO_PROGRESS, with a retry delay: the session can be resumed. `cause` is the
// last error, OK when there was none.
absl::Status NoProgress(absl::Duration limit, int64_t committed_size, const absl::Status& cause);

}  // namespace penstock::upload_errors

#endif  // PENSTOCK_CLIENT_UPLOAD_ERRORS_H_
