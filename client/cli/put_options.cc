#include "client/cli/put_options.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/byte_size.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/cli/duration_text.h"
#include "client/cli/json_events.h"
#include "client/cli/terminal.h"

namespace penstock::cli {
namespace {

using Pairs = std::map<std::string, std::string>;

template <typename Map>
absl::Status SetPairs(const std::string& option, const std::vector<std::string>& pairs, Map* map) {
  PENSTOCK_ASSIGN_OR_RETURN(const Pairs parsed, ParsePairs(option, pairs));
  for (const auto& [name, value] : parsed) (*map)[name] = value;
  return absl::OkStatus();
}

void AddTransferOptions(CLI::App& command, PutOptions& options) {
  command.add_option("--part-size", options.part_size,
                     "Preferred size of parts, such as 8MiB; the server chooses by default");
  command
      .add_option("--parallel", options.parallel,
                  "Parts that the server stores at the same time; it chooses by default")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--replay-buffer", options.replay_buffer,
                  "Memory for bytes of a pipe that may have to be sent again")
      ->capture_default_str();
  command
      .add_option("--give-up-after", options.give_up_after,
                  "Time without any progress after which to give up; the session stays")
      ->capture_default_str();
  command.add_option("--limit-rate", options.limit_rate,
                     "Bytes per second to send at most, such as 10MiB; of all files together");
  command.add_option("--transfers", options.transfers, "Files that are put at the same time")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command.add_flag("--quiet,-q", options.quiet, "Print errors only");
}

void AddObjectOptions(CLI::App& command, PutOptions& options) {
  command.add_option("--content-type", options.content_type, "Content type of the object");
  command.add_option("--cache-control", options.cache_control, "Cache-Control of the object");
  command.add_option("--content-disposition", options.content_disposition,
                     "Content-Disposition of the object");
  command.add_option("--content-encoding", options.content_encoding,
                     "Content-Encoding of the object");
  command.add_option("--storage-class", options.storage_class, "Storage class of the object");
  command.add_flag("--forbid-overwrite", options.forbid_overwrite,
                   "Fail if the object exists already");
  AddRepeated(command, "--metadata", options.metadata, "name=value, stored with the object");
  AddRepeated(command, "--tag", options.tags, "name=value, a tag of the object");
  AddRepeated(command, "--label", options.labels, "name=value, of the session only");
  AddRepeated(command, "--option", options.backend_options,
              "name=value, an option of this kind of remote (see penstock remotes)");
}

// Those that follow the first file: more of them, and the destination.
void TakeWords(std::vector<std::string> words, PutOptions& options) {
  for (const std::string& word : words) {
    if (word.size() > 1 && word.front() == '-') throw CLI::ExtrasError({word});
  }
  if (words.empty()) throw CLI::RequiredError("a destination, remote:bucket/key, behind the file");
  options.destination = std::move(words.back());
  words.pop_back();
  options.files.insert(options.files.end(), words.begin(), words.end());
}

}  // namespace

void AddPutOptions(CLI::App& command, PutOptions& options) {
  command
      .add_option_function<std::string>(
          "files", [&options](const std::string& first) { options.files = {first}; },
          "Files to put, or - for standard input; and last the destination, "
          "remote:bucket/key: a key that ends in / gets the file's name")
      ->type_name("FILE... DESTINATION")
      ->required();
  // An option of many words would take one in brackets, "[a,b]", for a list of them.
  command.allow_extras();
  command.parse_complete_callback(
      [&command, &options] { TakeWords(command.remaining(), options); });
  AddCommonOptions(command, options.common);
  AddTokenOptions(command, options.token);
  AddTransferOptions(command, options);
  AddObjectOptions(command, options);
}

absl::StatusOr<v1::ObjectSpec> MakeObjectSpec(const PutOptions& options,
                                              const Destination& destination) {
  v1::ObjectSpec spec;
  spec.set_remote(destination.remote);
  spec.set_bucket(destination.bucket);
  spec.set_key(destination.key);
  if (!options.part_size.empty()) {
    PENSTOCK_ASSIGN_OR_RETURN(const int64_t part_size, ParseByteSize(options.part_size));
    spec.set_part_size(part_size);
  }
  spec.set_max_parallel_parts(options.parallel);
  spec.set_content_type(options.content_type);
  spec.set_cache_control(options.cache_control);
  spec.set_content_disposition(options.content_disposition);
  spec.set_content_encoding(options.content_encoding);
  spec.set_storage_class(options.storage_class);
  spec.set_forbid_overwrite(options.forbid_overwrite);
  PENSTOCK_RETURN_IF_ERROR(SetPairs("--metadata", options.metadata, spec.mutable_metadata()));
  PENSTOCK_RETURN_IF_ERROR(SetPairs("--tag", options.tags, spec.mutable_tags()));
  PENSTOCK_RETURN_IF_ERROR(SetPairs("--label", options.labels, spec.mutable_labels()));
  PENSTOCK_RETURN_IF_ERROR(
      SetPairs("--option", options.backend_options, spec.mutable_backend_options()));
  return spec;
}

absl::StatusOr<UploadOptions> MakeUploadOptions(const PutOptions& options) {
  UploadOptions upload;
  PENSTOCK_ASSIGN_OR_RETURN(upload.give_up_after, ParseDuration(options.give_up_after));
  PENSTOCK_ASSIGN_OR_RETURN(upload.limit, ParseRateLimit(options.limit_rate));
  return upload;
}

absl::StatusOr<int64_t> ReplayBufferOf(const PutOptions& options) {
  PENSTOCK_ASSIGN_OR_RETURN(const int64_t bytes, ParseByteSize(options.replay_buffer));
  constexpr int64_t kMaximum = int64_t{1} << 40;  // far beyond any memory
  if (bytes > 0 && bytes <= kMaximum) return bytes;
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_REPLAY_BUFFER",
                   absl::StrCat("--replay-buffer must be from 1 byte to ", FormatByteSize(kMaximum),
                                ", got ", options.replay_buffer),
                   {{"got", options.replay_buffer}});
}

std::string DescribeResult(const std::string& destination, const UploadResult& result) {
  std::string text = absl::StrCat(Printable(destination), "  ", FormatByteSize(result.size), " (",
                                  result.size, " bytes)  CRC-64 ", FormatCrc64(result.crc64),
                                  "  ETag ", Printable(result.object.etag()));
  if (result.replayed && result.bytes_sent == 0) {
    return absl::StrCat(text, "  was finished earlier; nothing was sent now");
  }
  const double seconds = std::max(absl::ToDoubleSeconds(result.elapsed), 0.001);
  const double rate = static_cast<double>(result.bytes_sent) / seconds;
  absl::StrAppendFormat(&text, "  %.1f s  %s/s  sent %s", seconds,
                        FormatByteSize(static_cast<int64_t>(rate)),
                        FormatByteSize(result.bytes_sent));
  if (result.resumed_from > 0) {
    absl::StrAppend(&text, ", resumed at ", FormatByteSize(result.resumed_from), " (",
                    result.resumed_from, " bytes)");
  }
  return text;
}

}  // namespace penstock::cli
