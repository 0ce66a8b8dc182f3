// penstock get: one object, resumed by running the same command again.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/get_options.h"
#include "client/cli/get_report.h"
#include "client/cli/interrupt_watch.h"
#include "client/cli/json_events.h"
#include "client/cli/object_name.h"
#include "client/cli/resume_command.h"
#include "client/downloader.h"

namespace penstock::cli {
namespace {

// Something that is there and takes bytes, but is no file that could be replaced: a device, a FIFO.
bool IsStream(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

class GetCommand {
 public:
  GetCommand(const GetOptions& options, CommandContext& context)
      : options_(options), context_(context), terminal_(context.terminal) {}
  GetCommand(const GetCommand&) = delete;
  GetCommand& operator=(const GetCommand&) = delete;
  ~GetCommand() {
    if (stream_fd_ >= 0) close(stream_fd_);
  }

  int Run() {
    absl::Status status = Prepare();
    if (status.ok()) {
      Announce();
      const absl::StatusOr<DownloadResult> result = Download();
      if (result.ok()) return Succeed(*result);
      status = result.status();
    }
    return Fail(status);
  }

 private:
  bool to_output() const { return options_.file == "-"; }

  absl::Status Prepare() {
    PENSTOCK_ASSIGN_OR_RETURN(name_, ParseObjectName(options_.object));
    PENSTOCK_ASSIGN_OR_RETURN(read_, MakeReadOptions(options_));
    if (to_output()) {
      file_ = options_.file;
      sink_ = MakePipeSink(STDOUT_FILENO);
      if (!options_.common.json) return absl::OkStatus();
      return MakeError(absl::StatusCode::kInvalidArgument, "OUTPUT_TAKEN",
                       "expected a file with --json: standard output is for the object, or for "
                       "the events");
    }
    PENSTOCK_ASSIGN_OR_RETURN(file_, TargetFileFor(name_.key(), options_.file));
    if (IsStream(file_)) return OpenStream();
    sink_ = MakeFileSink(file_, {.forbid_overwrite = options_.forbid_overwrite});
    return absl::OkStatus();
  }

  absl::Status OpenStream() {
    stream_fd_ = open(file_.c_str(), O_WRONLY | O_CLOEXEC);
    if (stream_fd_ < 0) {
      return MakeError(absl::StatusCode::kPermissionDenied, "TARGET_UNWRITABLE",
                       absl::StrCat("cannot write to \"", file_, "\": ", std::strerror(errno)),
                       {{"path", file_}});
    }
    sink_ = MakePipeSink(stream_fd_);
    return absl::OkStatus();
  }

  void Announce() {
    if (!options_.common.json) return;
    WriteJson(terminal_.out, {{"event", "start"},
                              {"remote", name_.remote()},
                              {"bucket", name_.bucket()},
                              {"key", name_.key()},
                              {"file", file_}});
  }

  absl::StatusOr<DownloadResult> Download() {
    // gRPC's threads must inherit that the signals are blocked: first the watch, then the channel.
    Downloader downloader(options_.common.servers);
    const InterruptWatch watch([&downloader] { downloader.Cancel(); });
    GetReport report(terminal_, name_.key(), options_.quiet, options_.common.json, SystemClock());
    absl::StatusOr<DownloadResult> result = downloader.Get(name_, *sink_, read_, &report);
    report.Clear();
    return result;
  }

  int Succeed(const DownloadResult& result) {
    if (options_.common.json) WriteJson(terminal_.out, ToJson(file_, result));
    if (options_.quiet) return kExitOk;
    std::ostream& humans = options_.common.json || to_output() ? terminal_.err : terminal_.out;
    humans << DescribeResult(file_, result) << std::endl;
    return kExitOk;
  }

  int Fail(const absl::Status& status) {
    const std::string resume = to_output()
                                   ? ""
                                   : ResumeInstructions(context_.arguments, TokenOrigin::kDerived,
                                                        /*from_pipe=*/false);
    return ReportUnfinished(status, resume, options_.common.json, terminal_);
  }

  const GetOptions& options_;
  CommandContext& context_;
  Terminal& terminal_;
  v1::ObjectName name_;
  ReadOptions read_;
  std::string file_;
  int stream_fd_ = -1;  // of a device or FIFO
  std::unique_ptr<Sink> sink_;
};

}  // namespace

void AddGetCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<GetOptions>();
  CLI::App* const command = app.add_subcommand(
      "get", "Get an object into a file, or to standard output. Running it again resumes");
  AddGetOptions(*command, *options);
  command->callback(
      [options, &context] { context.exit_code = GetCommand(*options, context).Run(); });
}

}  // namespace penstock::cli
