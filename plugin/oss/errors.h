#ifndef PENSTOCK_PLUGIN_OSS_ERRORS_H_
#define PENSTOCK_PLUGIN_OSS_ERRORS_H_

// What an answer of OSS that is no success means: to the caller, and for trying again. Pure
// functions.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/http/http_loop.h"

namespace penstock::oss {

// An error as OSS tells it, or what can be told of one that is not of its shape.
struct OssError {
  int http_status = 0;
  std::string code;     // empty: not told
  std::string message;  // of OSS, or a printable piece of another body
  std::string ec;       // for its support; drives nothing
  std::string request_id;
  std::string part_number;                        // with InvalidPart: which one
  std::string endpoint;                           // with AccessDenied: where the bucket is
  absl::Time server_time = absl::InfinitePast();  // with RequestTimeTooSkewed
  bool of_oss = false;   // false: somebody between us and OSS may have answered
  bool is_head = false;  // the request was a HEAD, whose errors have no body
};

// When a request that was answered with an error may be sent again.
enum class RetryClass {
  kNever,
  kBackoff,      // after a while
  kThrottled,    // after a longer while
  kClock,        // after the clock was corrected; the request had no effect
  kCredentials,  // once, after the credentials were read again; the request had no effect
};

// Whether OSS answered, and not somebody on the way to it: all its answers have a request id.
bool IsOfOss(const HttpResponse& response);

// Reads an answer that is no success, or whose body is an <Error>.
OssError ParseError(const HttpResponse& response, bool is_head);

RetryClass Classify(const OssError& error);

// The error with a reason of plugin/backend.h. Message and metadata (http_status, oss_code,
// oss_message, oss_ec, oss_request_id, and where OSS tells them part_number and oss_endpoint) carry
// what a user can quote to OSS's support; the message says what can be done about it.
absl::Status ToStatus(const OssError& error);

// How the message of NoAnswerStatus begins.
inline constexpr char kNoAnswer[] = "no answer of OSS";

// The error for a request of which no answer came (see HttpLoop::Send).
absl::Status NoAnswerStatus(const absl::Status& cause);

// BACKEND_UNAVAILABLE: an answer that OSS would not give.
absl::Status BadAnswerStatus(const HttpResponse& response, const std::string& problem);

// CHECKSUM_MISMATCH: OSS stored other bytes than were sent.
absl::Status ChecksumStatus(const HttpResponse& response, uint64_t sent);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_ERRORS_H_
