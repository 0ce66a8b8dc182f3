#ifndef PENSTOCK_CLIENT_CLI_EXIT_CODE_H_
#define PENSTOCK_CLIENT_CLI_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"

namespace penstock::cli {

// What the process tells its caller. Documented, and so fixed.
inline constexpr int kExitOk = 0;
inline constexpr int kExitOther = 1;
inline constexpr int kExitUsage = 2;     // the command is wrong: never repeat it unchanged
inline constexpr int kExitNotFound = 3;  // file, bucket or session
inline constexpr int kExitPermission = 4;
inline constexpr int kExitGaveUp = 5;    // for now: the same command resumes
inline constexpr int kExitChecksum = 6;  // the content is not what it should be
inline constexpr int kExitConflict = 7;  // another writer, or something exists already
inline constexpr int kExitQuota = 8;
inline constexpr int kExitInterrupted = 130;

int ExitCodeOf(const absl::Status& status);

// That of a command that does several things: that of what failed, kExitOther where that differs.
// But kExitGaveUp overrides other failures, and kExitInterrupted that: the same command goes on.
int CombineExitCodes(int first, int second);

// Whether the same command may go on where this one ended.
bool IsResumable(const absl::Status& status);

// What the user can do about an error, as one sentence; empty when there is nothing to add.
std::string NextStep(const absl::Status& status);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_EXIT_CODE_H_
