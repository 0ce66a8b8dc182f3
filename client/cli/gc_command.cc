// penstock gc: discard multipart uploads that nobody will complete.

#include <google/protobuf/util/time_util.h>

#include <memory>

#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/destination.h"
#include "client/cli/duration_text.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/json_events.h"
#include "client/cli/maintenance_output.h"

namespace penstock::cli {
namespace {

struct GcOptions {
  CommonOptions common;
  std::string destination;
  std::string older_than = "7d";
  std::string prefix;
  bool dry_run = false;
};

absl::StatusOr<v1::CollectGarbageRequest> MakeRequest(const GcOptions& options) {
  PENSTOCK_ASSIGN_OR_RETURN(const Destination destination, ParseBucket(options.destination));
  PENSTOCK_ASSIGN_OR_RETURN(const absl::Duration older_than, ParseDuration(options.older_than));
  v1::CollectGarbageRequest request;
  request.set_remote(destination.remote);
  request.set_bucket(destination.bucket);
  request.set_prefix(options.prefix);
  *request.mutable_older_than() =
      google::protobuf::util::TimeUtil::SecondsToDuration(absl::ToInt64Seconds(older_than));
  request.set_dry_run(options.dry_run);
  return request;
}

void Show(const v1::CollectGarbageResponse& response, const v1::CollectGarbageRequest& request,
          bool json, Terminal& terminal) {
  const std::string& remote = request.remote();
  if (response.has_upload()) {
    if (json) {
      WriteJson(terminal.out, ToJson(remote, response.upload()));
    } else {
      terminal.out << DescribeOrphan(remote, response.upload()) << std::flush;
    }
  } else if (response.has_summary()) {
    if (json) WriteJson(terminal.out, ToJson(remote, response.summary(), request.dry_run()));
    (json ? terminal.err : terminal.out)
        << DescribeSummary(response.summary(), request.dry_run()) << std::flush;
  }
}

// The exit code of a collection that went to its end.
absl::StatusOr<int> CollectGarbage(const GcOptions& options, Terminal& terminal) {
  PENSTOCK_ASSIGN_OR_RETURN(const v1::CollectGarbageRequest request, MakeRequest(options));
  Connection connection(options.common.servers);
  bool failed = false;
  const std::function<void(const v1::CollectGarbageResponse&)> take =
      [&](const v1::CollectGarbageResponse& response) {
        failed = failed || response.summary().failed_count() > 0;
        Show(response, request, options.common.json, terminal);
      };
  // It takes as long as it takes.
  PENSTOCK_RETURN_IF_ERROR(connection.ReadAll(&v1::MaintenanceService::Stub::CollectGarbage,
                                              request, take, absl::InfiniteDuration()));
  return failed ? kExitOther : kExitOk;
}

}  // namespace

void AddGcCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<GcOptions>();
  CLI::App* const command = app.add_subcommand(
      "gc", "Discard multipart uploads that no session of the server owns, with their parts");
  command
      ->add_option("destination", options->destination,
                   "Where: remote:bucket, or remote: for all buckets that its configuration "
                   "names")
      ->required();
  command
      ->add_option("--older-than", options->older_than,
                   "Only uploads that were initiated longer ago than this: 7d, 36h; at least 1h")
      ->capture_default_str();
  command->add_option("--prefix", options->prefix, "Only keys that begin so");
  command->add_flag("--dry-run", options->dry_run, "Only list what would be discarded");
  AddCommonOptions(*command, options->common);
  command->callback([options, &context] {
    const absl::StatusOr<int> code = CollectGarbage(*options, context.terminal);
    context.exit_code =
        code.ok() ? *code : ReportError(code.status(), options->common.json, context.terminal);
  });
}

}  // namespace penstock::cli
