#include "client/cli/resume_command.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace penstock::cli {
namespace {

// The command line without --token and its value.
std::string CommandWithoutToken(const std::vector<std::string>& arguments) {
  std::string command;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--token") {
      ++i;
    } else if (!absl::StartsWith(arguments[i], "--token=")) {
      absl::StrAppend(&command, command.empty() ? "" : " ", ShellQuote(arguments[i]));
    }
  }
  return command;
}

std::string TokenAdvice(TokenOrigin origin) {
  switch (origin) {
    case TokenOrigin::kOption:
      return " with the same token in PENSTOCK_TOKEN or --token-file";
    case TokenOrigin::kEnvironment:
      return " with PENSTOCK_TOKEN set as it is now";
    case TokenOrigin::kRandom:
      return " with the token that was printed at the start in PENSTOCK_TOKEN";
    case TokenOrigin::kDerived:
    case TokenOrigin::kFile:
      break;
  }
  return "";
}

}  // namespace

std::string ShellQuote(const std::string& argument) {
  constexpr char kPlain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string::npos) return argument;
  std::string quoted = "'";
  for (const char c : argument) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string ResumeInstructions(const std::vector<std::string>& arguments, TokenOrigin origin,
                               bool from_pipe) {
  return absl::StrCat("To resume", from_pipe ? ", give the same bytes from the start again" : "",
                      TokenAdvice(origin).empty() ? ""
                      : from_pipe                 ? ","
                                                  : "",
                      TokenAdvice(origin), ":\n  ", from_pipe ? "... | " : "",
                      CommandWithoutToken(arguments));
}

}  // namespace penstock::cli
