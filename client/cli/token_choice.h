#ifndef PENSTOCK_CLIENT_CLI_TOKEN_CHOICE_H_
#define PENSTOCK_CLIENT_CLI_TOKEN_CHOICE_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/destination.h"
#include "client/cli/resume_command.h"

namespace penstock::cli {

// --token and --token-file. Session tokens are secrets: whoever has one can take the session over.
struct TokenOptions {
  std::string token;
  std::string token_file;
};
void AddTokenOptions(CLI::App& command, TokenOptions& options);

struct TokenChoice {
  std::string token;
  TokenOrigin origin = TokenOrigin::kDerived;
};

// The token that the user gave: by --token, --token-file, or PENSTOCK_TOKEN, in this order; nullopt
// for none. Errors of reading the file.
absl::StatusOr<std::optional<TokenChoice>> GivenToken(const TokenOptions& options);

// The given token, else one that is derived from the file and the destination, or a random one for
// the file "-".
absl::StatusOr<TokenChoice> ChooseToken(const TokenOptions& options, const std::string& file,
                                        const Destination& destination);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_TOKEN_CHOICE_H_
