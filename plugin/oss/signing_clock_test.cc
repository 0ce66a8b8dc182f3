#include "plugin/oss/signing_clock.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace penstock::oss {
namespace {

const absl::Time kOurs = absl::FromUnixSeconds(1702743657);
const absl::Time kTheirs = absl::FromUnixSeconds(1702784856);
constexpr char kTheirDate[] = "Sun, 17 Dec 2023 03:47:36 GMT";

class StoppedClock final : public Clock {
 public:
  absl::Time Now() const override { return kOurs; }
};

HttpResponse Skewed(const std::string& date, const std::string& request_id,
                    const std::string& server_time) {
  HttpResponse answer;
  answer.status = 403;
  if (!date.empty()) answer.headers.emplace("date", date);
  if (!request_id.empty()) answer.headers.emplace("x-oss-request-id", request_id);
  answer.body = absl::StrCat("<Error><Code>RequestTimeTooSkewed</Code><ServerTime>", server_time,
                             "</ServerTime></Error>");
  return answer;
}

bool CorrectBy(SigningClock& clock, const HttpResponse& answer) {
  return clock.Correct(answer, ParseError(answer, false));
}

TEST(SigningClockTest, IsThisMachinesUntilItIsCorrected) {
  const StoppedClock machine;
  SigningClock clock(machine);
  EXPECT_EQ(clock.Now(), kOurs);
  EXPECT_TRUE(CorrectBy(clock, Skewed(kTheirDate, "R1", "")));
  EXPECT_EQ(clock.Now(), kTheirs);
}

TEST(SigningClockTest, PrefersTheDateToTheServerTimeOfTheBody) {
  const StoppedClock machine;
  SigningClock clock(machine);
  EXPECT_TRUE(CorrectBy(clock, Skewed(kTheirDate, "R1", "2001-01-01T00:00:00.000Z")));
  EXPECT_EQ(clock.Now(), kTheirs);
  EXPECT_TRUE(CorrectBy(clock, Skewed("", "R1", "2023-12-17T03:47:37.500Z")));
  EXPECT_EQ(clock.Now(), kTheirs + absl::Milliseconds(1500));
  EXPECT_TRUE(CorrectBy(clock, Skewed("yesterday", "R1", "2023-12-17T03:47:36Z")));
  EXPECT_EQ(clock.Now(), kTheirs);
}

TEST(SigningClockTest, BelievesNobodyButOss) {
  const StoppedClock machine;
  SigningClock clock(machine);
  EXPECT_FALSE(CorrectBy(clock, Skewed(kTheirDate, "", "2023-12-17T03:47:36.000Z")));
  EXPECT_FALSE(CorrectBy(clock, Skewed("", "R1", "")));
  EXPECT_FALSE(CorrectBy(clock, Skewed("yesterday", "R1", "today")));
  EXPECT_EQ(clock.Now(), kOurs);
}

TEST(SigningClockTest, IsOneForAllThreads) {
  const StoppedClock machine;
  SigningClock clock(machine);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&clock] {
      for (int k = 0; k < 100; ++k) {
        EXPECT_TRUE(CorrectBy(clock, Skewed(kTheirDate, "R1", "")));
        EXPECT_EQ(clock.Now(), kTheirs);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace penstock::oss
