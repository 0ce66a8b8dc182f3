#include "server/upload_limits.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

class StoppedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1'700'000'000); }
};

constexpr int64_t kMiB = 1 << 20;
constexpr absl::Duration kBurst = absl::Milliseconds(125);

TEST(UploadLimitsTest, WithoutRatesNothingIsLimited) {
  const StoppedClock clock;
  const UploadLimits::OfRemote limits = UploadLimits(0, clock).Make(0);
  EXPECT_TRUE(limits.reads.empty());
  EXPECT_TRUE(limits.sends.empty());
}

TEST(UploadLimitsTest, AByteCountsOnceOnEachWay) {
  const StoppedClock clock;
  const UploadLimits::OfRemote limits = UploadLimits(0, clock).Make(kMiB);
  EXPECT_EQ(limits.reads.Take(kMiB), absl::Seconds(1) - kBurst);
  EXPECT_EQ(limits.sends.Take(kMiB), absl::Seconds(1) - kBurst);
}

TEST(UploadLimitsTest, RemotesShareTheProcessesLimitOnly) {
  const StoppedClock clock;
  const UploadLimits limits(kMiB, clock);
  const UploadLimits::OfRemote slow = limits.Make(kMiB / 2);
  const UploadLimits::OfRemote free = limits.Make(0);
  EXPECT_EQ(slow.sends.Take(kMiB), absl::Seconds(2) - kBurst);
  EXPECT_EQ(free.sends.Take(0), absl::Seconds(1) - kBurst);
  EXPECT_EQ(free.reads.Take(0), absl::ZeroDuration());
}

}  // namespace
}  // namespace penstock
