#ifndef PENSTOCK_BASE_BYTE_SIZE_H_
#define PENSTOCK_BASE_BYTE_SIZE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace penstock {

// Reads a size as people write it: digits, at most one decimal point, and an optional unit of KiB,
// MiB, GiB, TiB (powers of 1024; K, M, G and T mean the same) or kB, MB, GB, TB (powers of 1000);
// without a unit, or with B, bytes. Letters of either case, but for kB against KiB. "8MiB" is
// 8388608. INVALID_ARGUMENT / BAD_BYTE_SIZE for anything else, for negative sizes and for more than
// 2^63 - 1.
absl::StatusOr<int64_t> ParseByteSize(std::string_view text);

// A size for people, to one decimal: "8.0 MiB", "512 B".
std::string FormatByteSize(int64_t bytes);

// A size that ParseByteSize reads back exactly: "8MiB", "1000".
std::string ExactByteSize(int64_t bytes);

}  // namespace penstock

#endif  // PENSTOCK_BASE_BYTE_SIZE_H_
