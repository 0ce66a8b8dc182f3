#ifndef PENSTOCK_SERVER_OBJECTS_OBJECT_ERRORS_H_
#define PENSTOCK_SERVER_OBJECTS_OBJECT_ERRORS_H_

// Every error about objects that is the server's own, by name; the others are the backend's.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace penstock::object_errors {

// The client's: INVALID_ARGUMENT.
absl::Status BadPrefix(const std::string& got);
absl::Status BadDelimiter(const std::string& got);
absl::Status BadPageSize(int32_t maximum, int32_t got);
absl::Status BadKeyCount(int64_t maximum, int64_t got);
absl::Status BadLength(int64_t got);
absl::Status RemotesDiffer(const std::string& source, const std::string& target);

// OUT_OF_RANGE.
absl::Status OffsetPastEnd(int64_t size, int64_t got);

// FAILED_PRECONDITION, as a backend says it.
absl::Status ObjectChanged(const std::string& expected, const std::string& got);

// DATA_LOSS, with a retry delay.
absl::Status ChecksumMismatch(uint64_t expected, uint64_t got);

// INTERNAL: the backend answered with fewer bytes than it says there are.
absl::Status ReadCutShort(int64_t offset, int64_t expected, int64_t got);

// With a retry delay: UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED.
absl::Status Draining();
absl::Status TooManyReads(int64_t read_memory);
absl::Status IdleTimeout(absl::Duration timeout);

}  // namespace penstock::object_errors

#endif  // PENSTOCK_SERVER_OBJECTS_OBJECT_ERRORS_H_
