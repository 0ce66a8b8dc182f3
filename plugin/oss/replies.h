#ifndef PENSTOCK_PLUGIN_OSS_REPLIES_H_
#define PENSTOCK_PLUGIN_OSS_REPLIES_H_

// The XML that OSS speaks, and the headers that describe an object. Pure functions. Every parser
// fails with a plain INVALID_ARGUMENT that says what is wrong: the caller knows what that means.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/http/http_loop.h"
#include "plugin/backend.h"
#include "plugin/oss/errors.h"

namespace penstock::oss {

// Fills code, message, EC and request id from an <Error>; false when `xml` is none.
bool ParseErrorBody(const std::string& xml, OssError& error);

// The upload id of an InitiateMultipartUploadResult.
absl::StatusOr<std::string> ParseInitiateReply(const std::string& xml);

// The ETag, without its quotes, of a CompleteMultipartUploadResult.
absl::StatusOr<std::string> ParseCompleteReply(const std::string& xml);

struct PartsPage {
  std::vector<ListedPart> parts;
  std::string next_marker;  // empty: the last page
};
absl::StatusOr<PartsPage> ParsePartsReply(const std::string& xml);

struct UploadsPage {
  std::vector<ListedUpload> uploads;
  std::string next_key_marker;  // both empty: the last page
  std::string next_upload_id_marker;
};
absl::StatusOr<UploadsPage> ParseUploadsReply(const std::string& xml);

// Whether a VersioningConfiguration says that its bucket has versions: enabled or suspended.
absl::StatusOr<bool> ParseVersioningReply(const std::string& xml);

// The body that publishes `parts`.
std::string CompleteBody(const std::vector<PartReference>& parts);

// An ETag without the quotes around it.
std::string Unquoted(const std::string& etag);

// The CRC-64 that an answer tells; nullopt when it tells none.
inline constexpr char kCrc64Header[] = "x-oss-hash-crc64ecma";
std::optional<uint64_t> Crc64Of(const HttpResponse& response);

// When an answer was given, or what it describes was changed: a header with an RFC 1123 date.
// InfinitePast when there is none.
absl::Time TimeOf(const HttpResponse& response, const std::string& header);

// The object that the headers of an answer describe, but for its size.
ObjectStat ParseObjectHeaders(const HttpResponse& response);

// The object that an answer to HEAD describes.
absl::StatusOr<ObjectStat> ParseHead(const HttpResponse& response);

// The inverse of the encoding that `encoding-type=url` asks for.
std::string UrlDecode(const std::string& text);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_REPLIES_H_
