#ifndef PENSTOCK_PLUGIN_OSS_FAN_OUT_H_
#define PENSTOCK_PLUGIN_OSS_FAN_OUT_H_

#include <cstdint>
#include <functional>

#include "plugin/answer.h"

namespace penstock::oss {

// One step of a fan-out: does what `index` stands for and then tells how it went, not from within
// the call.
using Step = std::function<void(int64_t index, DoneStatus done)>;

// Runs the steps 0 to count - 1, at most `parallel` at a time, and then `done`, from within the
// last of them: OK, or the first error, after which no step is begun. What steps have written is
// there for `done` to read. REQUIRES: count >= 1, parallel >= 1.
void FanOut(int64_t count, int parallel, Step step, DoneStatus done);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_FAN_OUT_H_
