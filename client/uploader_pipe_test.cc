// Puts of what can be read only once.

#include <unistd.h>

#include "client/uploader_test_fixture.h"

namespace penstock {
namespace {

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

// The promise ends at the committed size: a server that went on beyond it may be gone the next
// time.
TEST_F(PipeUploaderTest, KeepsWhatWasReceivedButNotCommitted) {
  std::vector<int64_t> begins;
  FakePutService service({[](FakeStream& stream) {
                            stream.Send(FakeStream::Opened());
                            stream.ReadBytes(500);
                            stream.SendProgress(200);
                            return Resumable();
                          },
                          [&](FakeStream& stream) {
                            stream.Send(FakeStream::Opened(content_.substr(0, 500), 200));
                            stream.ReadBytes(100);
                            begins.push_back(stream.offsets.at(0));
                            return Resumable();
                          },
                          [&](FakeStream& stream) {
                            const absl::Status status =
                                TakeTheRest(stream, content_.substr(0, 200), 200);
                            begins.push_back(stream.offsets.at(0));
                            return status;
                          }});
  const auto source = MakePipeSource(fds_[0], 1 << 20);
  const auto result = Put(service, *source);
  ASSERT_TRUE(result.ok()) << result.status();
  service.Stop();
  EXPECT_THAT(begins, ::testing::ElementsAre(500, 200));
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

}  // namespace
}  // namespace penstock
