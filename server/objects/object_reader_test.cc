#include "server/objects/object_reader.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/error.h"
#include "server/objects/object_reader_fixture.h"

namespace penstock {
namespace {

using Code = absl::StatusCode;

TEST_F(ObjectReaderTest, ReadsAWholeObject) {
  const std::string content = Content(11 * kMiB + 17);
  const std::string etag = backend_.Put("key", content, {{"name", "value"}});
  const auto sink = Read({});
  EXPECT_EQ(sink->Await(), absl::OkStatus());
  EXPECT_EQ(sink->opened().stat.etag, etag);
  EXPECT_EQ(sink->opened().stat.metadata.at("name"), "value");
  EXPECT_EQ(sink->opened().offset, 0);
  EXPECT_EQ(sink->opened().length, std::ssize(content));
  EXPECT_TRUE(sink->bytes() == content);
  EXPECT_EQ(backend_.calls("read"), 4);  // 1, 4, 4 and 2 MiB and a bit
  EXPECT_LE(backend_.most_at_once("read"), 2);
  EXPECT_EQ(backend_.calls("stat"), 0);
  ExpectNothingHeld();
}

TEST_F(ObjectReaderTest, ReadsAnEmptyObject) {
  backend_.Put("key", "");
  const auto sink = Read({});
  EXPECT_EQ(sink->Await(), absl::OkStatus());
  EXPECT_EQ(sink->opened().length, 0);
  EXPECT_EQ(sink->bytes(), "");
}

TEST_F(ObjectReaderTest, ReadsRanges) {
  const std::string content = Content(3 * kMiB);
  const int64_t size = std::ssize(content);
  backend_.Put("key", content);
  struct Case {
    int64_t offset;
    std::optional<int64_t> length;
    int64_t begin;
    int64_t end;
  };
  const Case cases[] = {
      {0, 10, 0, 10},
      {5, std::nullopt, 5, size},
      {kMiB, kMiB + 1, kMiB, 2 * kMiB + 1},
      {size - 1, 100, size - 1, size},
      {size, std::nullopt, size, size},
      {size, 1, size, size},
      {0, 0, 0, 0},
      {size, 0, size, size},
      {-1, std::nullopt, size - 1, size},
      {-5, 3, size - 5, size - 2},
      {-size - 5, std::nullopt, 0, size},
      {INT64_MIN, INT64_MAX, 0, size},
      {7, INT64_MAX, 7, size},
      {-5, 0, size - 5, size - 5},
  };
  for (const Case& c : cases) {
    const auto sink = Read({c.offset, c.length, ""});
    EXPECT_EQ(sink->Await(), absl::OkStatus()) << c.offset;
    EXPECT_EQ(sink->opened().offset, c.begin) << c.offset;
    EXPECT_EQ(sink->opened().length, c.end - c.begin) << c.offset;
    EXPECT_TRUE(sink->bytes() ==
                content.substr(static_cast<size_t>(c.begin), static_cast<size_t>(c.end - c.begin)))
        << c.offset;
  }
  ExpectNothingHeld();
}

TEST_F(ObjectReaderTest, OffsetPastTheEndIsRefused) {
  backend_.Put("key", "four");
  for (const std::optional<int64_t> length :
       {std::optional<int64_t>(), std::optional<int64_t>(0)}) {
    for (const int64_t offset : {int64_t{5}, std::numeric_limits<int64_t>::max()}) {
      const absl::Status status = Fails({offset, length, ""});
      EXPECT_EQ(status.code(), Code::kOutOfRange);
      EXPECT_EQ(ErrorReason(status), "OFFSET_PAST_END");
      EXPECT_EQ(ErrorMetadataOf(status).at("size"), "4");
    }
  }
}

TEST_F(ObjectReaderTest, ObjectThatIsNotThereIsNotFound) {
  EXPECT_EQ(ErrorReason(Fails({})), kReasonNoSuchObject);
  EXPECT_EQ(ErrorReason(Fails({-1, std::nullopt, ""})), kReasonNoSuchObject);
}

TEST_F(ObjectReaderTest, AnotherEtagIsAnotherObject) {
  const std::string etag = backend_.Put("key", "bytes");
  for (const int64_t offset : {0, -2}) {
    EXPECT_EQ(ErrorReason(Fails({offset, std::nullopt, "other"})), kReasonObjectChanged);
    EXPECT_EQ(Fails({offset, std::nullopt, etag}), absl::OkStatus());
  }
}

TEST_F(ObjectReaderTest, ObjectReplacedBetweenRangesEndsTheRead) {
  const std::string content = Content(9 * kMiB);
  backend_.Put("key", content);
  const auto sink = std::make_shared<FakeSink>(false);
  Start(sink, {});
  sink->AwaitMessage();  // `opened`: the first range is there, the second is not asked for
  backend_.Put("key", Content(9 * kMiB, 'A'));
  sink->TakeAll();
  EXPECT_EQ(ErrorReason(sink->Await()), kReasonObjectChanged);
  EXPECT_TRUE(sink->bytes() == content.substr(0, kMiB));
  ExpectNothingHeld();
}

TEST_F(ObjectReaderTest, AnswersOutOfOrderAreSentInOrder) {
  const std::string content = Content(9 * kMiB);
  backend_.Put("key", content);
  const auto sink = std::make_shared<FakeSink>(false);
  Start(sink, {});
  sink->AwaitMessage();
  backend_.Hold("read");
  sink->TakeAll();
  backend_.AwaitHeld("read", 2);
  backend_.ReleaseOne("read", 1);
  backend_.ReleaseOne("read", 0);
  EXPECT_EQ(sink->Await(), absl::OkStatus());
  EXPECT_TRUE(sink->bytes() == content);
}

TEST_F(ObjectReaderTest, FailureInTheMiddleComesAfterWhatIsBeforeIt) {
  const std::string content = Content(9 * kMiB);
  backend_.Put("key", content);
  const auto sink = std::make_shared<FakeSink>(false);
  Start(sink, {});
  sink->AwaitMessage();
  backend_.FailWith("read", MakeError(Code::kUnavailable, kReasonUnavailable, "not now"));
  sink->TakeAll();
  const absl::Status status = sink->Await();
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_TRUE(RetryDelay(status).has_value());
  EXPECT_TRUE(sink->bytes() == content.substr(0, kMiB));
  ExpectNothingHeld();
}

TEST_F(ObjectReaderTest, WrongChecksumIsToldAtTheEndOfAWholeReadOnly) {
  backend_.Put("key", "bytes");
  backend_.SetCrc64("key", 1);
  const auto sink = Read({});
  const absl::Status status = sink->Await();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_EQ(ErrorReason(status), kReasonChecksumMismatch);
  EXPECT_TRUE(RetryDelay(status).has_value());
  EXPECT_EQ(sink->bytes(), "bytes");
  EXPECT_EQ(Fails({1, std::nullopt, ""}), absl::OkStatus());
  EXPECT_EQ(Fails({0, 4, ""}), absl::OkStatus());
}

TEST_F(ObjectReaderTest, BackendThatGivesTooLittleIsNotBelieved) {
  backend_.Put("key", "bytes");
  backend_.CutReadsShort();
  EXPECT_EQ(ErrorReason(Fails({0, 5, ""})), "READ_CUT_SHORT");
}

TEST_F(ObjectReaderTest, ClientThatTakesNothingHoldsItsFirstRange) {
  backend_.Put("key", Content(20 * kMiB));
  const auto sink = std::make_shared<FakeSink>(false);
  const auto reader = Start(sink, {});
  sink->AwaitMessage();
  EXPECT_EQ(memory_.stats().used, ObjectReader::kFirstRange + 2 * int64_t{Buffer::kSlabSize});
  // The next message comes after the look at the time: all is on one strand.
  for (int chunk = 0; chunk < 2; ++chunk) {
    clock_.Advance(kIdleTimeout - absl::Seconds(1));
    reader->CheckIdle();
    sink->Take();
    sink->AwaitMessage();
    ASSERT_FALSE(sink->broken());
  }
  clock_.Advance(kIdleTimeout);
  reader->CheckIdle();
  const absl::Status status = sink->Await();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(ErrorReason(status), "IDLE_TIMEOUT");
  EXPECT_TRUE(RetryDelay(status).has_value());
  EXPECT_TRUE(sink->broken());
  ExpectNothingHeld();
}

TEST_F(ObjectReaderTest, WaitingForTheBackendIsNotIdle) {
  backend_.Put("key", "bytes");
  backend_.Hold("read");
  const auto sink = std::make_shared<FakeSink>();
  const auto reader = Start(sink, {});
  backend_.AwaitHeld("read");
  clock_.Advance(10 * kIdleTimeout);
  reader->CheckIdle();
  backend_.Release("read");
  EXPECT_EQ(sink->Await(), absl::OkStatus());
}

TEST_F(ObjectReaderTest, CancelledReadAsksForNothingMore) {
  backend_.Put("key", Content(20 * kMiB));
  backend_.Hold("read");
  const auto sink = std::make_shared<FakeSink>();
  const auto reader = Start(sink, {});
  backend_.AwaitHeld("read");
  reader->Cancel();
  EXPECT_GT(memory_.stats().used, 0);  // what the backend fills
  ExpectNothingHeld();
  EXPECT_EQ(backend_.calls("read"), 1);
  EXPECT_FALSE(sink->is_open());
}

TEST_F(ObjectReaderTest, DrainingEndsAfterTheRangesThatWereAskedFor) {
  const std::string content = Content(20 * kMiB);
  backend_.Put("key", content);
  const auto sink = std::make_shared<FakeSink>(false);
  const auto reader = Start(sink, {});
  sink->AwaitMessage();
  reader->Stop();
  sink->TakeAll();
  const absl::Status status = sink->Await();
  EXPECT_EQ(ErrorReason(status), "DRAINING");
  EXPECT_TRUE(RetryDelay(status).has_value());
  EXPECT_TRUE(sink->bytes() == content.substr(0, kMiB));
  ExpectNothingHeld();
}

TEST_F(ObjectReaderTest, DrainingLetsTheLastRangeEndWell) {
  backend_.Put("key", "bytes");
  const auto sink = std::make_shared<FakeSink>(false);
  const auto reader = Start(sink, {});
  sink->AwaitMessage();
  reader->Stop();
  sink->TakeAll();
  EXPECT_EQ(sink->Await(), absl::OkStatus());
}

TEST_F(ObjectReaderTest, DrainingBeforeItBeganEndsAtOnce) {
  backend_.Put("key", "bytes");
  for (const int64_t offset : {0, -1}) {
    const auto sink = std::make_shared<FakeSink>();
    ObjectReader::Environment environment;
    environment.backend = &backend_;
    environment.memory = &memory_;
    environment.executor = executor_.get();
    environment.clock = &clock_;
    const auto reader = std::make_shared<ObjectReader>(std::move(environment), object_, offset,
                                                       std::nullopt, "", sink);
    reader->Stop();
    reader->Begin();
    EXPECT_EQ(ErrorReason(sink->Await()), "DRAINING");
  }
  EXPECT_EQ(backend_.calls("read") + backend_.calls("stat"), 0);
}

// More readers than there is memory for, some of which stall for a while.
TEST_F(ObjectReaderTest, ManyReadersStayWithinTheMemory) {
  constexpr int kReaders = 60;
  const std::string content = Content(7 * kMiB);
  backend_.Put("key", content);
  std::vector<std::shared_ptr<FakeSink>> sinks;
  for (int i = 0; i < kReaders; ++i) {
    sinks.push_back(std::make_shared<FakeSink>(i % 3 > 0));
    Start(sinks.back(), {});
  }
  // The stalled ones hold their first range each; the others share what is left.
  for (int i = 0; i < kReaders; ++i) {
    EXPECT_LE(memory_.stats().used, memory_.stats().total);
    if (i % 3 > 0) continue;
    sinks[static_cast<size_t>(i)]->AwaitMessage();
    sinks[static_cast<size_t>(i)]->TakeAll();
  }
  for (const auto& sink : sinks) {
    EXPECT_EQ(sink->Await(), absl::OkStatus());
    EXPECT_TRUE(sink->bytes() == content);
    EXPECT_LE(memory_.stats().used, memory_.stats().total);
  }
  ExpectNothingHeld();
}

}  // namespace
}  // namespace penstock
