#ifndef PENSTOCK_PLUGIN_UPLOAD_RATE_H_
#define PENSTOCK_PLUGIN_UPLOAD_RATE_H_

// The option `upload_rate`, which the registry adds to every kind of backend.

#include <cstdint>

#include "absl/status/statusor.h"
#include "plugin/registry.h"

namespace penstock {

OptionInfo UploadRateOption();

// Bytes per second; 0: no limit. INVALID_ARGUMENT / BAD_REMOTE_OPTION for what is no size.
absl::StatusOr<int64_t> UploadRateOf(const OptionValues& values);

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_UPLOAD_RATE_H_
