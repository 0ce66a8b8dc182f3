#include "client/cli/object_name.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/cli/destination.h"
#include "client/cli/terminal.h"

namespace penstock::cli {
namespace {

absl::Status BadName(const std::string& text, const std::string& expected,
                     const std::string& problem) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_DESTINATION",
                   absl::StrCat("expected ", expected, ", got \"", text, "\": ", problem),
                   {{"got", text}});
}

}  // namespace

absl::StatusOr<v1::ObjectName> ParseObjectPrefix(const std::string& text) {
  constexpr char kExpected[] = "a name such as remote:, remote:bucket or remote:bucket/prefix";
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return BadName(text, kExpected, "it has no ':' after the remote");
  v1::ObjectName name;
  name.set_remote(text.substr(0, colon));
  if (name.remote().empty()) return BadName(text, kExpected, "the remote is empty");
  if (name.remote().find('/') != std::string::npos) {
    return BadName(text, kExpected, "a remote's name has no '/'");
  }
  const size_t slash = text.find('/', colon);
  name.set_bucket(text.substr(colon + 1, slash == std::string::npos ? slash : slash - colon - 1));
  if (slash == std::string::npos) return name;
  if (name.bucket().empty()) return BadName(text, kExpected, "the bucket is empty");
  name.set_key(text.substr(slash + 1));
  return name;
}

absl::StatusOr<v1::ObjectName> ParseObjectName(const std::string& text) {
  PENSTOCK_ASSIGN_OR_RETURN(v1::ObjectName name, ParseObjectPrefix(text));
  if (!name.key().empty()) return name;
  return BadName(text, "an object such as remote:bucket/some/key",
                 name.bucket().empty() ? "it has no bucket" : "it has no key");
}

std::string DescribeName(const std::string& remote, const std::string& bucket,
                         const std::string& key) {
  return Printable(FormatDestination({remote, bucket, key}));
}

std::string DescribeName(const v1::ObjectName& name) {
  return DescribeName(name.remote(), name.bucket(), name.key());
}

}  // namespace penstock::cli
