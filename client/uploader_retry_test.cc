// When a Put opens again, and when it stops.

#include "client/uploader_test_fixture.h"

namespace penstock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(UploaderTest, RetriesFailuresOfTheConnection) {
  FakePutService service({[](FakeStream&) { return absl::UnavailableError("connection reset"); },
                          [](FakeStream& stream) {
                            stream.Send(FakeStream::Opened());
                            return absl::InternalError("a reset stream");
                          },
                          [](FakeStream& stream) { return TakeTheRest(stream, "", 0); }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->retry_count, 2);
}

// Whatever the server wants to be rid of for a while, in `open` or in the middle of a stream.
TEST_F(UploaderTest, OpensAgainWheneverTheServerGivesADelay) {
  const auto busy = [](absl::StatusCode code, const char* reason) {
    return MakeError(code, reason, "later", {}, absl::Milliseconds(1));
  };
  FakePutService service(
      {[&](FakeStream&) { return busy(absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS"); },
       [&](FakeStream&) { return busy(absl::StatusCode::kUnavailable, "PUT_PENDING"); },
       [&](FakeStream& stream) {
         stream.Send(FakeStream::Opened());
         stream.ReadBytes(100);
         return busy(absl::StatusCode::kResourceExhausted, "MEMORY_EXHAUSTED");
       },
       [](FakeStream& stream) { return TakeTheRest(stream, "", 0); }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->retry_count, 3);
}

TEST_F(UploaderTest, StopsWhenOpeningAgainDoesNotHelp) {
  FakePutService service({[](FakeStream&) {
    return MakeError(absl::StatusCode::kResourceExhausted, "FLUSH_TOO_OFTEN", "no numbers left");
  }});
  const auto source = memory_.MakeSource();
  EXPECT_EQ(ErrorReason(Put(service, *source).status()), "FLUSH_TOO_OFTEN");
  EXPECT_EQ(service.calls(), 1u);
}

TEST_F(UploaderTest, AsksTheNextServerAfterAFailure) {
  FakePutService first({[](FakeStream&) { return Resumable(); }});
  FakePutService second({[](FakeStream& stream) { return TakeTheRest(stream, "", 0); }});
  Uploader uploader({first.address(), second.address()});
  const auto source = memory_.MakeSource();
  const auto result = uploader.Put(*source, Spec(), QuickOptions());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(first.calls(), 1u);
  EXPECT_EQ(second.calls(), 1u);
}

TEST_F(UploaderTest, StopsWhenAnotherStreamTookOver) {
  FakePutService service({[](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    return MakeError(absl::StatusCode::kAborted, "STALE_WRITER", "taken over");
  }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  EXPECT_EQ(ErrorReason(result.status()), "STALE_WRITER");
  EXPECT_TRUE(absl::IsAborted(result.status()));
  EXPECT_EQ(service.calls(), 1u);
}

absl::Status StaleOpen(int64_t epoch) {
  return MakeError(absl::StatusCode::kAborted, "STALE_OPEN", "taken over before",
                   {{"epoch", std::to_string(epoch)}});
}

TEST_F(UploaderTest, IsNotStoppedByItsOwnLostOpen) {
  int64_t last_expected = 0;
  FakePutService service({[](FakeStream& stream) {
                            stream.Send(FakeStream::Opened());
                            return Resumable();
                          },
                          // Claims epoch 2, but the answer is lost.
                          [](FakeStream&) { return absl::UnavailableError("connection reset"); },
                          [](FakeStream&) { return StaleOpen(2); },
                          [&](FakeStream& stream) {
                            last_expected = stream.open.expect_epoch();
                            return TakeTheRest(stream, "", 0);
                          }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  service.Stop();
  EXPECT_EQ(last_expected, 2);
}

TEST_F(UploaderTest, IsStoppedByTheOpenOfAnother) {
  FakePutService service({[](FakeStream& stream) {
                            stream.Send(FakeStream::Opened());
                            return Resumable();
                          },
                          [](FakeStream&) { return StaleOpen(2); }});
  const auto source = memory_.MakeSource();
  EXPECT_EQ(ErrorReason(Put(service, *source).status()), "STALE_OPEN");
}

TEST_F(UploaderTest, GivesUpWhenNothingIsCommittedAnyMore) {
  std::vector<FakePutService::Script> scripts(100'000, [](FakeStream&) { return Resumable(); });
  FakePutService service(scripts);
  UploadOptions options = QuickOptions();
  options.give_up_after = absl::Milliseconds(60);
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source, nullptr, options);
  EXPECT_EQ(ErrorReason(result.status()), "NO_PROGRESS");
  EXPECT_TRUE(RetryDelay(result.status()).has_value());
}

TEST_F(UploaderTest, GivesUpOnAServerThatStaysSilent) {
  FakePutService service({[](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    stream.ReadFinish();
    stream.ReadBytes(1'000'000);  // until the client cancels
    return absl::OkStatus();
  }});
  UploadOptions options = QuickOptions();
  options.give_up_after = absl::Milliseconds(60);
  const auto source = memory_.MakeSource();
  EXPECT_EQ(ErrorReason(Put(service, *source, nullptr, options).status()), "NO_PROGRESS");
}

TEST_F(UploaderTest, DoesNotWaitForARetryBeyondItsPatience) {
  FakePutService service({[](FakeStream&) {
    return MakeError(absl::StatusCode::kUnavailable, "WAIT", "an old put may be late", {},
                     absl::Minutes(15));
  }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  EXPECT_EQ(ErrorReason(result.status()), "NO_PROGRESS");
  EXPECT_EQ(RetryDelay(result.status()), absl::Minutes(15));
}

TEST_F(UploaderTest, CancelEndsAStream) {
  FakePutService service({[](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    stream.ReadBytes(200);
    stream.SendProgress(200);
    stream.ReadBytes(1'000'000);
    return absl::OkStatus();
  }});
  Uploader uploader({service.address()});
  Canceller canceller(false);
  canceller.uploader = &uploader;
  const auto source = memory_.MakeSource();
  const auto result = uploader.Put(*source, Spec(), QuickOptions(), &canceller);
  EXPECT_EQ(ErrorReason(result.status()), "CANCELLED");
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("200 bytes are committed"));
}

TEST_F(UploaderTest, CancelEndsAWaitForARetry) {
  FakePutService service({[](FakeStream&) {
    return MakeError(absl::StatusCode::kUnavailable, "BUSY", "later", {}, absl::Seconds(59));
  }});
  Uploader uploader({service.address()});
  Canceller canceller(true);
  canceller.uploader = &uploader;
  const auto source = memory_.MakeSource();
  const auto result = uploader.Put(*source, Spec(), QuickOptions(), &canceller);
  EXPECT_EQ(ErrorReason(result.status()), "CANCELLED");
}

TEST_F(UploaderTest, KeepsTheEndedPolicyUntilBytesAreCommitted) {
  std::vector<v1::EndedPolicy> policies;
  const auto note = [&](FakeStream& stream) { policies.push_back(stream.open.ended_policy()); };
  FakePutService service({[&](FakeStream& stream) {
                            note(stream);
                            stream.Send(FakeStream::Opened());
                            return Resumable();
                          },
                          [&](FakeStream& stream) {
                            note(stream);
                            stream.Send(FakeStream::Opened());
                            stream.ReadBytes(1050);
                            stream.SendProgress(100);
                            return Resumable();
                          },
                          [&](FakeStream& stream) {
                            note(stream);
                            return TakeTheRest(stream, content_.substr(0, 100), 100);
                          }});
  UploadOptions options = QuickOptions();
  options.ended_policy = v1::ENDED_POLICY_START_OVER;
  const auto source = memory_.MakeSource();
  ASSERT_TRUE(Put(service, *source, nullptr, options).ok());
  service.Stop();
  EXPECT_THAT(policies, ElementsAre(v1::ENDED_POLICY_START_OVER, v1::ENDED_POLICY_START_OVER,
                                    v1::ENDED_POLICY_REPLAY));
}

}  // namespace
}  // namespace penstock
