#include "server/objects/object_errors.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"
#include "plugin/answer.h"

namespace penstock::object_errors {
namespace {

using Code = absl::StatusCode;

constexpr absl::Duration kShortDelay = absl::Milliseconds(100);
constexpr absl::Duration kLongDelay = absl::Seconds(5);

std::string Text(int64_t number) { return absl::StrCat(number); }
std::string Crc(uint64_t crc64) { return absl::StrFormat("%016x", crc64); }

// Text of the client, short and printable.
std::string Shown(const std::string& text) {
  constexpr size_t kMost = 80;
  return absl::CHexEscape(text.size() <= kMost ? text : text.substr(0, kMost) + "...");
}

absl::Status Invalid(const std::string& reason, const std::string& message,
                     const ErrorMetadata& metadata) {
  return MakeError(Code::kInvalidArgument, reason, message, metadata);
}

}  // namespace

absl::Status BadPrefix(const std::string& got) {
  return Invalid("BAD_PREFIX",
                 absl::StrCat("`prefix` must be what a key may begin with: UTF-8 without NUL of at "
                              "most 1023 bytes, \"",
                              Shown(got), "\" of ", got.size(), " bytes came"),
                 {{"maximum", "1023"}, {"got", absl::StrCat(got.size())}});
}

absl::Status BadDelimiter(const std::string& got) {
  return Invalid("BAD_DELIMITER",
                 absl::StrCat("`delimiter` must be empty or \"/\", \"", Shown(got), "\" came"),
                 {{"got", Shown(got)}});
}

absl::Status BadPageSize(int32_t maximum, int32_t got) {
  return Invalid("BAD_PAGE_SIZE",
                 absl::StrCat("`page_size` must be from 0 to ", maximum, ", ", got, " came"),
                 {{"maximum", Text(maximum)}, {"got", Text(got)}});
}

absl::Status BadKeyCount(int64_t maximum, int64_t got) {
  return Invalid("BAD_KEY_COUNT",
                 absl::StrCat("`keys` must name 1 to ", maximum, " objects, ", got, " came"),
                 {{"maximum", Text(maximum)}, {"got", Text(got)}});
}

absl::Status BadLength(int64_t got) {
  return Invalid("BAD_LENGTH", absl::StrCat("`length` must not be negative, ", got, " came"),
                 {{"got", Text(got)}});
}

absl::Status RemotesDiffer(const std::string& source, const std::string& target) {
  return Invalid("REMOTES_DIFFER",
                 absl::StrCat("source and target must be of one remote, \"", source, "\" and \"",
                              target, "\" came: read the one and put the other"),
                 {{"source", source}, {"target", target}});
}

absl::Status OffsetPastEnd(int64_t size, int64_t got) {
  return MakeError(Code::kOutOfRange, "OFFSET_PAST_END",
                   absl::StrCat("`offset` must be at most the object's size of ", size, " bytes, ",
                                got, " came"),
                   {{"size", Text(size)}, {"got", Text(got)}});
}

absl::Status ObjectChanged(const std::string& expected, const std::string& got) {
  return MakeError(
      Code::kFailedPrecondition, kReasonObjectChanged,
      absl::StrCat("expected the object with the ETag ", expected, ", the one there has ", got),
      {{"expected", expected}, {"got", got}});
}

absl::Status ChecksumMismatch(uint64_t expected, uint64_t got) {
  return MakeError(Code::kDataLoss, kReasonChecksumMismatch,
                   absl::StrCat("the backend says that the object's CRC-64 is ", Crc(expected),
                                ", that of the bytes it sent is ", Crc(got)),
                   {{"expected", Crc(expected)}, {"got", Crc(got)}}, kShortDelay);
}

absl::Status ReadCutShort(int64_t offset, int64_t expected, int64_t got) {
  return MakeError(Code::kInternal, "READ_CUT_SHORT",
                   absl::StrCat("the backend was asked for ", expected, " bytes at ", offset,
                                " of an object that has them, and gave ", got),
                   {{"offset", Text(offset)}, {"expected", Text(expected)}, {"got", Text(got)}},
                   kLongDelay);
}

absl::Status Draining() {
  return MakeError(Code::kUnavailable, "DRAINING", "the server is shutting down", {}, kShortDelay);
}

absl::Status TooManyReads(int64_t read_memory) {
  return MakeError(Code::kResourceExhausted, "TOO_MANY_READS",
                   absl::StrCat("the ", read_memory,
                                " bytes that reads may take are in use, and many wait for them"),
                   {{"read_memory", Text(read_memory)}}, kLongDelay);
}

absl::Status IdleTimeout(absl::Duration timeout) {
  return MakeError(Code::kDeadlineExceeded, "IDLE_TIMEOUT",
                   absl::StrCat("nothing of what was read was taken for ",
                                absl::FormatDuration(timeout), "; ask for the rest"),
                   {}, kShortDelay);
}

}  // namespace penstock::object_errors
