#include "base/rate_limit.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace penstock {
namespace {

class StoppedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1'700'000'000); }
};

constexpr int64_t kMiB = 1 << 20;

TEST(RateLimitTest, TheBurstIsAnEighthOfASecondOrTheLeast) {
  const StoppedClock clock;
  RateLimit fast(8 * kMiB, clock);
  EXPECT_EQ(fast.Take(kMiB), absl::ZeroDuration());
  EXPECT_EQ(fast.Take(8 * kMiB), absl::Seconds(1));
  RateLimit slow(1024, clock);
  EXPECT_EQ(slow.Take(RateLimit::kLeastBurst), absl::ZeroDuration());
  EXPECT_EQ(slow.Take(1024), absl::Seconds(1));
}

TEST(RateLimitTest, PiecesAreSmallBesideTheBurst) {
  const StoppedClock clock;
  for (const int64_t rate : {int64_t{1}, 100 * kMiB, int64_t{1} << 40}) {
    EXPECT_LE(RateLimit(rate, clock).piece(), RateLimit::BurstOf(rate)) << rate;
  }
}

TEST(RateLimitTest, AByteIsCountedOnceWhoeverTakesIt) {
  const StoppedClock clock;
  RateLimit limit(kMiB, clock);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&limit] {
      for (int k = 0; k < 1024; ++k) limit.Take(1024);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(limit.Take(0), absl::Milliseconds(4000 - 125));
}

TEST(ThrottleTest, WithoutLimitsNothingWaits) {
  const Throttle none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.Take(1000 * kMiB), absl::ZeroDuration());
}

TEST(ThrottleTest, TheTighterLimitDecidesAndBothCount) {
  const StoppedClock clock;
  const auto process = std::make_shared<RateLimit>(2 * kMiB, clock);
  Throttle slow;
  slow.Add(std::make_shared<RateLimit>(kMiB, clock));
  slow.Add(process);
  EXPECT_EQ(slow.Take(2 * kMiB), absl::Milliseconds(2000 - 125));
  // What another remote sends waits for the process as a whole.
  Throttle other;
  other.Add(process);
  EXPECT_EQ(other.Take(2 * kMiB), absl::Milliseconds(2000 - 125));
  other.Return(2 * kMiB);
  EXPECT_EQ(other.Take(0), absl::Milliseconds(1000 - 125));
  EXPECT_EQ(slow.piece(), 32 * 1024);
}

}  // namespace
}  // namespace penstock
