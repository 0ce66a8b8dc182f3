#include "client/cli/get_options.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/byte_size.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/cli/duration_text.h"
#include "client/cli/json_events.h"
#include "client/cli/object_name.h"
#include "client/cli/terminal.h"

namespace penstock::cli {
namespace {

// "1MiB", "1MiB:4KiB", "-500": sets offset and length.
bool ParseRange(const std::string& text, ReadOptions& read) {
  const size_t colon = text.find(':');
  std::string offset = text.substr(0, colon);
  const bool from_end = absl::StartsWith(offset, "-");
  if (from_end) offset.erase(0, 1);
  const absl::StatusOr<int64_t> bytes = ParseByteSize(offset);
  if (!bytes.ok() || (from_end && *bytes == 0)) return false;
  read.offset = from_end ? -*bytes : *bytes;
  if (colon == std::string::npos) return true;
  const absl::StatusOr<int64_t> length = ParseByteSize(text.substr(colon + 1));
  if (!length.ok()) return false;
  read.length = *length;
  return true;
}

}  // namespace

void AddGetOptions(CLI::App& command, GetOptions& options) {
  command.add_option("object", options.object, "remote:bucket/key")->required();
  command
      .add_option("file", options.file, "File or directory to write to, or - for standard output")
      ->capture_default_str();
  command.add_option("--range", options.range,
                     "Only these bytes: OFFSET or OFFSET:LENGTH, such as 1MiB:4MiB; =-OFFSET "
                     "counts from the end");
  command.add_flag("--no-clobber,-n", options.forbid_overwrite, "Fail if the file exists already");
  command
      .add_option("--give-up-after", options.give_up_after,
                  "Time without any progress after which to give up; what came stays")
      ->capture_default_str();
  command.add_option("--limit-rate", options.limit_rate,
                     "Bytes per second to receive at most, such as 10MiB");
  command.add_flag("--quiet,-q", options.quiet, "Print errors only");
  AddCommonOptions(command, options.common);
}

absl::StatusOr<ReadOptions> MakeReadOptions(const GetOptions& options) {
  ReadOptions read;
  PENSTOCK_ASSIGN_OR_RETURN(read.give_up_after, ParseDuration(options.give_up_after));
  PENSTOCK_ASSIGN_OR_RETURN(read.limit, ParseRateLimit(options.limit_rate));
  if (options.range.empty() || ParseRange(options.range, read)) return read;
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_RANGE",
                   absl::StrCat("expected --range OFFSET or OFFSET:LENGTH such as 1MiB:4MiB or "
                                "-500, got \"",
                                options.range, "\""),
                   {{"got", options.range}});
}

absl::StatusOr<std::string> TargetFileFor(const std::string& key, const std::string& file) {
  std::error_code error;
  if (!absl::EndsWith(file, "/") && !std::filesystem::is_directory(file, error)) return file;
  // The key is somebody else's: it must not lead out of the directory.
  const std::string name = key.substr(key.rfind('/') + 1);
  if (!name.empty() && name != "." && name != "..") {
    return (std::filesystem::path(file) / name).lexically_normal().string();
  }
  return MakeError(
      absl::StatusCode::kInvalidArgument, "BAD_TARGET",
      absl::StrCat("expected a file to write to: \"", file, "\" is a directory, and the key \"",
                   key, "\" ends with no name for a file in it"),
      {{"file", file}, {"key", key}});
}

std::string DescribeResult(const std::string& file, const DownloadResult& result) {
  const v1::StoredObject& object = result.range.object;
  std::string text = absl::StrCat(
      DescribeName(object.remote(), object.bucket(), object.key()), " -> ", Printable(file), "  ",
      FormatByteSize(result.range.length), " (", result.range.length, " bytes)  CRC-64 ",
      FormatCrc64(result.crc64), result.verified ? " (verified)" : " (not verified)", "  ETag ",
      Printable(object.etag()));
  const double seconds = std::max(absl::ToDoubleSeconds(result.elapsed), 0.001);
  const double rate = static_cast<double>(result.bytes_received) / seconds;
  absl::StrAppendFormat(&text, "  %.1f s  %s/s  received %s", seconds,
                        FormatByteSize(static_cast<int64_t>(rate)),
                        FormatByteSize(result.bytes_received));
  if (result.resumed_from > 0) {
    absl::StrAppend(&text, ", resumed at ", FormatByteSize(result.resumed_from), " (",
                    result.resumed_from, " bytes)");
  }
  return text;
}

}  // namespace penstock::cli
