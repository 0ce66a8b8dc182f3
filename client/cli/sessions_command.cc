// penstock sessions: the caller's sessions.

#include <memory>

#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/json_events.h"
#include "client/cli/session_text.h"

namespace penstock::cli {
namespace {

constexpr int kPageSize = 1000;

struct SessionsOptions {
  CommonOptions common;
  std::vector<std::string> states;
  std::string remote;
  std::string bucket;
  std::string prefix;
};

absl::StatusOr<v1::ListSessionsRequest> MakeRequest(const SessionsOptions& options) {
  v1::ListSessionsRequest request;
  request.set_page_size(kPageSize);
  for (const std::string& name : options.states) {
    PENSTOCK_ASSIGN_OR_RETURN(const v1::Session::State state, ParseState(name));
    request.add_states(state);
  }
  request.set_remote(options.remote);
  request.set_bucket(options.bucket);
  request.set_key_prefix(options.prefix);
  return request;
}

// Prints page after page: there may be many.
absl::Status ListSessions(const SessionsOptions& options, Terminal& terminal) {
  PENSTOCK_ASSIGN_OR_RETURN(v1::ListSessionsRequest request, MakeRequest(options));
  Connection connection(options.common.servers);
  do {
    v1::ListSessionsResponse response;
    PENSTOCK_RETURN_IF_ERROR(connection.Call([&](auto& stub, grpc::ClientContext& context) {
      return stub.ListSessions(&context, request, &response);
    }));
    for (const v1::Session& session : response.sessions()) {
      if (options.common.json) {
        WriteJson(terminal.out, ToJson(session));
      } else {
        terminal.out << SessionRow(session) << "\n";
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  terminal.out << std::flush;
  return absl::OkStatus();
}

}  // namespace

void AddSessionsCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionsOptions>();
  CLI::App* const command = app.add_subcommand("sessions", "List your sessions, one a line");
  AddCommonOptions(*command, options->common);
  AddRepeated(*command, "--state", options->states,
              "Only of this state: open, finishing, finished, aborted, failed or expired");
  command->add_option("--remote", options->remote, "Only to this remote");
  command->add_option("--bucket", options->bucket, "Only to this bucket");
  command->add_option("--prefix", options->prefix, "Only keys that begin so");
  command->callback([options, &context] {
    const absl::Status status = ListSessions(*options, context.terminal);
    if (!status.ok()) {
      context.exit_code = ReportError(status, options->common.json, context.terminal);
    }
  });
}

}  // namespace penstock::cli
