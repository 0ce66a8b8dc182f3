// penstock put: objects, resumed by running the same command again.

#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/file_put.h"
#include "client/cli/interrupt_watch.h"
#include "client/cli/json_events.h"
#include "client/cli/progress_view.h"
#include "client/cli/put_audience.h"
#include "client/cli/put_files.h"
#include "client/cli/put_options.h"

namespace penstock::cli {
namespace {

// Of one file, or of standard input.
class PutCommand {
 public:
  PutCommand(const PutOptions& options, CommandContext& context)
      : options_(options), context_(context), terminal_(context.terminal) {}

  int Run() {
    absl::Status status = Prepare();
    if (status.ok()) {
      Announce();
      const absl::StatusOr<UploadResult> result = Upload();
      if (result.ok()) return Succeed(*result);
      status = result.status();
    }
    return Fail(status);
  }

 private:
  const std::string& file() const { return options_.files.front(); }

  absl::Status Prepare() {
    PENSTOCK_ASSIGN_OR_RETURN(const UploadOptions upload, MakeUploadOptions(options_));
    PENSTOCK_ASSIGN_OR_RETURN(put_, FilePut::Prepare(options_, file(), upload));
    return absl::OkStatus();
  }

  void Announce() {
    if (put_->token().origin == TokenOrigin::kRandom) {
      terminal_.err << "session token: " << put_->token().token
                    << " (keep it to resume; whoever has it can take the session over)"
                    << std::endl;
    }
    if (options_.common.json) WriteJson(terminal_.out, put_->StartEvent());
  }

  absl::StatusOr<UploadResult> Upload() {
    // gRPC's threads must inherit that the signals are blocked: first the watch, then the channel.
    Uploader uploader(options_.common.servers);
    const InterruptWatch watch([&uploader] { uploader.Cancel(); });
    ProgressView view(terminal_, put_->destination().key, put_->total_size(), SystemClock());
    JsonEvents events(terminal_.out, put_->total_size(), SystemClock(), file());
    PutAudience audience;
    if (!options_.quiet) audience.Add(&view);
    if (options_.common.json) audience.Add(&events);
    absl::StatusOr<UploadResult> result = put_->Run(uploader, &audience);
    view.Clear();
    return result;
  }

  int Succeed(const UploadResult& result) {
    if (options_.quiet) return kExitOk;
    std::ostream& humans = options_.common.json ? terminal_.err : terminal_.out;
    humans << DescribeResult(FormatDestination(put_->destination()), result) << std::endl;
    return kExitOk;
  }

  int Fail(const absl::Status& status) {
    const TokenOrigin origin = put_.has_value() ? put_->token().origin : TokenOrigin::kDerived;
    return ReportUnfinished(status, ResumeInstructions(context_.arguments, origin, file() == "-"),
                            options_.common.json, terminal_, file());
  }

  const PutOptions& options_;
  CommandContext& context_;
  Terminal& terminal_;
  std::optional<FilePut> put_;  // once it is prepared
};

int Put(const PutOptions& options, CommandContext& context) {
  if (options.files.size() > 1) return PutFiles(options, context.terminal);
  return PutCommand(options, context).Run();
}

}  // namespace

void AddPutCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<PutOptions>();
  CLI::App* const command = app.add_subcommand(
      "put", "Put files, or what is piped in, as objects. Running it again resumes");
  AddPutOptions(*command, *options);
  command->callback([options, &context] { context.exit_code = Put(*options, context); });
}

}  // namespace penstock::cli
