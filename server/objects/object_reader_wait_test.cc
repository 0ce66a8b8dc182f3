#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "server/objects/object_reader_fixture.h"

namespace penstock {
namespace {

using Code = absl::StatusCode;

// Memory for all of it in the queue, so that the next reads wait.
class WaitingReaderTest : public ObjectReaderTest {
 protected:
  WaitingReaderTest() {
    backend_.Put("key", "bytes");
    while (true) {
      std::optional<MemoryLease> lease = memory_.TryTake(this, kMiB, BufferBudget::Need::kNewPart);
      if (!lease.has_value()) break;
      leases_.push_back(*std::move(lease));
    }
  }

  void AwaitWaiting(int64_t count) {
    while (memory_.stats().waiting < count) {
      Notification turn;
      executor_->Post([&turn] { turn.Notify(); });
      turn.WaitForNotification();
    }
  }

  std::vector<MemoryLease> leases_;
};

TEST_F(WaitingReaderTest, WaitsForMemory) {
  const auto sink = Read({});
  AwaitWaiting(1);
  EXPECT_EQ(backend_.calls("read"), 0);
  leases_.clear();
  EXPECT_EQ(sink->Await(), absl::OkStatus());
  ExpectNothingHeld();
}

TEST_F(WaitingReaderTest, CancelledWhileItWaitsLeavesTheQueue) {
  const auto sink = std::make_shared<FakeSink>();
  const auto reader = Start(sink, {});
  AwaitWaiting(1);
  const auto next = Read({});
  AwaitWaiting(2);
  reader->Cancel();
  leases_.clear();
  EXPECT_EQ(next->Await(), absl::OkStatus());
  ExpectNothingHeld();
  EXPECT_EQ(backend_.calls("read"), 1);
}

TEST_F(WaitingReaderTest, DrainingEndsTheWait) {
  const auto sink = std::make_shared<FakeSink>();
  const auto reader = Start(sink, {});
  AwaitWaiting(1);
  reader->Stop();
  EXPECT_EQ(ErrorReason(sink->Await()), "DRAINING");
  EXPECT_EQ(memory_.stats().waiting, 0);
}

TEST_F(WaitingReaderTest, OneMoreThanMayWaitIsRefused) {
  max_waiting_ = 2;
  const auto first = Read({});
  const auto second = Read({});
  AwaitWaiting(2);
  const absl::Status status = Fails({});
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(ErrorReason(status), "TOO_MANY_READS");
  EXPECT_TRUE(RetryDelay(status).has_value());
  leases_.clear();
  EXPECT_EQ(first->Await(), absl::OkStatus());
  EXPECT_EQ(second->Await(), absl::OkStatus());
}

}  // namespace
}  // namespace penstock
