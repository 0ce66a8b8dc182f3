#include "client/uploader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "base/checksum.h"
#include "base/error.h"
#include "client/fake_put_service.h"

namespace penstock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kChunk = 100;

std::string MakeContent(size_t size) {
  std::string content(size, '\0');
  for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 131 + i / 251);
  return content;
}

// A source over a string. Counts what is read.
struct Memory {
  std::string content;
  int64_t bytes_read = 0;

  std::unique_ptr<Source> MakeSource() {
    return MakeCallbackSource(
        [this](int64_t offset) -> absl::StatusOr<SourceReader> {
          return [this, at = static_cast<size_t>(offset)](
                     char* buffer, size_t capacity) mutable -> absl::StatusOr<size_t> {
            const size_t count = content.copy(buffer, capacity, at);
            at += count;
            bytes_read += static_cast<int64_t>(count);
            return count;
          };
        },
        static_cast<int64_t>(content.size()));
  }
};

UploadOptions QuickOptions() {
  UploadOptions options;
  options.session_token = "token-of-the-uploader-test";
  options.chunk_bytes = kChunk;
  options.first_retry_delay = absl::Milliseconds(1);
  options.max_retry_delay = absl::Milliseconds(5);
  options.give_up_after = absl::Seconds(60);
  return options;
}

absl::Status Resumable() {
  return MakeError(absl::StatusCode::kUnavailable, "DRAINING", "going away", {},
                   absl::Milliseconds(1));
}

v1::ObjectSpec Spec() {
  v1::ObjectSpec spec;
  spec.set_remote("hangzhou");
  spec.set_bucket("bucket");
  spec.set_key("key");
  return spec;
}

// Takes everything from `prefix` on and finishes.
absl::Status TakeTheRest(FakeStream& stream, const std::string& prefix, int64_t committed_size) {
  stream.Send(FakeStream::Opened(prefix, committed_size));
  if (!stream.ReadFinish()) return absl::InternalError("no finish");
  stream.SendFinished(prefix + stream.data);
  return absl::OkStatus();
}

class UploaderTest : public ::testing::Test {
 protected:
  absl::StatusOr<UploadResult> Put(FakePutService& service, Source& source,
                                   UploadObserver* observer = nullptr,
                                   UploadOptions options = QuickOptions()) {
    Uploader uploader({service.address()});
    return uploader.Put(source, Spec(), options, observer);
  }

  const std::string content_ = MakeContent(1050);
  Memory memory_{content_};
};

TEST_F(UploaderTest, PutsAWholeSource) {
  v1::OpenSession open;
  v1::FinishObject finish;
  std::string data;
  FakePutService service({[&](FakeStream& stream) {
    const absl::Status status = TakeTheRest(stream, "", 0);
    open = stream.open;
    finish = stream.finish;
    data = stream.data;
    return status;
  }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  service.Stop();
  EXPECT_EQ(data, content_);
  EXPECT_EQ(open.session_token(), "token-of-the-uploader-test");
  EXPECT_EQ(open.object().total_size(), 1050);
  EXPECT_FALSE(open.has_expect_epoch());
  EXPECT_EQ(finish.total_size(), 1050);
  EXPECT_EQ(finish.crc64_ecma(), Crc64(content_));
  EXPECT_EQ(result->object.etag(), "etag");
  EXPECT_EQ(result->crc64, Crc64(content_));
  EXPECT_EQ(result->bytes_sent, 1050);
}

TEST_F(UploaderTest, PutsAnEmptySource) {
  Memory empty;
  FakePutService service({[](FakeStream& stream) { return TakeTheRest(stream, "", 0); }});
  const auto source = empty.MakeSource();
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->size, 0);
  EXPECT_EQ(result->crc64, 0u);
}

TEST_F(UploaderTest, ResumesAtResumeOffsetAndReadsThePrefixOnce) {
  v1::OpenSession second_open;
  std::vector<int64_t> second_offsets;
  FakePutService service({[](FakeStream& stream) {
                            stream.Send(FakeStream::Opened());
                            stream.ReadBytes(1050);
                            stream.SendProgress(400);
                            return Resumable();
                          },
                          [&](FakeStream& stream) {
                            second_open = stream.open;
                            const absl::Status status =
                                TakeTheRest(stream, content_.substr(0, 650), 400);
                            second_offsets = stream.offsets;
                            return status;
                          }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  service.Stop();
  EXPECT_EQ(second_open.mode(), v1::OPEN_MODE_RESUME);
  EXPECT_EQ(second_open.expect_epoch(), 1);
  EXPECT_THAT(second_offsets, ElementsAre(650, 750, 850, 950));
  EXPECT_EQ(result->bytes_sent, 1050 + 400);
  EXPECT_EQ(result->retry_count, 1);
}

TEST_F(UploaderTest, ANewProcessReadsThePrefixButSendsOnlyTheRest) {
  FakePutService service(
      {[&](FakeStream& stream) { return TakeTheRest(stream, content_.substr(0, 1000), 900); }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->bytes_sent, 50);
  EXPECT_EQ(result->resumed_from, 1000);
  EXPECT_EQ(memory_.bytes_read, 1050);
}

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

TEST_F(UploaderTest, RefusesACommittedSizeThatDecreases) {
  FakePutService service(
      {[](FakeStream& stream) {
         stream.Send(FakeStream::Opened());
         stream.ReadBytes(1050);
         stream.SendProgress(500);
         return Resumable();
       },
       [&](FakeStream& stream) { return TakeTheRest(stream, content_.substr(0, 400), 400); }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  EXPECT_EQ(ErrorReason(result.status()), "PROTOCOL_ERROR");
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("500 bytes and now says 400"));
}

TEST_F(UploaderTest, RefusesACommittedSizeBeyondWhatWasSent) {
  FakePutService service({[](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    stream.SendProgress(5000);
    stream.ReadFinish();
    return absl::OkStatus();
  }});
  const auto source = memory_.MakeSource();
  EXPECT_EQ(ErrorReason(Put(service, *source).status()), "PROTOCOL_ERROR");
}

TEST_F(UploaderTest, RefusesOkWithoutFinished) {
  FakePutService service({[](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    stream.ReadFinish();
    return absl::OkStatus();
  }});
  const auto source = memory_.MakeSource();
  EXPECT_EQ(ErrorReason(Put(service, *source).status()), "PROTOCOL_ERROR");
}

TEST_F(UploaderTest, RefusesASourceThatDiffersBelowResumeOffset) {
  bool finished = false;
  FakePutService service({[&](FakeStream& stream) {
    std::string other = content_.substr(0, 500);
    other[7] ^= 1;
    stream.Send(FakeStream::Opened(other, 500));
    finished = stream.ReadFinish();
    return absl::OkStatus();
  }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  EXPECT_EQ(ErrorReason(result.status()), "SOURCE_CHANGED");
  EXPECT_TRUE(absl::IsFailedPrecondition(result.status()));
  service.Stop();
  EXPECT_FALSE(finished);
}

TEST_F(UploaderTest, RefusesASourceShorterThanWhatTheServerHas) {
  FakePutService service(
      {[&](FakeStream& stream) { return TakeTheRest(stream, content_ + "more", 1000); }});
  const auto source = memory_.MakeSource();
  EXPECT_EQ(ErrorReason(Put(service, *source).status()), "SOURCE_CHANGED");
}

TEST_F(UploaderTest, RefusesAnObjectThatDiffersFromWhatWasSent) {
  FakePutService service({[](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    stream.ReadFinish();
    stream.SendFinished("something else");
    return absl::OkStatus();
  }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  EXPECT_EQ(ErrorReason(result.status()), "CHECKSUM_MISMATCH");
  EXPECT_TRUE(absl::IsDataLoss(result.status()));
}

absl::Status Replay(FakeStream& stream, const std::string& content) {
  v1::SessionOpened opened = FakeStream::Opened();
  opened.mutable_session()->set_state(v1::Session::STATE_FINISHED);
  stream.Send(opened);
  stream.SendFinished(content, true);
  return absl::OkStatus();
}

TEST_F(UploaderTest, ComparesAReplayedResultWithoutSendingAnything) {
  FakePutService service({[&](FakeStream& stream) { return Replay(stream, content_); }});
  const auto source = memory_.MakeSource();
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->replayed);
  EXPECT_EQ(result->bytes_sent, 0);
  EXPECT_EQ(result->crc64, Crc64(content_));
}

TEST_F(UploaderTest, RefusesAReplayedResultOfOtherContent) {
  std::string other = content_;
  other.back() ^= 1;
  FakePutService service({[&](FakeStream& stream) { return Replay(stream, other); }});
  const auto source = memory_.MakeSource();
  EXPECT_EQ(ErrorReason(Put(service, *source).status()), "SOURCE_CHANGED");
}

TEST_F(UploaderTest, SucceedsWhenTheStreamDiesAfterFinished) {
  FakePutService service({[](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    stream.ReadFinish();
    stream.SendFinished(stream.data);
    return absl::UnavailableError("too late to matter");
  }});
  const auto source = memory_.MakeSource();
  EXPECT_TRUE(Put(service, *source).ok());
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
  EXPECT_GT(service.calls(), 1u);
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

// Cancels when something happens.
class Canceller final : public UploadObserver {
 public:
  explicit Canceller(bool on_retry) : on_retry_(on_retry) {}
  void OnProgress(const UploadProgress&) override {
    if (!on_retry_) uploader->Cancel();
  }
  void OnRetry(const UploadRetry&) override {
    if (on_retry_) uploader->Cancel();
  }
  Uploader* uploader = nullptr;

 private:
  const bool on_retry_;
};

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

// A pipe with `content` in it, closed at its end.
class PipeUploaderTest : public UploaderTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(pipe(fds_), 0);
    ASSERT_EQ(write(fds_[1], content_.data(), content_.size()),
              static_cast<ssize_t>(content_.size()));
    close(fds_[1]);
  }
  void TearDown() override { close(fds_[0]); }
  int fds_[2] = {-1, -1};
};

TEST_F(PipeUploaderTest, ReplaysWhatWasNotCommitted) {
  int64_t replay_buffer = 0;
  std::string second;
  FakePutService service({[&](FakeStream& stream) {
                            replay_buffer = stream.open.replay_buffer_bytes();
                            stream.Send(FakeStream::Opened());
                            stream.ReadBytes(1050);
                            stream.SendProgress(300);
                            return Resumable();
                          },
                          [&](FakeStream& stream) {
                            const absl::Status status =
                                TakeTheRest(stream, content_.substr(0, 300), 300);
                            second = stream.data;
                            return status;
                          }});
  const auto source = MakePipeSource(fds_[0], 1 << 20);
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  service.Stop();
  EXPECT_EQ(replay_buffer, 1 << 20);
  EXPECT_EQ(second, content_.substr(300));
  EXPECT_EQ(result->size, 1050);
}

TEST_F(PipeUploaderTest, SkipsWhatANewProcessNeedNotSend) {
  FakePutService service(
      {[&](FakeStream& stream) { return TakeTheRest(stream, content_.substr(0, 1000), 1000); }});
  const auto source = MakePipeSource(fds_[0], 1 << 20);
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->bytes_sent, 50);
}

TEST_F(PipeUploaderTest, RefusesAServerThatMayAskForMoreThanItHolds) {
  FakePutService service({[](FakeStream& stream) {
    v1::SessionOpened opened = FakeStream::Opened();
    opened.set_max_unacked_bytes((1 << 20) + 1);
    stream.Send(opened);
    stream.ReadFinish();
    return absl::OkStatus();
  }});
  const auto source = MakePipeSource(fds_[0], 1 << 20);
  EXPECT_EQ(ErrorReason(Put(service, *source).status()), "REPLAY_BUFFER_TOO_SMALL");
}

TEST(StuckPipeUploaderTest, CancelEndsAWaitForTheProducer) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  ASSERT_EQ(write(fds[1], "abc", 3), 3);
  FakePutService service({[](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    stream.ReadBytes(3);
    stream.SendProgress(3);
    stream.ReadBytes(1000);
    return absl::OkStatus();
  }});
  Uploader uploader({service.address()});
  Canceller canceller(false);
  canceller.uploader = &uploader;
  const auto source = MakePipeSource(fds[0], 1 << 20);
  const auto result = uploader.Put(*source, Spec(), QuickOptions(), &canceller);
  EXPECT_EQ(ErrorReason(result.status()), "CANCELLED");
  close(fds[0]);
  close(fds[1]);
}

TEST(StuckPipeUploaderTest, OpensAgainWhileTheProducerIsSilent) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  ASSERT_EQ(write(fds[1], "abc", 3), 3);
  FakePutService service({[](FakeStream& stream) {
                            stream.Send(FakeStream::Opened());
                            stream.ReadBytes(3);
                            return Resumable();
                          },
                          [&](FakeStream& stream) {
                            stream.Send(FakeStream::Opened());
                            stream.ReadBytes(3);
                            close(fds[1]);  // the end of the object
                            stream.ReadFinish();
                            stream.SendFinished(stream.data);
                            return absl::OkStatus();
                          }});
  Uploader uploader({service.address()});
  const auto source = MakePipeSource(fds[0], 1 << 20);
  const auto result = uploader.Put(*source, Spec(), QuickOptions());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->size, 3);
  close(fds[0]);
}

// Changes a file while it is being sent.
class FileChanger final : public UploadObserver {
 public:
  explicit FileChanger(std::string path) : path_(std::move(path)) {}
  void OnOpened(const UploadOpened&) override {
    const int fd = open(path_.c_str(), O_WRONLY | O_APPEND);
    ASSERT_EQ(write(fd, "x", 1), 1);
    close(fd);
  }

 private:
  const std::string path_;
};

TEST_F(UploaderTest, RefusesAFileThatChangedBeforeFinish) {
  const std::string path = ::testing::TempDir() + "/uploader_test_file";
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ASSERT_EQ(write(fd, content_.data(), content_.size()), static_cast<ssize_t>(content_.size()));
  close(fd);
  bool finished = false;
  FakePutService service({[&](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    finished = stream.ReadFinish();
    return absl::OkStatus();
  }});
  const auto source = OpenFileSource(path);
  ASSERT_TRUE(source.ok()) << source.status();
  FileChanger changer(path);
  EXPECT_EQ(ErrorReason(Put(service, **source, &changer).status()), "SOURCE_CHANGED");
  service.Stop();
  EXPECT_FALSE(finished);
  unlink(path.c_str());
}

// Writes down what it is told.
class Diary final : public UploadObserver {
 public:
  void OnOpened(const UploadOpened& event) override {
    lines.push_back("opened at " + std::to_string(event.resume_offset));
  }
  void OnProgress(const UploadProgress& event) override {
    lines.push_back("committed " + std::to_string(event.committed_size));
  }
  void OnRetry(const UploadRetry& event) override {
    lines.push_back("retry after " + ErrorReason(event.cause));
  }
  void OnDraining(const UploadDraining& event) override {
    lines.push_back("draining at " + std::to_string(event.committed_size));
  }
  void OnFinished(const UploadResult& event) override {
    lines.push_back("finished " + std::to_string(event.size));
  }
  std::vector<std::string> lines;
};

TEST_F(UploaderTest, TellsWhatHappens) {
  FakePutService service(
      {[](FakeStream& stream) {
         stream.Send(FakeStream::Opened());
         stream.ReadBytes(1050);
         stream.SendProgress(300);
         stream.SendDraining(400);
         return Resumable();
       },
       [&](FakeStream& stream) { return TakeTheRest(stream, content_.substr(0, 400), 400); }});
  Diary diary;
  const auto source = memory_.MakeSource();
  ASSERT_TRUE(Put(service, *source, &diary).ok());
  EXPECT_THAT(diary.lines, ElementsAre("opened at 0", "committed 300", "draining at 400",
                                       "retry after DRAINING", "opened at 400", "finished 1050"));
}

}  // namespace
}  // namespace penstock
