// Answers of OSS, or of whoever stands in its place: whatever comes becomes an error with a reason
// that reaches the client whole. The input is an answer as text: its status, its headers, an empty
// line, its body.

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "base/error.h"
#include "base/utf8.h"
#include "plugin/object_rules.h"
#include "plugin/oss/errors.h"
#include "plugin/oss/metadata_encoding.h"
#include "plugin/oss/replies.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock::oss {
namespace {

HttpResponse ReadAnswer(std::string text) {
  HttpResponse answer;
  if (!absl::SimpleAtoi(TakeLine(text), &answer.status)) answer.status = 500;
  for (std::string line = TakeLine(text); !line.empty(); line = TakeLine(text)) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string value(absl::StripAsciiWhitespace(line.substr(colon + 1)));
    answer.headers.emplace(absl::AsciiStrToLower(line.substr(0, colon)), value);
  }
  answer.body = std::move(text);
  return answer;
}

// The client acts on code, reason and retry delay: none may depend on what the texts hold.
void CheckReachesClient(const absl::Status& status) {
  FUZZ_CHECK(!status.ok());
  FUZZ_CHECK(!ErrorReason(status).empty());
  const std::string details = EncodeStatusDetails(status);
  FUZZ_CHECK(details.size() <= kMaxStatusDetailsBytes);
  const absl::Status received = DecodeStatusDetails(status.code(), "message", details);
  FUZZ_CHECK(ErrorReason(received) == ErrorReason(status));
  FUZZ_CHECK(RetryDelay(received) == RetryDelay(status));
}

void CheckAnswer(const HttpResponse& answer, bool is_head) {
  const OssError error = ParseError(answer, is_head);
  FUZZ_CHECK(error.http_status == answer.status);
  const absl::Status status = ToStatus(error);
  CheckReachesClient(status);
  // What may be repeated by us may be repeated by the client, too.
  FUZZ_CHECK(Classify(error) != RetryClass::kThrottled || RetryDelay(status).has_value());
}

// What a Stat told can be put again, and comes back the same.
void CheckMetadata(const Metadata& metadata) {
  if (metadata.contains(kMetadataEncodingName)) return;  // of an encoding that is not ours
  for (const auto& [name, value] : metadata) {
    if (!IsUtf8(value)) return;
  }
  const Metadata encoded = EncodeMetadata(metadata);
  for (const auto& [name, value] : encoded) {
    FUZZ_CHECK(!value.empty() && value.front() != ' ' && value.back() != ' ');
    for (const char c : value) FUZZ_CHECK(c >= ' ' && c <= '~');
  }
  FUZZ_CHECK(DecodeMetadata(encoded) == metadata);
}

}  // namespace
}  // namespace penstock::oss

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock::oss;  // NOLINT: a fuzzer is one function
  const penstock::HttpResponse answer = ReadAnswer(penstock::Text(data, size));
  CheckAnswer(answer, false);
  CheckAnswer(answer, true);
  CheckReachesClient(BadAnswerStatus(answer, "its XML is broken"));
  CheckReachesClient(ChecksumStatus(answer, 7));
  if (const auto stat = ParseHead(answer); stat.ok()) {
    FUZZ_CHECK(stat->size >= 0);
    FUZZ_CHECK(!stat->metadata.contains("penstock-mark"));
    CheckMetadata(stat->metadata);
  }
  return 0;
}
