#include "plugin/oss/errors.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "plugin/backend.h"
#include "plugin/oss/host_url.h"
#include "plugin/oss/remedy.h"
#include "plugin/oss/replies.h"

namespace penstock::oss {
namespace {

constexpr absl::Duration kRetryDelay = absl::Seconds(1);
constexpr absl::Duration kThrottledRetryDelay = absl::Seconds(5);

// Of what came that is no error of OSS, and of the message of one, for metadata.
constexpr size_t kMaxSnippetBytes = 120;
constexpr size_t kMaxMessageBytes = 500;

constexpr size_t kMaxHostBytes = 253;

struct CodeRow {
  std::string_view code;
  RetryClass retry;
  absl::StatusCode status;
  const char* reason;
};

using Status = absl::StatusCode;

// Codes whose meaning does not follow from their HTTP status.
constexpr std::array kCodes = {
    CodeRow{"NoSuchBucket", RetryClass::kNever, Status::kNotFound, kReasonNoSuchBucket},
    CodeRow{"NoSuchUpload", RetryClass::kNever, Status::kNotFound, kReasonNoSuchUpload},
    CodeRow{"NoSuchKey", RetryClass::kNever, Status::kNotFound, kReasonNoSuchObject},
    CodeRow{"NoSuchVersion", RetryClass::kNever, Status::kNotFound, kReasonNoSuchObject},
    CodeRow{"FileAlreadyExists", RetryClass::kNever, Status::kAlreadyExists, kReasonObjectExists},
    CodeRow{"PreconditionFailed", RetryClass::kNever, Status::kFailedPrecondition,
            kReasonObjectChanged},
    CodeRow{"InvalidPart", RetryClass::kNever, Status::kFailedPrecondition, kReasonInvalidPart},
    CodeRow{"FilePartNotExist", RetryClass::kNever, Status::kFailedPrecondition,
            kReasonInvalidPart},
    CodeRow{"RequestTimeTooSkewed", RetryClass::kClock, Status::kUnavailable, kReasonUnavailable},
    CodeRow{"SecurityTokenExpired", RetryClass::kCredentials, Status::kPermissionDenied,
            kReasonDenied},
    CodeRow{"InvalidSecurityToken", RetryClass::kCredentials, Status::kPermissionDenied,
            kReasonDenied},
    CodeRow{"AccessKeyIdAndSecurityTokenNotMatch", RetryClass::kCredentials,
            Status::kPermissionDenied, kReasonDenied},
    CodeRow{"InvalidObjectState", RetryClass::kNever, Status::kInvalidArgument, kReasonRejected},
    CodeRow{"InvalidDigest", RetryClass::kBackoff, Status::kUnavailable, kReasonUnavailable},
    CodeRow{"IncompleteBody", RetryClass::kBackoff, Status::kUnavailable, kReasonUnavailable},
    CodeRow{"RequestTimeout", RetryClass::kBackoff, Status::kUnavailable, kReasonUnavailable},
    // Not a failure of the moment, though its status is of that kind.
    CodeRow{"NotImplemented", RetryClass::kNever, Status::kFailedPrecondition, kReasonRejected},
    CodeRow{"BadRequest", RetryClass::kBackoff, Status::kInvalidArgument, kReasonRejected},
};

CodeRow RowOfStatus(const OssError& error) {
  const int status = error.http_status;
  if (status == 429 || status == 503) {
    return {"", RetryClass::kThrottled, Status::kUnavailable, kReasonUnavailable};
  }
  if (status >= 500 || status == 408 || status < 300) {
    return {"", RetryClass::kBackoff, Status::kUnavailable, kReasonUnavailable};
  }
  if (status == 401) return {"", RetryClass::kBackoff, Status::kPermissionDenied, kReasonDenied};
  if (status == 403 || status == 407) {
    return {"", RetryClass::kNever, Status::kPermissionDenied, kReasonDenied};
  }
  // What a proxy or a wrong address says of a request proves nothing about the object.
  if (!error.of_oss) return {"", RetryClass::kBackoff, Status::kUnavailable, kReasonUnavailable};
  if (status == 404 && error.is_head && error.code.empty()) {
    return {"", RetryClass::kNever, Status::kNotFound, kReasonNoSuchObject};
  }
  // The only conditions that requests have are ETags.
  if (status == 412) {
    return {"", RetryClass::kNever, Status::kFailedPrecondition, kReasonObjectChanged};
  }
  return {"", RetryClass::kNever, Status::kInvalidArgument, kReasonRejected};
}

CodeRow RowOf(const OssError& error) {
  for (const CodeRow& row : kCodes) {
    if (row.code == error.code) return row;
  }
  return RowOfStatus(error);
}

// A piece of a body that is not of OSS's shape, fit for a message.
std::string Snippet(const std::string& body) {
  std::string text;
  for (const char c : body) {
    if (text.size() == kMaxSnippetBytes) break;
    const char shown = absl::ascii_isprint(static_cast<unsigned char>(c)) ? c : ' ';
    if (shown != ' ' || (!text.empty() && text.back() != ' ')) text.push_back(shown);
  }
  return text;
}

void Describe(const HttpResponse& response, OssError& error) {
  std::string xml = response.body;
  const std::string header = response.Header("x-oss-err");
  if (xml.empty() && !header.empty()) absl::Base64Unescape(header, &xml);
  if (ParseErrorBody(xml, error)) {
    error.of_oss = true;
    // It is told to operators as what to write: nothing but a host can be meant.
    if (error.endpoint.size() > kMaxHostBytes || !ParseHostUrl(error.endpoint, "https")) {
      error.endpoint.clear();
    }
  } else {
    error.message = Snippet(response.body);
  }
}

ErrorMetadata MetadataOf(const OssError& error) {
  ErrorMetadata metadata = {{"http_status", absl::StrCat(error.http_status)}};
  if (!error.code.empty()) metadata["oss_code"] = error.code;
  if (!error.message.empty()) metadata["oss_message"] = ClipText(error.message, kMaxMessageBytes);
  if (!error.ec.empty()) metadata["oss_ec"] = error.ec;
  if (!error.endpoint.empty()) metadata["oss_endpoint"] = error.endpoint;
  if (!error.request_id.empty()) metadata["oss_request_id"] = error.request_id;
  if (!error.part_number.empty()) metadata["part_number"] = error.part_number;
  return metadata;
}

void AddRemedy(const std::string& remedy, std::string& message, ErrorMetadata& metadata) {
  if (remedy.empty()) return;
  absl::StrAppend(&message, ": ", remedy);
  metadata[kRemedyField] = remedy;
}

}  // namespace

bool IsOfOss(const HttpResponse& response) { return !response.Header("x-oss-request-id").empty(); }

OssError ParseError(const HttpResponse& response, bool is_head) {
  OssError error;
  error.http_status = response.status;
  error.is_head = is_head;
  error.of_oss = IsOfOss(response);
  Describe(response, error);
  // Headers have gone through no parser of ours and are there on every answer.
  if (error.request_id.empty()) error.request_id = response.Header("x-oss-request-id");
  if (error.ec.empty()) error.ec = response.Header("x-oss-ec");
  return error;
}

RetryClass Classify(const OssError& error) { return RowOf(error).retry; }

absl::Status ToStatus(const OssError& error) {
  const CodeRow row = RowOf(error);
  std::string message = absl::StrCat(error.of_oss ? "OSS" : "the server at OSS's address",
                                     " answered HTTP ", error.http_status);
  if (!error.code.empty()) absl::StrAppend(&message, " ", error.code);
  if (!error.message.empty()) absl::StrAppend(&message, " (", error.message, ")");
  if (!error.part_number.empty()) {
    absl::StrAppend(&message, ", part number ", error.part_number);
  }
  ErrorMetadata metadata = MetadataOf(error);
  AddRemedy(RemedyFor(error), message, metadata);
  if (!error.ec.empty()) absl::StrAppend(&message, "; EC ", error.ec);
  if (!error.request_id.empty()) absl::StrAppend(&message, "; request id ", error.request_id);
  std::optional<absl::Duration> delay;
  if (row.status == Status::kUnavailable) {
    delay = row.retry == RetryClass::kThrottled ? kThrottledRetryDelay : kRetryDelay;
  }
  return MakeError(row.status, row.reason, message, metadata, delay);
}

absl::Status NoAnswerStatus(const absl::Status& cause) {
  std::string message = absl::StrCat(kNoAnswer, ": ", std::string(cause.message()));
  ErrorMetadata metadata = ErrorMetadataOf(cause);
  AddRemedy(RemedyFor(cause), message, metadata);
  if (cause.code() == Status::kInvalidArgument) {
    return MakeError(Status::kInvalidArgument, kReasonRejected, message, metadata);
  }
  return MakeError(Status::kUnavailable, kReasonUnavailable, message, metadata, kRetryDelay);
}

absl::Status BadAnswerStatus(const HttpResponse& response, const std::string& problem) {
  OssError error;
  error.http_status = response.status;
  error.request_id = response.Header("x-oss-request-id");
  return MakeError(Status::kUnavailable, kReasonUnavailable,
                   absl::StrCat("OSS answered HTTP ", response.status, " but ", problem,
                                "; request id ", error.request_id),
                   MetadataOf(error), kRetryDelay);
}

absl::Status ChecksumStatus(const HttpResponse& response, uint64_t sent) {
  OssError error;
  error.http_status = response.status;
  error.request_id = response.Header("x-oss-request-id");
  const std::string stored = response.Header("x-oss-hash-crc64ecma");
  ErrorMetadata metadata = MetadataOf(error);
  metadata["sent_crc64"] = absl::StrCat(sent);
  metadata["stored_crc64"] = stored;
  return MakeError(
      Status::kDataLoss, kReasonChecksumMismatch,
      absl::StrCat("the CRC-64 of the bytes sent is ", sent, ", OSS stored bytes with ", stored,
                   ": they changed on the way; request id ", error.request_id),
      metadata);
}

}  // namespace penstock::oss
