#include "server/session/part_plan.h"

#include <algorithm>

#include "server/store/session_record.h"

namespace penstock {

namespace {

// The part numbers that the plan of a known length uses.
int64_t PlannedNumbers(int32_t left) { return std::max(left - kSpareNumbers, 1); }

int64_t DivideUp(int64_t dividend, int64_t divisor) { return (dividend + divisor - 1) / divisor; }

}  // namespace

PartLimits MakePartLimits(const Capabilities& capabilities, int64_t part_size,
                          int64_t replay_buffer_bytes, int64_t memory_budget) {
  PartLimits limits;
  limits.cap_size = std::min({kMaxPartSize, memory_budget / 8, capabilities.max_part_size});
  if (replay_buffer_bytes > 0) {
    limits.cap_size = std::min(limits.cap_size, replay_buffer_bytes / 4);
  }
  // Smaller parts could not be published, and parts of nothing would never end.
  const int64_t smallest = std::max<int64_t>(capabilities.min_part_size, 1);
  limits.cap_size = std::max(limits.cap_size, smallest);
  const int64_t wanted = part_size > 0 ? part_size : kDefaultPartSize;
  limits.base_size = std::min(std::max(wanted, smallest), limits.cap_size);
  limits.max_number = capabilities.max_part_count;
  limits.max_object_size = capabilities.max_object_size;
  return limits;
}

int64_t PlanPartSize(const PartLimits& limits, std::optional<int64_t> total_size, int64_t offset,
                     int32_t number) {
  int64_t size = offset / 1000;
  if (total_size.has_value()) {
    const int64_t left = std::max<int64_t>(*total_size - offset, 0);
    size = DivideUp(left, PlannedNumbers(limits.max_number - number + 1));
  }
  return std::min(std::max(size, limits.base_size), limits.cap_size);
}

bool MayCut(const PartLimits& limits, std::optional<int64_t> total_size, int64_t end,
            int32_t number, int64_t size) {
  const int32_t left = limits.max_number - number;
  if (left <= kSpareNumbers) return false;
  if (size <= kMaxTailSize && left < limits.max_number / 2) return false;
  if (!total_size.has_value()) return true;
  return DivideUp(std::max<int64_t>(*total_size - end, 0), limits.cap_size) <= PlannedNumbers(left);
}

absl::Duration PartAge(const PartLimits& limits, absl::Duration base, int32_t number) {
  const int64_t sixteenths = 16 * int64_t{number - 1} / std::max(limits.max_number, 1);
  return base * (int64_t{1} << std::clamp<int64_t>(sixteenths - 11, 0, 4));
}

int64_t MaxKnownLength(const PartLimits& limits) {
  const int64_t numbers = PlannedNumbers(limits.max_number);
  return std::min(limits.cap_size * numbers, limits.max_object_size);
}

int64_t MaxUnknownLength(const PartLimits& limits) {
  int64_t length = 0;
  for (int32_t number = 1; number <= limits.max_number && length < limits.max_object_size;
       ++number) {
    length += PlanPartSize(limits, std::nullopt, length, number);
  }
  return std::min(length, limits.max_object_size);
}

std::optional<int64_t> BudgetFor(const Capabilities& capabilities, int64_t total_size) {
  if (total_size > capabilities.max_object_size) return std::nullopt;
  const int64_t part = DivideUp(total_size, PlannedNumbers(capabilities.max_part_count));
  if (part > std::min(capabilities.max_part_size, kMaxPartSize)) return std::nullopt;
  return 8 * part;  // no part is larger than an eighth of the budget
}

}  // namespace penstock
