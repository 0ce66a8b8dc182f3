#ifndef PENSTOCK_CLIENT_CLI_ERROR_REPORT_H_
#define PENSTOCK_CLIENT_CLI_ERROR_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/terminal.h"

namespace penstock::cli {

// The text of an error for people: message, reason, the backend's request id if there is one, and
// the next step. Each on its own line.
std::string DescribeError(const absl::Status& status, bool color);

// Reports an error to people on terminal.err and, with `json`, as the event `error` on
// terminal.out. Returns the exit code.
int ReportError(const absl::Status& status, bool json, Terminal& terminal);

// Likewise how a transfer ended that did not succeed: an interruption is no error, and where the
// same can go on, `resume` (ResumeInstructions) tells how; empty where another run cannot go on.
// The event has the field `file`, unless that is empty.
int ReportUnfinished(const absl::Status& status, const std::string& resume, bool json,
                     Terminal& terminal, const std::string& file = "");

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_ERROR_REPORT_H_
