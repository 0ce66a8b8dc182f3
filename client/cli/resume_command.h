#ifndef PENSTOCK_CLIENT_CLI_RESUME_COMMAND_H_
#define PENSTOCK_CLIENT_CLI_RESUME_COMMAND_H_

#include <string>
#include <vector>

namespace penstock::cli {

// Where the session token of a put came from.
enum class TokenOrigin {
  kDerived,      // from the file and the destination
  kOption,       // --token
  kFile,         // --token-file
  kEnvironment,  // PENSTOCK_TOKEN
  kRandom,       // made up for a pipe, and printed at the start
};

// `argument` as one word for a POSIX shell.
std::string ShellQuote(const std::string& argument);

// What resumes the put that was started with `arguments` (the whole command line), as text for the
// user. It never contains a token: where one has to be given, the text says how.
std::string ResumeInstructions(const std::vector<std::string>& arguments, TokenOrigin origin,
                               bool from_pipe);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_RESUME_COMMAND_H_
