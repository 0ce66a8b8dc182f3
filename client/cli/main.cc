// penstock: the command line tool.

#include <CLI/CLI.hpp>

#include "client/cli/command.h"
#include "client/cli/exit_code.h"

int main(int argc, char** argv) {
  using namespace penstock::cli;  // NOLINT(google-build-using-namespace): the whole file is ours
  Terminal terminal = StandardTerminal();
  CommandContext context{terminal, {argv, argv + argc}};
  CLI::App app("Put and get objects through a Penstock server, resumably.", "penstock");
  app.set_version_flag("--version", "penstock " PENSTOCK_VERSION);
  app.require_subcommand(1);
  AddPutCommand(app, context);
  AddGetCommand(app, context);
  AddLsCommand(app, context);
  AddStatCommand(app, context);
  AddCpCommand(app, context);
  AddRmCommand(app, context);
  AddSessionsCommand(app, context);
  AddStatusCommand(app, context);
  AddAbortCommand(app, context);
  AddRemotesCommand(app, context);
  AddGcCommand(app, context);
  AddDoctorCommand(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return context.exit_code;
}
