#include "client/attempts.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/error.h"
#include "base/notification.h"

namespace penstock {
namespace {

absl::Status Later(absl::Duration delay) {
  return MakeError(absl::StatusCode::kUnavailable, "DRAINING", "going away", {}, delay);
}

class AttemptsTest : public ::testing::Test {
 protected:
  static RetryPolicy Policy(absl::Duration give_up_after) {
    RetryPolicy policy;
    policy.give_up_after = give_up_after;
    return policy;
  }

  std::atomic<int> interrupts_ = 0;
  Attempts attempts_{Policy(absl::Minutes(1)), [this] { ++interrupts_; }};
  Connection connection_{std::vector<std::string>{"unix:/nowhere/a", "unix:/nowhere/b"}};
};

TEST_F(AttemptsTest, PlansToAskTheNextServer) {
  const auto retry = attempts_.Plan(absl::UnavailableError("connection reset"), connection_);
  ASSERT_TRUE(retry.has_value());
  EXPECT_EQ(retry->cause.message(), "server unix:/nowhere/a: connection reset");
  EXPECT_EQ(retry->next_server, "unix:/nowhere/b");
  EXPECT_EQ(connection_.address(), "unix:/nowhere/b");
  EXPECT_LE(retry->delay, RetryPolicy().first_retry_delay);
}

TEST_F(AttemptsTest, PlansNoLongerPauseThanThereIsPatience) {
  const auto retry = attempts_.Plan(Later(absl::Seconds(30)), connection_);
  ASSERT_TRUE(retry.has_value());
  EXPECT_GE(retry->delay, absl::Seconds(30));
  EXPECT_EQ(retry->cause.message(), "going away");
  EXPECT_FALSE(attempts_.Plan(Later(absl::Minutes(2)), connection_).has_value());
}

TEST_F(AttemptsTest, CancelEndsTheCallUnderWayAndAllToCome) {
  int cancelled = 0;
  EXPECT_TRUE(attempts_.BeginCall([&] { ++cancelled; }));
  attempts_.Cancel();
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(interrupts_, 1);
  EXPECT_EQ(attempts_.stop(), Attempts::Stop::kCancelled);
  attempts_.EndCall();
  EXPECT_FALSE(attempts_.BeginCall([&] { ++cancelled; }));
  attempts_.Wait(absl::InfiniteDuration());
  EXPECT_EQ(cancelled, 1);
}

TEST_F(AttemptsTest, ServerThatMakesNoProgressEndsTheCall) {
  Notification cancelled;
  Attempts attempts(Policy(absl::Milliseconds(20)), [] {});
  EXPECT_TRUE(attempts.BeginCall([&] { cancelled.Notify(); }));
  attempts.Watch();
  cancelled.WaitForNotification();
  EXPECT_EQ(attempts.stop(), Attempts::Stop::kStalled);
  attempts.EndCall();
  attempts.Cancel();
  EXPECT_EQ(attempts.stop(), Attempts::Stop::kCancelled);
}

}  // namespace
}  // namespace penstock
