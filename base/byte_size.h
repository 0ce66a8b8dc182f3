#ifndef PENSTOCK_BASE_BYTE_SIZE_H_
#define PENSTOCK_BASE_BYTE_SIZE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace penstock {

// "8MiB", "64K", "1.5GiB", "1048576": bytes, in powers of 1024 (K, M, G, T, P, E with or without
// iB). "8MB" is refused: people mean two things by it. So is what is no whole number of bytes, or
// more than 2^63 - 1. INVALID_ARGUMENT / BAD_BYTE_SIZE; the result is not negative.
absl::StatusOr<int64_t> ParseByteSize(std::string_view text);

// A size for people, to one decimal: "8.0 MiB", "512 B".
std::string FormatByteSize(int64_t bytes);

// A size that ParseByteSize reads back exactly: "8MiB", "1000".
std::string ExactByteSize(int64_t bytes);

}  // namespace penstock

#endif  // PENSTOCK_BASE_BYTE_SIZE_H_
