#include "base/rate_limit.h"

#include <algorithm>

namespace penstock {
namespace {

constexpr int64_t kBurstsPerSecond = 8;
constexpr int64_t kPiecesPerSecond = 32;
constexpr int64_t kLeastPiece = 16 * 1024;
constexpr int64_t kLargestPiece = 256 * 1024;  // more at a time makes sending no cheaper

}  // namespace

int64_t RateLimit::BurstOf(int64_t rate) { return std::max(rate / kBurstsPerSecond, kLeastBurst); }

RateLimit::RateLimit(int64_t rate, const Clock& clock)
    : clock_(clock),
      rate_(rate),
      piece_(std::clamp(rate / kPiecesPerSecond, kLeastPiece, kLargestPiece)),
      bucket_(rate, BurstOf(rate)) {}

absl::Duration RateLimit::Take(int64_t bytes) {
  MutexLock lock(&mutex_);
  return bucket_.Take(bytes, clock_.Now());
}

void RateLimit::Return(int64_t bytes) {
  MutexLock lock(&mutex_);
  bucket_.Return(bytes);
}

absl::Duration Throttle::Take(int64_t bytes) const {
  absl::Duration wait;
  for (const auto& limit : limits_) wait = std::max(wait, limit->Take(bytes));
  return wait;
}

void Throttle::Return(int64_t bytes) const {
  for (const auto& limit : limits_) limit->Return(bytes);
}

int64_t Throttle::piece() const {
  int64_t piece = kLargestPiece;
  for (const auto& limit : limits_) piece = std::min(piece, limit->piece());
  return piece;
}

}  // namespace penstock
