#ifndef PENSTOCK_CLIENT_READ_ERRORS_H_
#define PENSTOCK_CLIENT_READ_ERRORS_H_

// Every error that reading an object makes itself, by name (object_reader.h and downloader.h list
// them for their callers).

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "penstock/v1/object.pb.h"

namespace penstock::read_errors {

// The caller's fault: OUT_OF_RANGE / OFFSET_PAST_END, INVALID_ARGUMENT / BAD_LENGTH.
absl::Status OffsetPastEnd(int64_t offset, int64_t size);
absl::Status BadLength(int64_t length);

// FAILED_PRECONDITION / OBJECT_CHANGED.
absl::Status ObjectChanged(const v1::StoredObject& object, const std::string& expected_etag);

// The server's fault: INTERNAL / PROTOCOL_ERROR.
absl::Status WrongOpened(int64_t expected_offset, int64_t expected_length, int64_t offset,
                         int64_t length);
absl::Status SecondOpened();
absl::Status ChunkBeforeOpened();
absl::Status ChunkNotNext(int64_t expected_offset, int64_t offset);
absl::Status ChunkTooLong(int64_t end, int64_t chunk_end);
absl::Status EndedEarly(int64_t offset, int64_t bytes_left);

// DATA_LOSS / CHUNK_CORRUPT, with a retry delay: the same bytes can be read again.
absl::Status ChunkCorrupt(int64_t offset, uint32_t expected_crc32c, uint32_t crc32c);

// DATA_LOSS / READ_DIFFERS: what was read is not the object. The second as the server saw it.
absl::Status ReadDiffers(const v1::StoredObject& object, uint64_t crc64);
absl::Status ReadDiffers(const absl::Status& seen_by_server);

// CANCELLED / CANCELLED.
absl::Status Cancelled(int64_t received);

// DEADLINE_EXCEEDED / NO_PROGRESS, with a retry delay. `cause` is the last error, OK when there was
// none.
absl::Status NoProgress(absl::Duration limit, int64_t received, const absl::Status& cause);

}  // namespace penstock::read_errors

#endif  // PENSTOCK_CLIENT_READ_ERRORS_H_
