#ifndef PENSTOCK_CLIENT_CLI_SIZE_PARSE_H_
#define PENSTOCK_CLIENT_CLI_SIZE_PARSE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace penstock::cli {

// "8MiB", "64K", "1.5GiB", "1048576": bytes, in powers of 1024 (K, M, G, T with or without iB).
// "8MB" is refused: people mean two things by it. INVALID_ARGUMENT / BAD_SIZE; the result is not
// negative.
absl::StatusOr<int64_t> ParseSize(const std::string& text);

// "0 B", "1023 B", "1.5 KiB", "12.4 GiB".
std::string FormatSize(int64_t bytes);

// "0:24", "12:03", "1:02:03"; seconds are rounded down.
std::string FormatClock(absl::Duration duration);

// "5m", "90s", "1h30m". INVALID_ARGUMENT / BAD_DURATION; the result is positive.
absl::StatusOr<absl::Duration> ParseDuration(const std::string& text);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_SIZE_PARSE_H_
