#ifndef PENSTOCK_SERVER_SESSION_PART_PLAN_H_
#define PENSTOCK_SERVER_SESSION_PART_PLAN_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "plugin/backend.h"

namespace penstock {

// What bounds the parts of one session, in bytes and counts.
struct PartLimits {
  int64_t base_size = 0;   // what a part has at least, the last one aside
  int64_t cap_size = 0;    // what a part has at most
  int32_t max_number = 0;  // the highest part number
  int64_t max_object_size = 0;
};

// The size of parts when nobody asks for another.
inline constexpr int64_t kDefaultPartSize = 8 * 1024 * 1024;

// No part is larger than this, whatever the memory allows.
inline constexpr int64_t kMaxPartSize = 256 * 1024 * 1024;

// Part numbers that the plan of a known length keeps for takeovers: each burns those in flight and
// one more.
inline constexpr int32_t kSpareNumbers = 500;

// `part_size` and `replay_buffer_bytes` as the client asked, 0 when it did not; `memory_budget` is
// the server's. No part is smaller than the remote allows: a budget of less than eight of its
// smallest parts is exceeded.
PartLimits MakePartLimits(const Capabilities& capabilities, int64_t part_size,
                          int64_t replay_buffer_bytes, int64_t memory_budget);

// The size of the part that begins at `offset` and will get `number`. Growth follows bytes, never
// numbers: a flaky link that burns numbers must not get parts so large that it can never finish
// one.
int64_t PlanPartSize(const PartLimits& limits, std::optional<int64_t> total_size, int64_t offset,
                     int32_t number);

// Whether a part that ends at `end`, smaller than planned, may get `number` (rule 10): only while
// the numbers that are left carry the rest, and, for so few bytes that a tail could keep them, only
// while half of all numbers are left.
bool MayCut(const PartLimits& limits, std::optional<int64_t> total_size, int64_t end,
            int32_t number, int64_t size);

// The parts that may be under way at once after a claim, until its owner finds that more would
// help: a take-over burns the numbers of so many parts and of one more.
inline constexpr int32_t kClaimWindow = 1;

// How long a part may be filled before it is cut: `base`; of the last quarter of the numbers,
// double from the beginning and again with each quarter of it that is gone, up to 16 times. Not
// earlier: on a link that drops faster than parts are cut, nothing would ever be stored.
absl::Duration PartAge(const PartLimits& limits, absl::Duration base, int32_t number);

// The largest declared length that fits into the limits, and the length at which a stream of
// unknown length runs out of part numbers; both for a session that is never taken over.
int64_t MaxKnownLength(const PartLimits& limits);
int64_t MaxUnknownLength(const PartLimits& limits);

// The memory budget under which an object of this declared length fits; nullopt when none would do.
std::optional<int64_t> BudgetFor(const Capabilities& capabilities, int64_t total_size);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_PART_PLAN_H_
