#include "client/cli/token_choice.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "client/derived_token.h"

namespace penstock::cli {
namespace {

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  std::string token = text.str();
  absl::StripAsciiWhitespace(&token);
  if (file && !token.empty()) return token;
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_TOKEN_FILE",
                   absl::StrCat("expected a session token in the file \"", path,
                                "\"; it cannot be read or is empty"),
                   {{"path", path}});
}

}  // namespace

void AddTokenOptions(CLI::App& command, TokenOptions& options) {
  CLI::Option* const token = command.add_option(
      "--token", options.token,
      "Session token. A secret that other users of this machine can read in the list of processes: "
      "prefer --token-file or the environment variable PENSTOCK_TOKEN");
  command.add_option("--token-file", options.token_file, "File that contains the session token")
      ->excludes(token);
}

absl::StatusOr<std::optional<TokenChoice>> GivenToken(const TokenOptions& options) {
  if (!options.token.empty()) return TokenChoice{options.token, TokenOrigin::kOption};
  if (!options.token_file.empty()) {
    PENSTOCK_ASSIGN_OR_RETURN(std::string token, ReadTokenFile(options.token_file));
    return TokenChoice{token, TokenOrigin::kFile};
  }
  const char* const environment = std::getenv("PENSTOCK_TOKEN");
  if (environment == nullptr || *environment == '\0') return std::optional<TokenChoice>();
  return TokenChoice{environment, TokenOrigin::kEnvironment};
}

absl::StatusOr<TokenChoice> ChooseToken(const TokenOptions& options, const std::string& file,
                                        const Destination& destination) {
  PENSTOCK_ASSIGN_OR_RETURN(const std::optional<TokenChoice> given, GivenToken(options));
  if (given.has_value()) return *given;
  if (file == "-") return TokenChoice{RandomToken(SecureRandom()), TokenOrigin::kRandom};
  PENSTOCK_ASSIGN_OR_RETURN(const FileIdentity identity, IdentifyFile(file));
  PENSTOCK_ASSIGN_OR_RETURN(const std::string secret, LoadTokenSecret(SecureRandom()));
  return TokenChoice{
      DeriveToken(secret, {destination.remote, destination.bucket, destination.key, identity}),
      TokenOrigin::kDerived};
}

}  // namespace penstock::cli
