// penstock remotes: where the server can store to.

#include <memory>

#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/json_events.h"
#include "client/cli/session_text.h"

namespace penstock::cli {
namespace {

absl::Status ListRemotes(const CommonOptions& options, Terminal& terminal) {
  Connection connection(options.servers);
  v1::ListRemotesResponse response;
  PENSTOCK_RETURN_IF_ERROR(connection.Call([&](auto& stub, grpc::ClientContext& context) {
    return stub.ListRemotes(&context, v1::ListRemotesRequest(), &response);
  }));
  for (const v1::Remote& remote : response.remotes()) {
    if (options.json) {
      WriteJson(terminal.out, ToJson(remote));
    } else {
      terminal.out << DescribeRemote(remote);
    }
  }
  terminal.out << std::flush;
  return absl::OkStatus();
}

}  // namespace

void AddRemotesCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<CommonOptions>();
  CLI::App* const command =
      app.add_subcommand("remotes", "List where the server can store to, and what each can do");
  AddCommonOptions(*command, *options);
  command->callback([options, &context] {
    const absl::Status status = ListRemotes(*options, context.terminal);
    if (!status.ok()) context.exit_code = ReportError(status, options->json, context.terminal);
  });
}

}  // namespace penstock::cli
