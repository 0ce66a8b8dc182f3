#ifndef PENSTOCK_CLIENT_CLI_DURATION_TEXT_H_
#define PENSTOCK_CLIENT_CLI_DURATION_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace penstock::cli {

// "0:24", "12:03", "1:02:03"; seconds are rounded down.
std::string FormatClock(absl::Duration duration);

// "5m", "90s", "1h30m", "7d", "1d12h". INVALID_ARGUMENT / BAD_DURATION; the result is positive.
absl::StatusOr<absl::Duration> ParseDuration(const std::string& text);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_DURATION_TEXT_H_
