// penstock doctor: what of a remote works, and how to mend what does not.

#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/destination.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/json_events.h"
#include "client/cli/maintenance_output.h"

namespace penstock::cli {
namespace {

// A remote that answers nothing has every request of the server run into its timeouts.
constexpr absl::Duration kTimeout = absl::Minutes(30);

struct DoctorOptions {
  CommonOptions common;
  std::string destination;
};

// Shows checks as they come, and counts them.
class Report {
 public:
  Report(std::string remote, bool json, Terminal& terminal)
      : remote_(std::move(remote)), json_(json), terminal_(terminal) {}

  void Take(const v1::DiagnosticCheck& check) {
    ++counts_[check.outcome()];
    if (json_) {
      WriteJson(terminal_.out, ToJson(remote_, check));
      return;
    }
    if (check.bucket() != bucket_) {
      bucket_ = check.bucket();
      terminal_.out << Printable(absl::StrCat(remote_, ":", bucket_)) << "\n";
    }
    terminal_.out << DescribeCheck(check) << std::flush;
  }

  // The exit code: that nothing was checked is not well either.
  int End() {
    const int ok = counts_[v1::DiagnosticCheck::OUTCOME_OK];
    const int failed = counts_[v1::DiagnosticCheck::OUTCOME_FAILED];
    (json_ ? terminal_.err : terminal_.out)
        << absl::StrCat(ok, " ok, ", failed, " failed, ",
                        counts_[v1::DiagnosticCheck::OUTCOME_SKIPPED], " skipped\n")
        << std::flush;
    return ok > 0 && failed == 0 ? kExitOk : kExitOther;
  }

 private:
  const std::string remote_;
  const bool json_;
  Terminal& terminal_;
  std::string bucket_;
  std::map<v1::DiagnosticCheck::Outcome, int> counts_;
};

absl::StatusOr<int> Diagnose(const DoctorOptions& options, Terminal& terminal) {
  PENSTOCK_ASSIGN_OR_RETURN(const Destination destination, ParseBucket(options.destination));
  v1::DiagnoseRemoteRequest request;
  request.set_remote(destination.remote);
  request.set_bucket(destination.bucket);
  Report report(destination.remote, options.common.json, terminal);
  Connection connection(options.common.servers);
  const std::function<void(const v1::DiagnoseRemoteResponse&)> take =
      [&report](const v1::DiagnoseRemoteResponse& response) { report.Take(response.check()); };
  PENSTOCK_RETURN_IF_ERROR(
      connection.ReadAll(&v1::MaintenanceService::Stub::DiagnoseRemote, request, take, kTimeout));
  return report.End();
}

}  // namespace

void AddDoctorCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<DoctorOptions>();
  CLI::App* const command = app.add_subcommand(
      "doctor", "Check all that the server needs of a remote, with a temporary object");
  command
      ->add_option("destination", options->destination,
                   "What: remote:bucket, or remote: for all buckets that its configuration "
                   "names")
      ->required();
  AddCommonOptions(*command, options->common);
  command->callback([options, &context] {
    const absl::StatusOr<int> code = Diagnose(*options, context.terminal);
    context.exit_code =
        code.ok() ? *code : ReportError(code.status(), options->common.json, context.terminal);
  });
}

}  // namespace penstock::cli
