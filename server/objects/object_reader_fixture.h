#ifndef PENSTOCK_SERVER_OBJECTS_OBJECT_READER_FIXTURE_H_
#define PENSTOCK_SERVER_OBJECTS_OBJECT_READER_FIXTURE_H_

// Readers over objects in memory, with threads of their own.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/notification.h"
#include "server/objects/objects_test_util.h"
#include "server/objects/reader_test_util.h"

namespace penstock {

inline constexpr int64_t kMiB = 1 << 20;
inline constexpr absl::Duration kIdleTimeout = absl::Minutes(1);

// A clock that the test moves.
class TestClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1 + ahead_seconds_.load()); }
  void Advance(absl::Duration by) { ahead_seconds_ += absl::ToInt64Seconds(by); }

 private:
  std::atomic<int64_t> ahead_seconds_ = 0;
};

// `size` bytes that are nowhere the same a slab later.
inline std::string Content(int64_t size, char first = 'a') {
  constexpr int kPeriod = 10'007;  // a prime
  std::string block;
  for (int i = 0; i < kPeriod; ++i) block += static_cast<char>(first + i % 23);
  std::string bytes;
  while (std::ssize(bytes) < size) bytes += block;
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

class ObjectReaderTest : public testing::Test {
 protected:
  struct Asked {
    int64_t offset = 0;
    std::optional<int64_t> length;
    std::string if_match;
  };

  std::shared_ptr<ObjectReader> Start(const std::shared_ptr<FakeSink>& sink, const Asked& asked) {
    ObjectReader::Environment environment;
    environment.backend = &backend_;
    environment.memory = &memory_;
    environment.executor = executor_.get();
    environment.clock = &clock_;
    environment.limits = {memory_.stats().total, kIdleTimeout, max_waiting_};
    auto reader = std::make_shared<ObjectReader>(std::move(environment), object_, asked.offset,
                                                 asked.length, asked.if_match, sink);
    sink->Serve(reader);
    reader->Begin();
    return reader;
  }

  // A read of a client that takes everything.
  std::shared_ptr<FakeSink> Read(const Asked& asked) {
    auto sink = std::make_shared<FakeSink>();
    Start(sink, asked);
    return sink;
  }
  absl::Status Fails(const Asked& asked) { return Read(asked)->Await(); }

  // Waits until all memory was given back.
  void ExpectNothingHeld() {
    backend_.Release("read");
    // What was posted before this was done: readers give back on their strands, in turn.
    while (memory_.stats().used > 0) {
      Notification turn;
      executor_->Post([&turn] { turn.Notify(); });
      turn.WaitForNotification();
    }
    EXPECT_EQ(memory_.stats().waiting, 0);
  }

  const ObjectName object_ = {"bucket", "key"};
  TestClock clock_;
  int64_t max_waiting_ = 1000;
  BufferBudget memory_{64 * kMiB, Buffer::kSlabSize};
  const std::unique_ptr<Executor> executor_ = MakeThreadPool(3);
  FakeObjects backend_;  // goes first: its answers use the rest
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_OBJECTS_OBJECT_READER_FIXTURE_H_
