#include "base/token_bucket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace penstock {
namespace {

constexpr int64_t kRate = 1000;
constexpr int64_t kBurst = 100;
const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

absl::Time At(double seconds) { return kStart + absl::Seconds(seconds); }

TEST(TokenBucketTest, BeginsFull) {
  TokenBucket bucket(kRate, kBurst);
  EXPECT_EQ(bucket.Take(kBurst, kStart), absl::ZeroDuration());
  EXPECT_EQ(bucket.Take(1, kStart), absl::Milliseconds(1));
}

TEST(TokenBucketTest, MoreThanTheBurstWaitsForTheRest) {
  TokenBucket bucket(kRate, kBurst);
  EXPECT_EQ(bucket.Take(1100, kStart), absl::Seconds(1));
}

TEST(TokenBucketTest, TakersWaitInTheirOrderEachForItsOwn) {
  TokenBucket bucket(kRate, 0);
  EXPECT_EQ(bucket.Take(500, kStart), absl::Milliseconds(500));
  EXPECT_EQ(bucket.Take(10, kStart), absl::Milliseconds(510));
  EXPECT_EQ(bucket.Take(500, kStart), absl::Milliseconds(1010));
}

TEST(TokenBucketTest, FillsAtItsRateAndNotBeyondTheBurst) {
  TokenBucket bucket(kRate, kBurst);
  bucket.Take(kBurst, kStart);
  EXPECT_EQ(bucket.Take(50, At(0.05)), absl::ZeroDuration());
  EXPECT_EQ(bucket.Take(kBurst, At(3600)), absl::ZeroDuration());
  EXPECT_EQ(bucket.Take(1, At(3600)), absl::Milliseconds(1));
}

TEST(TokenBucketTest, WhatIsReturnedWasNotTaken) {
  TokenBucket bucket(kRate, 0);
  bucket.Take(1000, kStart);
  bucket.Return(900);
  EXPECT_EQ(bucket.Take(100, kStart), absl::Milliseconds(200));
}

TEST(TokenBucketTest, ReturningNeverFillsBeyondTheBurst) {
  TokenBucket bucket(kRate, kBurst);
  bucket.Take(1000, kStart);
  bucket.Return(1000);
  EXPECT_EQ(bucket.Take(kBurst + 1, At(1)), absl::Milliseconds(1));
}

TEST(TokenBucketTest, AClockThatIsSetBackMakesNobodyWaitLonger) {
  TokenBucket bucket(kRate, kBurst);
  bucket.Take(kBurst + 10, At(3600));
  EXPECT_EQ(bucket.Take(10, kStart), absl::Milliseconds(20));
}

TEST(TokenBucketTest, AClockThatIsSetForwardGivesOneBurst) {
  TokenBucket bucket(kRate, kBurst);
  bucket.Take(5000, kStart);
  EXPECT_EQ(bucket.Take(kBurst, At(3600)), absl::ZeroDuration());
  EXPECT_EQ(bucket.Take(1, At(3600)), absl::Milliseconds(1));
}

TEST(TokenBucketTest, HighAndLowRatesStayExact) {
  TokenBucket fast(int64_t{10} << 30, 0);
  absl::Duration wait;
  for (int i = 0; i < 10240; ++i) wait = fast.Take(1 << 20, kStart);
  EXPECT_NEAR(absl::ToDoubleSeconds(wait), 1, 1e-5);
  TokenBucket slow(1, 0);
  EXPECT_EQ(slow.Take(1 << 20, kStart), absl::Seconds(1 << 20));
}

struct Use {
  double time = 0;
  int64_t bytes = 0;
};

std::vector<Use> TakeAtRandom(TokenBucket& bucket, std::mt19937_64& random) {
  std::vector<Use> uses;
  double now = 0;
  for (int i = 0; i < 400; ++i) {
    now += static_cast<double>(random() % 100) / 1000;
    const auto bytes = static_cast<int64_t>(random() % 150);
    uses.push_back({now + absl::ToDoubleSeconds(bucket.Take(bytes, At(now))), bytes});
  }
  return uses;
}

// What becomes free after some use and up to another one.
TEST(TokenBucketTest, NoSpanOfTimeHasMoreThanBurstAndRate) {
  for (const uint64_t seed : {1, 2, 3}) {
    std::mt19937_64 random(seed);
    TokenBucket bucket(kRate, kBurst);
    const std::vector<Use> uses = TakeAtRandom(bucket, random);
    for (size_t first = 0; first < uses.size(); ++first) {
      int64_t sum = 0;
      for (size_t last = first + 1; last < uses.size(); ++last) {
        sum += uses[last].bytes;
        const double span = std::max(0.0, uses[last].time - uses[first].time);
        ASSERT_LE(static_cast<double>(sum),
                  static_cast<double>(kBurst) + static_cast<double>(kRate) * span + 1e-3)
            << seed;
      }
    }
  }
}

}  // namespace
}  // namespace penstock
