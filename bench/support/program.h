#ifndef PENSTOCK_BENCH_SUPPORT_PROGRAM_H_
#define PENSTOCK_BENCH_SUPPORT_PROGRAM_H_

// What every program of bench/ does at its start and its end.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace penstock::bench {

// Raises the limit of open files, and leaves a broken connection to whoever writes to it.
void PrepareProcess();

// Blocks SIGTERM and SIGINT in this thread and those it makes. Called before any.
sigset_t BlockStopSignals();

// Returns when one of them came.
void AwaitStop(const sigset_t& signals);

// An option that takes bytes as "8MiB" (base/byte_size.h).
CLI::Option* AddBytes(CLI::App& app, const std::string& name, int64_t& bytes,
                      const std::string& help);

// Says on stderr what is wrong; the exit code for that.
int Fail(const CLI::App& app, const absl::Status& status);

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SUPPORT_PROGRAM_H_
