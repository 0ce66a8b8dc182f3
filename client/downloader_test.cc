#include "client/downloader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/checksum.h"
#include "base/error.h"
#include "base/rate_limit.h"
#include "client/fake_object_service.h"

namespace penstock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string MakeContent(size_t size) {
  std::string content(size, '\0');
  for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 131 + i / 251);
  return content;
}

// Keeps what came.
class MemorySink final : public Sink {
 public:
  explicit MemorySink(std::string prefix = "") : content(std::move(prefix)) {}

  absl::StatusOr<SinkPrefix> Begin(const ObjectRange&) override {
    return SinkPrefix{static_cast<int64_t>(content.size()), Crc64(content)};
  }
  absl::Status Write(std::string_view bytes) override {
    content += bytes;
    return absl::OkStatus();
  }
  absl::Status Finish() override {
    finished = true;
    return absl::OkStatus();
  }
  void Discard() override { discarded = true; }
  void Interrupt() override { interrupted = true; }

  std::string content;
  bool finished = false;
  bool discarded = false;
  bool interrupted = false;
};

// Counts, and cancels when told so.
class Witness final : public DownloadObserver {
 public:
  void OnOpened(const ReadOpened& event) override { opened_at.push_back(event.position); }
  void OnRetry(const TransferRetry& event) override {
    retries.push_back(ErrorReason(event.cause));
    if (cancel_on_retry != nullptr) cancel_on_retry->Cancel();
  }
  void OnProgress(const DownloadProgress& event) override {
    received = event.received;
    if (cancel_on_progress != nullptr) cancel_on_progress->Cancel();
  }

  std::vector<int64_t> opened_at;
  std::vector<std::string> retries;
  int64_t received = 0;
  Downloader* cancel_on_retry = nullptr;
  Downloader* cancel_on_progress = nullptr;
};

absl::Status Busy(absl::Duration delay = absl::Milliseconds(1)) {
  return MakeError(absl::StatusCode::kUnavailable, "DRAINING", "going away", {}, delay);
}

// Gets an object of 1,050 bytes, which come in chunks of 100.
class DownloaderTest : public ::testing::Test {
 protected:
  DownloaderTest() {
    service_.Put("bucket", "key", content_);
    name_.set_remote("hangzhou");
    name_.set_bucket("bucket");
    name_.set_key("key");
    options_.first_retry_delay = absl::Milliseconds(1);
    options_.max_retry_delay = absl::Milliseconds(5);
    options_.give_up_after = absl::Seconds(60);
  }

  absl::StatusOr<DownloadResult> Get() {
    return downloader_.Get(name_, sink_, options_, &witness_);
  }

  const std::string content_ = MakeContent(1050);
  FakeObjectService service_;
  v1::ObjectName name_;
  ReadOptions options_;
  MemorySink sink_;
  Witness witness_;
  Downloader downloader_{{service_.address()}};
};

TEST_F(DownloaderTest, GetsAnObjectAndVerifiesIt) {
  const auto result = Get();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(sink_.content, content_);
  EXPECT_TRUE(sink_.finished);
  EXPECT_TRUE(result->verified);
  EXPECT_EQ(result->crc64, Crc64(content_));
  EXPECT_EQ(result->bytes_received, 1050);
  EXPECT_EQ(result->resumed_from, 0);
  EXPECT_EQ(witness_.received, 1050);
}

TEST_F(DownloaderTest, KeepsToItsRate) {
  constexpr int64_t kRate = 512 * 1024;
  service_.Put("bucket", "key", MakeContent(4 * RateLimit::kLeastBurst));
  options_.limit = std::make_shared<RateLimit>(kRate, SystemClock());
  const auto result = Get();
  ASSERT_TRUE(result.ok()) << result.status();
  // The last chunk is not waited for: it has 100 bytes at most.
  EXPECT_GE(result->elapsed,
            absl::Seconds(static_cast<double>(3 * RateLimit::kLeastBurst - 100) / kRate));
}

TEST_F(DownloaderTest, CancelEndsAWaitForTheRate) {
  service_.Put("bucket", "key", MakeContent(2 * RateLimit::kLeastBurst));
  options_.limit = std::make_shared<RateLimit>(1, SystemClock());
  witness_.cancel_on_progress = &downloader_;
  EXPECT_EQ(ErrorReason(Get().status()), "CANCELLED");
}

TEST_F(DownloaderTest, GetsAnEmptyObject) {
  service_.Put("bucket", "key", "");
  const auto result = Get();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(sink_.finished);
  EXPECT_TRUE(result->verified);
  EXPECT_THAT(service_.read_offsets(), ElementsAre());
}

TEST_F(DownloaderTest, GoesOnWhereTheConnectionBroke) {
  for (int i = 0; i < 2; ++i) {
    service_.OnRead([](FakeRead& read) {
      read.Open();
      read.SendChunk(300);
      return absl::UnavailableError("connection reset");
    });
  }
  const auto result = Get();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(sink_.content, content_);
  EXPECT_THAT(service_.read_offsets(), ElementsAre(0, 300, 600));
  EXPECT_THAT(witness_.opened_at, ElementsAre(0, 300, 600));
  EXPECT_EQ(result->retry_count, 2);
  EXPECT_EQ(result->bytes_received, 1050);
}

TEST_F(DownloaderTest, WaitsForAServerThatGivesADelay) {
  service_.FailNext(Busy());
  service_.OnRead([](FakeRead&) { return Busy(); });
  service_.OnRead([](FakeRead& read) {
    read.Open();
    read.SendChunk(100);
    return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_READS", "later", {},
                     absl::Milliseconds(1));
  });
  const auto result = Get();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(sink_.content, content_);
  EXPECT_THAT(witness_.retries, ElementsAre("DRAINING", "DRAINING", "TOO_MANY_READS"));
}

TEST_F(DownloaderTest, AsksTheNextServerAfterAFailure) {
  FakeObjectService second;
  second.Put("bucket", "key", content_);
  service_.OnRead([](FakeRead& read) {
    read.Open();
    read.SendChunk(500);
    return Busy();
  });
  Downloader downloader({service_.address(), second.address()});
  ASSERT_TRUE(downloader.Get(name_, sink_, options_).ok());
  EXPECT_EQ(sink_.content, content_);
  EXPECT_THAT(second.read_offsets(), ElementsAre(500));
}

TEST_F(DownloaderTest, ContinuesWhatTheSinkHas) {
  sink_.content = content_.substr(0, 700);
  const auto result = Get();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(sink_.content, content_);
  EXPECT_TRUE(result->verified);
  EXPECT_EQ(result->resumed_from, 700);
  EXPECT_EQ(result->bytes_received, 350);
  EXPECT_THAT(service_.read_offsets(), ElementsAre(700));
}

TEST_F(DownloaderTest, OnlyVerifiesWhatTheSinkHasAsAWhole) {
  sink_.content = content_;
  const auto result = Get();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->verified);
  EXPECT_THAT(service_.read_offsets(), ElementsAre());
}

TEST_F(DownloaderTest, PrefixThatIsDamagedIsFoundAndDiscarded) {
  sink_.content = content_.substr(0, 700);
  sink_.content[5] ^= 1;
  const auto result = Get();
  EXPECT_EQ(ErrorReason(result.status()), "READ_DIFFERS");
  EXPECT_TRUE(absl::IsDataLoss(result.status()));
  EXPECT_FALSE(RetryDelay(result.status()).has_value());
  EXPECT_TRUE(sink_.discarded);
  EXPECT_FALSE(sink_.finished);
}

TEST_F(DownloaderTest, WrongCrcIsFoundAtTheEnd) {
  service_.Put("bucket", "key", content_).set_crc64_ecma(1);
  EXPECT_EQ(ErrorReason(Get().status()), "READ_DIFFERS");
  EXPECT_TRUE(sink_.discarded);
  EXPECT_FALSE(sink_.finished);
}

// The server compares where it reads the whole: after the last byte.
TEST_F(DownloaderTest, WhatTheServerFindsWrongIsDiscarded) {
  service_.OnRead([](FakeRead& read) {
    EXPECT_TRUE(read.ReadAll().ok());
    return MakeError(absl::StatusCode::kDataLoss, "CHECKSUM_MISMATCH", "what OSS sent is wrong", {},
                     absl::ZeroDuration());
  });
  const auto result = Get();
  EXPECT_EQ(ErrorReason(result.status()), "READ_DIFFERS");
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("what OSS sent is wrong"));
  EXPECT_TRUE(sink_.discarded);
}

// Everything came; that the call did not end well changes nothing.
TEST_F(DownloaderTest, BreakAfterTheLastByteIsNoFailure) {
  service_.OnRead([](FakeRead& read) {
    EXPECT_TRUE(read.ReadAll().ok());
    return absl::UnavailableError("connection reset");
  });
  EXPECT_TRUE(Get().ok());
  EXPECT_EQ(service_.read_offsets().size(), 1u);
}

TEST_F(DownloaderTest, ObjectWithoutCrcIsNotCalledVerified) {
  service_.Put("bucket", "key", content_).clear_crc64_ecma();
  const auto result = Get();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->verified);
}

TEST_F(DownloaderTest, FailsWhenTheObjectIsReplacedMeanwhile) {
  service_.OnRead([this](FakeRead& read) {
    read.Open();
    read.SendChunk(300);
    service_.Put("bucket", "key", "another content");
    return absl::UnavailableError("connection reset");
  });
  const auto result = Get();
  EXPECT_EQ(ErrorReason(result.status()), "OBJECT_CHANGED");
  EXPECT_FALSE(sink_.finished);
  EXPECT_TRUE(sink_.discarded);
}

// Though the server does not notice.
TEST_F(DownloaderTest, TakesNoBytesOfAnotherObject) {
  service_.OnRead([](FakeRead& read) {
    read.object.set_etag("another");
    read.Open();
    read.SendChunk(300);
    return absl::OkStatus();
  });
  EXPECT_EQ(ErrorReason(Get().status()), "OBJECT_CHANGED");
  EXPECT_EQ(sink_.content, "");
}

TEST_F(DownloaderTest, GetsOnlyTheObjectThatIsMeant) {
  options_.if_match = "another";
  EXPECT_EQ(ErrorReason(Get().status()), "OBJECT_CHANGED");
}

TEST_F(DownloaderTest, StopsWhenThereIsNoSuchObject) {
  name_.set_key("another");
  const auto result = Get();
  EXPECT_EQ(ErrorReason(result.status()), "NO_SUCH_OBJECT");
  EXPECT_TRUE(witness_.retries.empty());
}

TEST_F(DownloaderTest, GetsARange) {
  options_.offset = 130;
  options_.length = 250;
  const auto result = Get();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(sink_.content, content_.substr(130, 250));
  EXPECT_FALSE(result->verified);
}

TEST_F(DownloaderTest, GetsTheEndAndGoesOnThere) {
  options_.offset = -400;
  service_.OnRead([](FakeRead& read) {
    read.Open();
    read.SendChunk(150);
    return Busy();
  });
  const auto result = Get();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(sink_.content, content_.substr(650));
  EXPECT_THAT(service_.read_offsets(), ElementsAre(650, 800));
}

TEST_F(DownloaderTest, RefusesRangesThatAreNone) {
  options_.offset = 1051;
  EXPECT_EQ(ErrorReason(Get().status()), "OFFSET_PAST_END");
  options_.offset = 0;
  options_.length = -1;
  EXPECT_EQ(ErrorReason(Get().status()), "BAD_LENGTH");
}

TEST_F(DownloaderTest, ReadsDamagedBytesAgain) {
  service_.OnRead([this](FakeRead& read) {
    read.Open();
    read.SendChunk(100);
    v1::ReadObjectResponse response;
    response.mutable_chunk()->set_offset(100);
    response.mutable_chunk()->set_data("damaged");
    response.mutable_chunk()->set_crc32c(Crc32c(content_.substr(100, 7)));
    read.Send(response);
    return absl::OkStatus();
  });
  ASSERT_TRUE(Get().ok());
  EXPECT_EQ(sink_.content, content_);
  EXPECT_THAT(witness_.retries, ElementsAre("CHUNK_CORRUPT"));
  EXPECT_THAT(service_.read_offsets(), ElementsAre(0, 100));
}

TEST_F(DownloaderTest, ServerThatBreaksItsPromisesIsTold) {
  const std::vector<FakeObjectService::ReadScript> scripts = {
      [](FakeRead& read) {
        read.SendChunk(10), read.Open();
        return absl::OkStatus();
      },
      [](FakeRead& read) {
        read.Open(), read.Open();
        return absl::OkStatus();
      },
      [](FakeRead& read) {
        read.Open(), read.SendChunk(10);
        return absl::OkStatus();
      },
      [](FakeRead& read) {
        v1::ReadObjectResponse response;
        response.mutable_chunk()->set_offset(5);
        read.Open();
        read.Send(response);
        return absl::OkStatus();
      }};
  for (const auto& script : scripts) {
    service_.OnRead(script);
    MemorySink sink;
    EXPECT_EQ(ErrorReason(downloader_.Get(name_, sink, options_).status()), "PROTOCOL_ERROR");
  }
}

TEST_F(DownloaderTest, CancelEndsACall) {
  service_.OnRead([](FakeRead& read) {
    read.Open();
    read.SendChunk(200);
    read.AwaitCancellation();
    return absl::OkStatus();
  });
  witness_.cancel_on_progress = &downloader_;
  const auto result = Get();
  EXPECT_EQ(ErrorReason(result.status()), "CANCELLED");
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("200 bytes are here"));
  EXPECT_FALSE(sink_.finished);
  EXPECT_FALSE(sink_.discarded);
}

TEST_F(DownloaderTest, CancelEndsAWaitForARetry) {
  service_.FailNext(Busy(absl::Seconds(59)));
  witness_.cancel_on_retry = &downloader_;
  EXPECT_EQ(ErrorReason(Get().status()), "CANCELLED");
  EXPECT_TRUE(sink_.interrupted);
  EXPECT_EQ(ErrorReason(Get().status()), "CANCELLED");
}

TEST_F(DownloaderTest, GivesUpOnAServerThatStaysSilent) {
  service_.OnRead([](FakeRead& read) {
    read.Open();
    read.AwaitCancellation();
    return absl::OkStatus();
  });
  options_.give_up_after = absl::Milliseconds(60);
  const auto result = Get();
  EXPECT_EQ(ErrorReason(result.status()), "NO_PROGRESS");
  EXPECT_TRUE(RetryDelay(result.status()).has_value());
  EXPECT_FALSE(sink_.discarded);
}

TEST_F(DownloaderTest, DoesNotWaitForARetryBeyondItsPatience) {
  service_.FailNext(Busy(absl::Minutes(15)));
  const auto result = Get();
  EXPECT_EQ(ErrorReason(result.status()), "NO_PROGRESS");
  EXPECT_EQ(RetryDelay(result.status()), absl::Minutes(15));
}

}  // namespace
}  // namespace penstock
