#include "client/cli/destination.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace penstock::cli {
namespace {

absl::Status BadDestination(const std::string& text, const std::string& problem,
                            const std::string& expected = "remote:bucket/some/key") {
  return MakeError(
      absl::StatusCode::kInvalidArgument, "BAD_DESTINATION",
      absl::StrCat("expected a destination such as ", expected, ", got \"", text, "\": ", problem),
      {{"got", text}});
}

}  // namespace

absl::StatusOr<Destination> ParseDestination(const std::string& text, const std::string& file) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return BadDestination(text, "it has no ':' after the remote");
  const size_t slash = text.find('/', colon);
  if (slash == std::string::npos) return BadDestination(text, "it has no '/' after the bucket");
  Destination result;
  result.remote = text.substr(0, colon);
  result.bucket = text.substr(colon + 1, slash - colon - 1);
  result.key = text.substr(slash + 1);
  if (result.remote.empty()) return BadDestination(text, "the remote is empty");
  if (result.remote.find('/') != std::string::npos) {
    return BadDestination(text, "a remote's name has no '/'");
  }
  if (result.bucket.empty()) return BadDestination(text, "the bucket is empty");
  if (!result.key.empty() && result.key.back() != '/') return result;
  const std::string name = std::filesystem::path(file).filename().string();
  if (file == "-" || name.empty()) {
    return BadDestination(text, "the key ends in '/', and there is no file name to add to it");
  }
  result.key += name;
  return result;
}

absl::StatusOr<Destination> ParseBucket(const std::string& text) {
  constexpr char kExpected[] = "remote:bucket or remote:";
  const size_t colon = text.find(':');
  if (colon == std::string::npos) {
    return BadDestination(text, "it has no ':' after the remote", kExpected);
  }
  if (colon == 0) return BadDestination(text, "the remote is empty", kExpected);
  if (text.find('/') != std::string::npos) {
    return BadDestination(text, "it has a '/': name a bucket, and no key", kExpected);
  }
  return Destination{text.substr(0, colon), text.substr(colon + 1), ""};
}

std::string FormatDestination(const Destination& destination) {
  return absl::StrCat(destination.remote, ":", destination.bucket, "/", destination.key);
}

}  // namespace penstock::cli
