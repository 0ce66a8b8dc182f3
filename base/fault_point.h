#ifndef PENSTOCK_BASE_FAULT_POINT_H_
#define PENSTOCK_BASE_FAULT_POINT_H_

// Named moments at which a test makes a real process die, stop or be told a lie. Without
// PENSTOCK_FAULT_POINTS in the environment nothing is armed, and a point costs one relaxed load.
//
//   PENSTOCK_FAULT_POINTS=POINT=ACTION[@N[+]][,...]
//
//   commit.after=kill          SIGKILL to this process when the point is reached first
//   seal.before=stop@2         SIGSTOP to it, the second time
//   commit.before=fail@3+      what the point stands for fails, the third time and ever after
//   complete.before=hold       what the point stands for waits until the process gets SIGUSR1; all
//                              else goes on. One signal lets go one.
//
// Points named `X.before` and `X.after` are the two ends of something that can fail and wait;
// others are moments, at which a process can only be killed or stopped.
//
// Every action is told on stderr just before it is taken, on a line of its own:
//   fault point commit.after 1 kill

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

namespace penstock {

// What the code at a point has to do. Killing and stopping are done already.
enum class FaultAction { kNone, kFail, kHold };

namespace fault_point_internal {
extern std::atomic<bool> armed;
FaultAction Reach(std::string_view point);
}  // namespace fault_point_internal

// Arms the points that `text` names; points of which `known` has none, and what is no such text,
// are INVALID_ARGUMENT / BAD_FAULT_POINTS. Blocks SIGUSR1 in the calling thread: call it before any
// other thread begins.
absl::Status ArmFaultPoints(const std::string& text, const std::vector<std::string>& known);

// Whether any point is armed.
inline bool FaultPointsArmed() {
  return fault_point_internal::armed.load(std::memory_order_relaxed);
}

// Counts that `point` was reached, and acts. Thread-safe.
inline FaultAction FaultPoint(std::string_view point) {
  return FaultPointsArmed() ? fault_point_internal::Reach(point) : FaultAction::kNone;
}

// Runs `go_on` on a thread of its own once SIGUSR1 has come: for kHold.
void HoldFaultPoint(absl::AnyInvocable<void() &&> go_on);

}  // namespace penstock

#endif  // PENSTOCK_BASE_FAULT_POINT_H_
