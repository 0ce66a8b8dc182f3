#ifndef PENSTOCK_CLIENT_CLI_COMMAND_H_
#define PENSTOCK_CLIENT_CLI_COMMAND_H_

// The commands of `penstock`. Each Add function registers one with its options; when the command
// line names it, it runs and sets the exit code of the context.

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/rate_limit.h"
#include "client/cli/terminal.h"
#include "client/connection.h"

namespace penstock::cli {

// What all commands work in. Outlives the parsing of the command line.
struct CommandContext {
  Terminal& terminal;
  std::vector<std::string> arguments;  // the whole command line
  int exit_code = 0;
};

void AddPutCommand(CLI::App& app, CommandContext& context);
void AddSessionsCommand(CLI::App& app, CommandContext& context);
void AddStatusCommand(CLI::App& app, CommandContext& context);
void AddAbortCommand(CLI::App& app, CommandContext& context);
void AddRemotesCommand(CLI::App& app, CommandContext& context);
void AddGcCommand(CLI::App& app, CommandContext& context);
void AddDoctorCommand(CLI::App& app, CommandContext& context);
void AddLsCommand(CLI::App& app, CommandContext& context);
void AddStatCommand(CLI::App& app, CommandContext& context);
void AddGetCommand(CLI::App& app, CommandContext& context);
void AddCpCommand(CLI::App& app, CommandContext& context);
void AddRmCommand(CLI::App& app, CommandContext& context);

// Options that several commands share.
struct CommonOptions {
  std::vector<std::string> servers = {"127.0.0.1:7070"};
  bool json = false;
};
void AddCommonOptions(CLI::App& command, CommonOptions& options);

// Adds an option that may be given several times, one value each time.
CLI::Option* AddRepeated(CLI::App& command, const std::string& name,
                         std::vector<std::string>& values, const std::string& help);

// What --limit-rate asks for, such as "10MiB" per second; null for 0 or where it was not given.
absl::StatusOr<std::shared_ptr<RateLimit>> ParseRateLimit(const std::string& text);

// "name=value" pairs; INVALID_ARGUMENT / BAD_PAIR for one without '=' or given twice.
absl::StatusOr<std::map<std::string, std::string>> ParsePairs(
    const std::string& option, const std::vector<std::string>& pairs);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_COMMAND_H_
