#ifndef PENSTOCK_PLUGIN_ANSWER_H_
#define PENSTOCK_PLUGIN_ANSWER_H_

// How backends answer.

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace penstock {

// Takes the answer of an asynchronous call, exactly once, on any thread, never from within the call
// itself.
template <typename T>
using Done = absl::AnyInvocable<void(absl::StatusOr<T>) &&>;
using DoneStatus = absl::AnyInvocable<void(absl::Status) &&>;

// Reasons (base/error.h) that callers tell apart. Every error of a backend has one of these, or one
// of its own with a code that means the same.
inline constexpr char kReasonNoSuchBucket[] = "NO_SUCH_BUCKET";         // NOT_FOUND
inline constexpr char kReasonNoSuchUpload[] = "NO_SUCH_UPLOAD";         // NOT_FOUND
inline constexpr char kReasonNoSuchObject[] = "NO_SUCH_OBJECT";         // NOT_FOUND
inline constexpr char kReasonObjectExists[] = "OBJECT_EXISTS";          // ALREADY_EXISTS
inline constexpr char kReasonInvalidPart[] = "INVALID_PART";            // FAILED_PRECONDITION
inline constexpr char kReasonDenied[] = "BACKEND_DENIED";               // PERMISSION_DENIED
inline constexpr char kReasonChecksumMismatch[] = "CHECKSUM_MISMATCH";  // DATA_LOSS
inline constexpr char kReasonBackendFull[] =
    "BACKEND_FULL";  // RESOURCE_EXHAUSTED, with a retry delay
inline constexpr char kReasonUnavailable[] =
    "BACKEND_UNAVAILABLE";  // UNAVAILABLE, with a retry delay
inline constexpr char kReasonConditionUnsupported[] =
    "CONDITION_UNSUPPORTED";  // FAILED_PRECONDITION: forbid_overwrite would be no promise
inline constexpr char kReasonObjectChanged[] =
    "OBJECT_CHANGED";  // FAILED_PRECONDITION: its ETag is not the one that was expected
inline constexpr char kReasonNotSupported[] = "NOT_SUPPORTED";  // UNIMPLEMENTED
inline constexpr char kReasonRejected[] =
    "BACKEND_REJECTED";  // INVALID_ARGUMENT, FAILED_PRECONDITION

// True when a call that answered `status` may or may not have had its effect: UNAVAILABLE,
// DEADLINE_EXCEEDED, UNKNOWN, CANCELLED and INTERNAL. After every other error the call had no
// effect, but for DATA_LOSS: then what was stored is not what was sent.
bool OutcomeUnknown(const absl::Status& status);

// The error as clients get it: with a retry delay where the same call may succeed later, that is
// after an unknown outcome, or where bytes were damaged on the way.
absl::Status Repeatable(const absl::Status& status);

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_ANSWER_H_
