#include "client/cli/error_report.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "client/cli/exit_code.h"
#include "client/cli/json_events.h"

namespace penstock::cli {
namespace {

void DescribeUnfinished(const absl::Status& status, Terminal& terminal) {
  if (ErrorReason(status) == "CANCELLED") {
    terminal.err << "interrupted: " << Printable(std::string(status.message())) << std::endl;
  } else {
    terminal.err << DescribeError(status, terminal.color) << std::flush;
  }
}

}  // namespace

std::string DescribeError(const absl::Status& status, bool color) {
  std::string text = absl::StrCat(
      color ? "\x1b[31merror:\x1b[0m " : "error: ", Printable(std::string(status.message())), "\n");
  std::string reason = ErrorReason(status);
  if (reason.empty()) reason = std::string(absl::StatusCodeToString(status.code()));
  absl::StrAppend(&text, "  reason: ", Printable(reason), "\n");
  for (const auto& [name, value] : ErrorMetadataOf(status)) {
    if (!absl::EndsWith(name, "request_id")) continue;
    absl::StrAppend(&text, "  request id of the backend: ", Printable(value), "\n");
  }
  const std::string next = NextStep(status);
  if (!next.empty()) absl::StrAppend(&text, "  ", next, "\n");
  return text;
}

int ReportError(const absl::Status& status, bool json, Terminal& terminal) {
  terminal.err << DescribeError(status, terminal.color) << std::flush;
  if (json) WriteJson(terminal.out, ErrorToJson(status));
  return ExitCodeOf(status);
}

int ReportUnfinished(const absl::Status& status, const std::string& resume, bool json,
                     Terminal& terminal, const std::string& file) {
  const std::string next = IsResumable(status) ? resume : "";
  DescribeUnfinished(status, terminal);
  if (!next.empty()) terminal.err << next << std::endl;
  if (json) {
    nlohmann::json event = ErrorToJson(status);
    if (!next.empty()) event["resume"] = next;
    if (!file.empty()) event["file"] = file;
    WriteJson(terminal.out, event);
  }
  return ExitCodeOf(status);
}

}  // namespace penstock::cli
