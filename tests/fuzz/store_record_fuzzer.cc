// Records of the session store: any bytes decode or are refused, and what was decoded survives
// being written again.

#include "server/store/record_codec.h"
#include "tests/fuzz/fuzz_util.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto record = penstock::DecodeRecord(penstock::Text(data, size));
  if (!record.ok()) return 0;
  const std::string bytes = penstock::EncodeRecord(*record);
  const auto again = penstock::DecodeRecord(bytes);
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(*again == *record);
  FUZZ_CHECK(penstock::EncodeRecord(*again) == bytes);
  return 0;
}
