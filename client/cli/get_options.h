#ifndef PENSTOCK_CLIENT_CLI_GET_OPTIONS_H_
#define PENSTOCK_CLIENT_CLI_GET_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/command.h"
#include "client/downloader.h"

namespace penstock::cli {

// The options of `penstock get` as they were typed.
struct GetOptions {
  std::string object;
  std::string file = ".";
  CommonOptions common;
  std::string range;
  std::string give_up_after = "5m";
  std::string limit_rate;
  bool forbid_overwrite = false;
  bool quiet = false;
};

void AddGetOptions(CLI::App& command, GetOptions& options);

// INVALID_ARGUMENT for a range, duration or rate that is none: BAD_RANGE, BAD_DURATION,
// BAD_BYTE_SIZE.
absl::StatusOr<ReadOptions> MakeReadOptions(const GetOptions& options);

// The file that `key` is written to: `file`, or of a directory the one in it that has the key's
// base name. INVALID_ARGUMENT / BAD_TARGET where the key has no base name that a file can have.
absl::StatusOr<std::string> TargetFileFor(const std::string& key, const std::string& file);

// The last line of a get: object, file, size, CRC-64 and whether it was verified, ETag, seconds,
// rate, bytes received by this run and, if resumed, from where.
std::string DescribeResult(const std::string& file, const DownloadResult& result);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_GET_OPTIONS_H_
