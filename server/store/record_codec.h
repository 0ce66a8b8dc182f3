#ifndef PENSTOCK_SERVER_STORE_RECORD_CODEC_H_
#define PENSTOCK_SERVER_STORE_RECORD_CODEC_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/store/session_record.h"

namespace penstock {

// The bytes by which a store keeps `record`; stored_record.proto describes them. Every field comes
// back as it was, whatever bytes its strings have. Times are kept to the nanosecond, which is what
// clocks give; a finer one is rounded down.
std::string EncodeRecord(const SessionRecord& record);

// The inverse. DATA_LOSS / STORE_CORRUPT for bytes that EncodeRecord did not make, for a version
// that this server does not know, and for a record that contradicts itself (its state is unknown,
// or it is sealed without a seal, or finished without a result).
absl::StatusOr<SessionRecord> DecodeRecord(const std::string& bytes);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_RECORD_CODEC_H_
