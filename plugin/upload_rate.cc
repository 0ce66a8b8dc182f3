#include "plugin/upload_rate.h"

#include "absl/strings/str_cat.h"
#include "base/byte_size.h"
#include "base/error.h"

namespace penstock {
namespace {

constexpr char kUploadRate[] = "upload_rate";

}  // namespace

OptionInfo UploadRateOption() {
  OptionInfo rate;
  rate.name = kUploadRate;
  rate.help =
      "The most bytes of objects per second that are read from clients for this remote, and the "
      "most that are sent to it; 0: no limit.";
  rate.default_value = "0";
  rate.examples = {"50MiB"};
  return rate;
}

absl::StatusOr<int64_t> UploadRateOf(const OptionValues& values) {
  const auto value = values.find(kUploadRate);
  if (value == values.end()) return 0;
  const absl::StatusOr<int64_t> rate = ParseByteSize(value->second);
  if (rate.ok()) return rate;
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_REMOTE_OPTION",
                   absl::StrCat("option \"", kUploadRate,
                                "\" must be the bytes of a second, such as 50MiB, or 0, \"",
                                value->second, "\" came"),
                   {{"option", kUploadRate}});
}

}  // namespace penstock
