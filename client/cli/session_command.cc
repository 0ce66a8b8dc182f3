// penstock status and penstock abort: one session.

#include <memory>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/json_events.h"
#include "client/cli/session_text.h"
#include "client/cli/token_choice.h"

namespace penstock::cli {
namespace {

// Which session: by id, by token, or by the file and destination that its token follows from.
struct SessionOptions {
  CommonOptions common;
  TokenOptions token;
  std::string id;
  std::string file;
  std::string destination;
};

std::shared_ptr<SessionOptions> AddSessionOptions(CLI::App& command) {
  auto options = std::make_shared<SessionOptions>();
  command.add_option("file", options->file, "The file that is being put");
  command.add_option("destination", options->destination, "Where it is put: remote:bucket/key");
  command.add_option("--id", options->id, "Session id, as listed by penstock sessions");
  AddTokenOptions(command, options->token);
  AddCommonOptions(command, options->common);
  return options;
}

// Names the session in a GetSessionRequest or AbortSessionRequest.
template <typename Request>
absl::Status NameSession(const SessionOptions& options, Request& request) {
  if (!options.id.empty()) {
    request.set_session_id(options.id);
    return absl::OkStatus();
  }
  PENSTOCK_ASSIGN_OR_RETURN(const std::optional<TokenChoice> given, GivenToken(options.token));
  if (given.has_value()) {
    request.set_session_token(given->token);
    return absl::OkStatus();
  }
  if (options.destination.empty() || options.file == "-") {
    return MakeError(absl::StatusCode::kInvalidArgument, "SESSION_NOT_NAMED",
                     "expected FILE and DESTINATION of a put, --id, --token-file, --token or "
                     "PENSTOCK_TOKEN to name a session");
  }
  PENSTOCK_ASSIGN_OR_RETURN(const Destination destination,
                            ParseDestination(options.destination, options.file));
  PENSTOCK_ASSIGN_OR_RETURN(const TokenChoice derived,
                            ChooseToken(options.token, options.file, destination));
  request.set_session_token(derived.token);
  return absl::OkStatus();
}

// An id or a token goes before the destination that its session is to be put to; PENSTOCK_TOKEN may
// be left from another put.
absl::Status CheckDestination(const SessionOptions& options, const v1::Session& session) {
  if (options.destination.empty()) return absl::OkStatus();
  PENSTOCK_ASSIGN_OR_RETURN(const Destination destination,
                            ParseDestination(options.destination, options.file));
  const v1::ObjectSpec& object = session.object();
  if (object.remote() == destination.remote && object.bucket() == destination.bucket &&
      object.key() == destination.key) {
    return absl::OkStatus();
  }
  return MakeError(
      absl::StatusCode::kInvalidArgument, "OTHER_SESSION",
      absl::StrCat("the session that --id or the token names is put to ", object.remote(), ":",
                   object.bucket(), "/", object.key(), ", not to ", options.destination,
                   "; nothing was done: give only one of them "
                   "(is PENSTOCK_TOKEN set?)"));
}

absl::StatusOr<v1::Session> GetSession(const SessionOptions& options) {
  v1::GetSessionRequest request;
  PENSTOCK_RETURN_IF_ERROR(NameSession(options, request));
  v1::GetSessionResponse response;
  Connection connection(options.common.servers);
  PENSTOCK_RETURN_IF_ERROR(connection.Call([&](auto& stub, grpc::ClientContext& context) {
    return stub.GetSession(&context, request, &response);
  }));
  PENSTOCK_RETURN_IF_ERROR(CheckDestination(options, response.session()));
  return response.session();
}

absl::StatusOr<v1::Session> AbortSession(const SessionOptions& options) {
  if (!options.destination.empty()) PENSTOCK_RETURN_IF_ERROR(GetSession(options).status());
  v1::AbortSessionRequest request;
  PENSTOCK_RETURN_IF_ERROR(NameSession(options, request));
  v1::AbortSessionResponse response;
  Connection connection(options.common.servers);
  PENSTOCK_RETURN_IF_ERROR(connection.Call([&](auto& stub, grpc::ClientContext& context) {
    return stub.AbortSession(&context, request, &response);
  }));
  return response.session();
}

void Show(const absl::StatusOr<v1::Session>& session, const SessionOptions& options,
          CommandContext& context) {
  if (!session.ok()) {
    context.exit_code = ReportError(session.status(), options.common.json, context.terminal);
  } else if (options.common.json) {
    WriteJson(context.terminal.out, ToJson(*session));
  } else {
    context.terminal.out << DescribeSession(*session) << std::flush;
  }
}

}  // namespace

void AddStatusCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command =
      app.add_subcommand("status", "Show one session, by file and destination, id or token");
  const auto options = AddSessionOptions(*command);
  command->callback([options, &context] { Show(GetSession(*options), *options, context); });
}

void AddAbortCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command =
      app.add_subcommand("abort", "Discard a session and what it stored; a finished object stays");
  const auto options = AddSessionOptions(*command);
  command->callback([options, &context] { Show(AbortSession(*options), *options, context); });
}

}  // namespace penstock::cli
