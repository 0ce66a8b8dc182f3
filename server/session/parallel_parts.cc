#include "server/session/parallel_parts.h"

#include <algorithm>

namespace penstock {
namespace {

constexpr double kMostSlowdown = 2;

}  // namespace

void ParallelParts::OnStored(const Stored& part, absl::Time now) {
  const double per_byte =
      absl::ToDoubleSeconds(part.took) / static_cast<double>(std::max<int64_t>(part.size, 1));
  best_ = std::min(best_.value_or(per_byte), per_byte);
  if (now < rest_until_) return;
  if (part.slowed) {
    FallTo(std::max(count_ / 2, first_), now);
  } else if (part.no_place_free && count_ < most_ && per_byte <= kMostSlowdown * *best_) {
    ++count_;
  }
}

void ParallelParts::OnMemoryShort(absl::Time now) { FallTo(first_, now); }

// A number that is as low as it gets rests too: it must not grow meanwhile.
void ParallelParts::FallTo(int32_t count, absl::Time now) {
  count_ = count;
  rest_until_ = now + kRest;
}

}  // namespace penstock
