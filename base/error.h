#ifndef PENSTOCK_BASE_ERROR_H_
#define PENSTOCK_BASE_ERROR_H_

// Errors of Penstock: an absl::Status that carries a reason, metadata and, if and only if opening
// again with the same token can help, a retry delay. The three travel as payloads of the status, so
// that they survive being passed on, and become ErrorInfo and RetryInfo on the wire
// (`grpc-status-details-bin`).

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace penstock {

// Names and values of ErrorInfo.metadata; every number that the message names is in it.
using ErrorMetadata = std::map<std::string, std::string>;

// The domain of every ErrorInfo that Penstock makes.
inline constexpr char kErrorDomain[] = "penstock";

// Largest encoding of a status that fits into a trailer everywhere, in bytes.
inline constexpr size_t kMaxStatusDetailsBytes = 4096;

// Returns an error. `reason` is UPPER_SNAKE_CASE and stable; `message` says what was expected, what
// came, and who is to blame. What is not UTF-8 in its texts is replaced (base/utf8.h).
// `retry_delay` is given if and only if trying again can help.
absl::Status MakeError(absl::StatusCode code, const std::string& reason, const std::string& message,
                       const ErrorMetadata& metadata = {},
                       std::optional<absl::Duration> retry_delay = std::nullopt);

// The parts of an error; empty for a status that has none.
std::string ErrorReason(const absl::Status& status);
ErrorMetadata ErrorMetadataOf(const absl::Status& status);
std::optional<absl::Duration> RetryDelay(const absl::Status& status);

// The same error with another retry delay; nullopt takes it away.
absl::Status WithRetryDelay(const absl::Status& status, std::optional<absl::Duration> delay);

// The same error with `prefix` and ": " before its message.
absl::Status WithPrefix(const absl::Status& status, const std::string& prefix);

// The first `limit` bytes of UTF-8 text, or a few less: no character is cut in two.
std::string ClipText(const std::string& text, size_t limit);

// The serialized google.rpc.Status of an error for `grpc-status-details-bin`, at most
// kMaxStatusDetailsBytes: a longer message or longest metadata values are cut.
std::string EncodeStatusDetails(const absl::Status& status);

// The inverse, on the client: `code` and `message` as gRPC reported them, `details` the serialized
// google.rpc.Status (ignored when it is not one).
absl::Status DecodeStatusDetails(absl::StatusCode code, const std::string& message,
                                 const std::string& details);

}  // namespace penstock

#endif  // PENSTOCK_BASE_ERROR_H_
