// Status details as a client reads them: any bytes are read or ignored, and what was read can be
// passed on within the limit of a trailer.

#include "base/error.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock {
namespace {

constexpr absl::StatusCode kCode = absl::StatusCode::kUnavailable;

// Reason and retry delay arrive whatever the texts around them hold.
void CheckArrives(const absl::Status& status) {
  const std::string details = EncodeStatusDetails(status);
  FUZZ_CHECK(details.size() <= kMaxStatusDetailsBytes);
  const absl::Status received = DecodeStatusDetails(status.code(), "message", details);
  FUZZ_CHECK(ErrorReason(received) == "REASON");
  FUZZ_CHECK(RetryDelay(received) == absl::Seconds(1));
}

void CheckReceived(const std::string& details) {
  const absl::Status status = DecodeStatusDetails(kCode, "message", details);
  FUZZ_CHECK(status.code() == kCode);
  RetryDelay(status);
  CheckArrives(
      MakeError(kCode, "REASON", "message", {{"cause", ErrorReason(status)}}, absl::Seconds(1)));
}

void CheckTexts(const std::string& text) {
  const absl::Status made =
      MakeError(kCode, "REASON", text, {{"got", text}, {"other", text}}, absl::Seconds(1));
  CheckArrives(made);
  // A status that got its message elsewhere.
  absl::Status foreign(kCode, text);
  made.ForEachPayload([&foreign](absl::string_view url, const absl::Cord& value) {
    foreign.SetPayload(url, value);
  });
  CheckArrives(foreign);
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  penstock::CheckReceived(penstock::Text(data, size));
  penstock::CheckTexts(penstock::Text(data, size));
  return 0;
}
