// Reading at a rate: what a client sends is counted, and what comes next is read when its turn has
// come. Time stands still, and what waits for it runs when the test says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/session/service_fixture.h"

namespace penstock {
namespace {

class ServicePaceTest : public ServiceFixture {
 protected:
  ServicePaceTest() : ServiceFixture(/*read_rate=*/1) {
    executor_.HoldDelayed();
    limit_->Take(RateLimit::kLeastBurst);  // from here on a byte takes a second
  }
};

TEST_F(ServicePaceTest, ReadsOnWhenTheBytesAreFree) {
  auto stream = OpenAndCommit();
  stream->Give(ChunkFrame{4, {}, "ef"});
  EXPECT_TRUE(stream->has_more());
  executor_.RunHeld(absl::Seconds(4));
  stream->AwaitGiven();
  // The second chunk was counted behind the first: the clock stands.
  stream->Give(FinishFrame{6, {}});
  executor_.RunHeld(absl::Seconds(6));
  EXPECT_EQ(stream->AwaitClose(), absl::OkStatus());
  EXPECT_EQ(backend_.Find("key"), "abcdef");
}

TEST_F(ServicePaceTest, WhatSendsNothingTakesNothing) {
  auto stream = Open();
  for (int i = 0; i < 3; ++i) {
    stream->Give(ChunkFrame{0, {}, ""});
    stream->AwaitTaken();
  }
  EXPECT_EQ(limit_->Take(0), absl::ZeroDuration());
}

// The read that was held for the older stream does not count for the newer one.
TEST_F(ServicePaceTest, NewerStreamIsReadOnce) {
  auto older = OpenAndCommit();
  auto newer = Open();
  EXPECT_EQ(newer->Await<OpenedFrame>().resume_offset, 4);
  executor_.RunHeld(absl::Seconds(4));
  executor_.RunHeld(absl::Seconds(4));
  newer->AwaitTaken();
  newer->Give(ChunkFrame{4, {}, "ef"});
  newer->AwaitGiven();
  newer->Give(FinishFrame{6, {}});
  executor_.RunHeld(absl::Seconds(6));
  EXPECT_EQ(newer->AwaitClose(), absl::OkStatus());
}

TEST_F(ServicePaceTest, StreamThatBreaksWhileItIsHeldEnds) {
  auto stream = OpenAndCommit();
  stream->Break();
  AwaitDriver();
  executor_.RunHeld(absl::Seconds(4));
  AwaitQuiet();
  EXPECT_FALSE(stream->asked());
}

TEST_F(ServicePaceTest, DrainDoesNotWaitForTheTurn) {
  auto stream = OpenAndCommit();
  Notification drained;
  service_->Drain([&] { drained.Notify(); });
  drained.WaitForNotification();
  EXPECT_EQ(store_.Find(kPrincipal, kToken)->committed_size, 4);
}

}  // namespace
}  // namespace penstock
