// penstock put: one object, resumed by running the same command again.

#include <unistd.h>

#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/destination.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/interrupt_watch.h"
#include "client/cli/json_events.h"
#include "client/cli/progress_view.h"
#include "client/cli/put_audience.h"
#include "client/cli/put_options.h"
#include "client/cli/token_choice.h"
#include "client/uploader.h"

namespace penstock::cli {
namespace {

class PutCommand {
 public:
  PutCommand(PutOptions& options, CommandContext& context)
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
  bool from_pipe() const { return options_.file == "-"; }

  absl::Status Prepare() {
    PENSTOCK_ASSIGN_OR_RETURN(destination_, ParseDestination(options_.destination, options_.file));
    PENSTOCK_ASSIGN_OR_RETURN(spec_, MakeObjectSpec(options_, destination_));
    PENSTOCK_ASSIGN_OR_RETURN(upload_, MakeUploadOptions(options_));
    PENSTOCK_ASSIGN_OR_RETURN(const int64_t replay_buffer, ReplayBufferOf(options_));
    if (from_pipe()) {
      source_ = MakePipeSource(STDIN_FILENO, replay_buffer);
    } else {
      PENSTOCK_ASSIGN_OR_RETURN(source_, OpenFileSource(options_.file));
    }
    PENSTOCK_ASSIGN_OR_RETURN(token_, ChooseToken(options_.token, options_.file, destination_));
    upload_.session_token = token_.token;
    // A derived token comes back with the next put of the same file, whatever became of this one.
    if (token_.origin == TokenOrigin::kDerived) {
      upload_.ended_policy = v1::ENDED_POLICY_START_OVER;
    }
    return absl::OkStatus();
  }

  void Announce() {
    const bool random = token_.origin == TokenOrigin::kRandom;
    if (random) {
      terminal_.err << "session token: " << token_.token
                    << " (keep it to resume; whoever has it can take the session over)"
                    << std::endl;
    }
    if (!options_.common.json) return;
    nlohmann::json event = {{"event", "start"},
                            {"file", options_.file},
                            {"remote", destination_.remote},
                            {"bucket", destination_.bucket},
                            {"key", destination_.key}};
    if (source_->size().has_value()) event["total_size"] = *source_->size();
    if (random) event["session_token"] = token_.token;
    WriteJson(terminal_.out, event);
  }

  absl::StatusOr<UploadResult> Upload() {
    // gRPC's threads must inherit that the signals are blocked: first the watch, then the channel.
    std::unique_ptr<Uploader> uploader = std::make_unique<Uploader>(options_.common.servers);
    const InterruptWatch watch([&uploader] { uploader->Cancel(); });
    ProgressView view(terminal_, destination_.key, source_->size(), SystemClock());
    JsonEvents events(terminal_.out, source_->size(), SystemClock());
    PutAudience audience;
    if (!options_.quiet) audience.Add(&view);
    if (options_.common.json) audience.Add(&events);
    absl::StatusOr<UploadResult> result = uploader->Put(*source_, spec_, upload_, &audience);
    view.Clear();
    return result;
  }

  int Succeed(const UploadResult& result) {
    if (options_.quiet) return kExitOk;
    std::ostream& humans = options_.common.json ? terminal_.err : terminal_.out;
    humans << DescribeResult(FormatDestination(destination_), result) << std::endl;
    return kExitOk;
  }

  int Fail(const absl::Status& status) {
    return ReportUnfinished(status,
                            ResumeInstructions(context_.arguments, token_.origin, from_pipe()),
                            options_.common.json, terminal_);
  }

  PutOptions& options_;
  CommandContext& context_;
  Terminal& terminal_;
  Destination destination_;
  v1::ObjectSpec spec_;
  UploadOptions upload_;
  TokenChoice token_;
  std::unique_ptr<Source> source_;
};

}  // namespace

void AddPutCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<PutOptions>();
  CLI::App* const command = app.add_subcommand(
      "put", "Put a file, or what is piped in, as an object. Running it again resumes");
  AddPutOptions(*command, *options);
  command->callback(
      [options, &context] { context.exit_code = PutCommand(*options, context).Run(); });
}

}  // namespace penstock::cli
