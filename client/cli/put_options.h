#ifndef PENSTOCK_CLIENT_CLI_PUT_OPTIONS_H_
#define PENSTOCK_CLIENT_CLI_PUT_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/command.h"
#include "client/cli/destination.h"
#include "client/cli/token_choice.h"
#include "client/uploader.h"

namespace penstock::cli {

// The options of `penstock put` as they were typed.
struct PutOptions {
  std::vector<std::string> files;  // at least one
  std::string destination;
  CommonOptions common;
  TokenOptions token;
  bool quiet = false;
  std::string part_size;
  int parallel = 0;
  int transfers = 4;
  std::string replay_buffer = "64MiB";
  std::string give_up_after = "5m";
  std::string limit_rate;
  std::string content_type;
  std::string cache_control;
  std::string content_disposition;
  std::string content_encoding;
  std::string storage_class;
  bool forbid_overwrite = false;
  std::vector<std::string> metadata;
  std::vector<std::string> tags;
  std::vector<std::string> labels;
  std::vector<std::string> backend_options;
};

void AddPutOptions(CLI::App& command, PutOptions& options);

// INVALID_ARGUMENT for sizes, durations and pairs that are none.
absl::StatusOr<v1::ObjectSpec> MakeObjectSpec(const PutOptions& options,
                                              const Destination& destination);
absl::StatusOr<UploadOptions> MakeUploadOptions(const PutOptions& options);  // without a token
absl::StatusOr<int64_t> ReplayBufferOf(const PutOptions& options);           // positive

// The last line of a put: destination, size, CRC-64, ETag, seconds, rate, bytes sent by this run
// and, if resumed, from where.
std::string DescribeResult(const std::string& destination, const UploadResult& result);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_PUT_OPTIONS_H_
