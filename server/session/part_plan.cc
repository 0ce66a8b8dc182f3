#include "server/session/part_plan.h"

#include <algorithm>

namespace penstock {

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
    const int64_t numbers = std::max(limits.max_number - number + 1 - kSpareNumbers, 1);
    size = (left + numbers - 1) / numbers;
  }
  return std::min(std::max(size, limits.base_size), limits.cap_size);
}

int64_t MaxKnownLength(const PartLimits& limits) {
  const int64_t numbers = std::max(limits.max_number - kSpareNumbers, 1);
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

}  // namespace penstock
