// What the local backend finds in its files: it may be anything, and what is understood is written
// as it was read.

#include "plugin/local/layout.h"
#include "plugin/local/record.h"
#include "tests/fuzz/fuzz_util.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock::local;  // NOLINT: a fuzzer is one function
  const std::string text = penstock::Text(data, size);
  if (const auto record = DecodeObjectRecord(text)) {
    FUZZ_CHECK(DecodeObjectRecord(Encode(*record)) == record);
    StatOf(*record, absl::UnixEpoch());
  }
  if (const auto record = DecodeUploadRecord(text)) {
    FUZZ_CHECK(DecodeUploadRecord(Encode(*record)) == record);
  }
  if (const auto footer = DecodePartFooter(text)) FUZZ_CHECK(Encode(*footer) == text);
  if (const auto name = ParseTemporaryName(text)) {
    const std::string serial = text.substr(text.rfind('.') + 1);
    FUZZ_CHECK(TemporaryName(*name, serial) == text);
  }
  return 0;
}
