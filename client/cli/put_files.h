#ifndef PENSTOCK_CLIENT_CLI_PUT_FILES_H_
#define PENSTOCK_CLIENT_CLI_PUT_FILES_H_

#include "client/cli/put_options.h"
#include "client/cli/terminal.h"

namespace penstock::cli {

// Puts several files, some at the same time, and reports it. Nothing is begun unless all of them
// can be: each is a file and has a key of its own. After that one that fails does not keep the
// others; but after an interruption, or where the server could not go on, no more are begun.
// Returns the exit code (CombineExitCodes). Run again it goes on: what was finished and is still
// there is not sent.
int PutFiles(const PutOptions& options, Terminal& terminal);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_PUT_FILES_H_
