#include "client/uploader.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/rate_limit.h"
#include "client/uploader_test_fixture.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

TEST_F(UploaderTest, KeepsToItsRate) {
  constexpr int64_t kRate = 512 * 1024;
  Memory large{MakeContent(4 * RateLimit::kLeastBurst)};
  FakePutService service({[](FakeStream& stream) { return TakeTheRest(stream, "", 0); }});
  UploadOptions options = QuickOptions();
  options.chunk_bytes = int64_t{1} << 20;
  options.limit = std::make_shared<RateLimit>(kRate, SystemClock());
  const auto source = large.MakeSource();
  const auto result = Put(service, *source, nullptr, options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(result->elapsed,
            absl::Seconds(static_cast<double>(3 * RateLimit::kLeastBurst) / kRate));
}

TEST_F(UploaderTest, AWaitForTheRateEndsWithTheStream) {
  Memory large{MakeContent(2 * RateLimit::kLeastBurst)};
  FakePutService service({[](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    stream.ReadBytes(RateLimit::kLeastBurst);
    return MakeError(absl::StatusCode::kPermissionDenied, "NO", "no");
  }});
  UploadOptions options = QuickOptions();
  options.chunk_bytes = RateLimit::kLeastBurst;
  options.limit = std::make_shared<RateLimit>(
      1, SystemClock());  // the next chunk would take a quarter of an hour
  const auto source = large.MakeSource();
  EXPECT_EQ(ErrorReason(Put(service, *source, nullptr, options).status()), "NO");
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
  const testing_support::TempDir directory;
  const std::string path = directory.File("file");
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
  void OnRetry(const TransferRetry& event) override {
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

TEST_F(UploaderTest, PublishesNothingButTheContentThatIsExpected) {
  const auto take_until_end = [](FakeStream& stream) {
    stream.Send(FakeStream::Opened());
    return stream.ReadFinish() ? absl::InternalError("finish came") : Resumable();
  };
  FakePutService service(
      {take_until_end, [](FakeStream& stream) { return TakeTheRest(stream, "", 0); }});
  UploadOptions options = QuickOptions();
  options.expected_crc64 = Crc64(content_) + 1;
  const auto source = memory_.MakeSource();
  EXPECT_EQ(ErrorReason(Put(service, *source, nullptr, options).status()), "SOURCE_CHANGED");
  options.expected_crc64 = Crc64(content_);
  const auto again = memory_.MakeSource();
  EXPECT_TRUE(Put(service, *again, nullptr, options).ok());
}

}  // namespace
}  // namespace penstock
