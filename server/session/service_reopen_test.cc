// Streams that come back to the process that holds their session, and memory, as the service sees
// them: rules 9 and 12.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "server/session/service_fixture.h"

namespace penstock {
namespace {

using testing::SizeIs;
using Code = absl::StatusCode;

class ServiceReopenTest : public ServiceFixture {
 protected:
  // As many streams as are admitted; they wait for their first frame.
  std::vector<std::shared_ptr<StreamInput>> FillWithStreams() {
    std::vector<std::shared_ptr<StreamInput>> inputs;
    while (inputs.size() <= size_t{kMaxStreams}) {
      auto input =
          service_->Start(kPrincipal, "another-token-of-the-tests", std::make_shared<FakeStream>());
      refused_ = input.status();
      if (!input.ok()) break;
      inputs.push_back(*std::move(input));
    }
    return inputs;
  }

  void FinishAt(FakeStream& stream, int64_t offset) {
    const std::string content = "abcdefgh";
    stream.Give(ChunkFrame{offset, {}, content.substr(static_cast<size_t>(offset))});
    stream.Give(FinishFrame{8, Crc64(content)});
    EXPECT_EQ(stream.AwaitClose(), absl::OkStatus());
    EXPECT_EQ(backend_.Find("key"), content);
  }

  absl::Status refused_;
};

TEST_F(ServiceReopenTest, SecondStreamGoesOnWithWhatTheLostOneSent) {
  OpenAndSendMore()->Break();
  auto stream = Open(Resume());
  const OpenedFrame opened = stream->Await<OpenedFrame>();
  EXPECT_EQ(opened.resume_offset, 6);
  EXPECT_EQ(opened.session.committed_size, 4);
  EXPECT_EQ(opened.resume_crc64, Crc64("abcdef"));
  FinishAt(*stream, 6);
  EXPECT_EQ(store_.Find(kPrincipal, kToken)->fence.epoch, 2);
}

TEST_F(ServiceReopenTest, SecondStreamGoesOnWithWhatTheOneThatStillRunsSent) {
  auto older = OpenAndSendMore();
  auto newer = Open();
  EXPECT_EQ(newer->Await<OpenedFrame>().resume_offset, 6);
  EXPECT_EQ(ErrorReason(older->AwaitClose()), "STALE_WRITER");
  FinishAt(*newer, 6);
}

// The store decides who is newer, not the order in which its answers are heard.
TEST_F(ServiceReopenTest, ClaimThatIsHeardLateDoesNotEndTheNewerOwner) {
  OpenAndCommit()->Break();
  AwaitDriver();  // nothing is in memory: nobody here holds the session
  store_.HoldAnswers(2);
  auto older = Open();
  auto newer = Open();
  store_.GiveNewestAnswer();
  EXPECT_EQ(newer->Await<OpenedFrame>().session.committed_size, 4);
  store_.GiveNewestAnswer();
  EXPECT_EQ(ErrorReason(older->AwaitClose()), "STALE_WRITER");
  FinishAt(*newer, 4);
}

TEST_F(ServiceReopenTest, HalfClosedStreamLingersToo) {
  auto stream = OpenAndSendMore();
  stream->HalfClose();
  EXPECT_EQ(ErrorReason(stream->AwaitClose()), "NOT_FINISHED");
  auto again = Open();
  EXPECT_EQ(again->Await<OpenedFrame>().resume_offset, 6);
  FinishAt(*again, 6);
}

TEST_F(ServiceReopenTest, StreamThatComesAndBreaksLeavesTheMemoryToTheNext) {
  OpenAndSendMore()->Break();
  Open()->Break();
  auto stream = Open();
  EXPECT_EQ(stream->Await<OpenedFrame>().resume_offset, 6);
  FinishAt(*stream, 6);
}

TEST_F(ServiceReopenTest, ManyStreamsAtOnceAreAnsweredOneByOneAndTheLastHasIt) {
  OpenAndSendMore()->Break();
  std::vector<std::shared_ptr<FakeStream>> streams;
  for (int i = 0; i < 4; ++i) streams.push_back(Open());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ErrorReason(streams[static_cast<size_t>(i)]->AwaitClose()), "STALE_WRITER");
  }
  EXPECT_EQ(streams[3]->Await<OpenedFrame>().session.fence.epoch, 5);
  FinishAt(*streams[3], 6);
}

TEST_F(ServiceReopenTest, StreamThatIsRefusedLeavesTheOlderOne) {
  auto older = OpenAndSendMore();
  AwaitDriver();
  OpenFrame create = NewObject();
  create.mode = OpenMode::kCreate;
  EXPECT_EQ(ErrorReason(Open(create)->AwaitClose()), "SESSION_EXISTS");  // by a driver of its own
  FinishAt(*older, 6);
}

TEST_F(ServiceReopenTest, StreamThatComesWhileTheObjectIsPublishedIsToldItsOutcome) {
  auto older = OpenAndCommit();
  backend_.Hold("complete");
  older->Give(FinishFrame{4, {}});
  backend_.AwaitHeld("complete");
  auto newer = Open();
  EXPECT_EQ(ErrorReason(older->AwaitClose()), "STALE_WRITER");
  backend_.Release("complete");
  EXPECT_EQ(newer->AwaitClose(), absl::OkStatus());
  EXPECT_EQ(newer->Await<FinishedFrame>().session.result->size, 4);
}

TEST_F(ServiceReopenTest, SessionThatLingersIsNotConnected) {
  auto stream = OpenAndSendMore();
  EXPECT_TRUE(Get(ByToken())->connected);
  stream->Break();
  AwaitDriver();
  EXPECT_FALSE(Get(ByToken())->connected);
  auto again = Open();
  AwaitDriver();
  EXPECT_TRUE(Get(ByToken())->connected);
}

TEST_F(ServiceReopenTest, DrainStoresWhatLingers) {
  OpenAndSendMore()->Break();
  Notification drained;
  service_->Drain([&] { drained.Notify(); });
  drained.WaitForNotification();
  EXPECT_EQ(store_.Find(kPrincipal, kToken)->committed_size, 6);
}

TEST_F(ServiceReopenTest, StreamsBeyondTheBudgetAreRefusedUntilOneEnds) {
  auto inputs = FillWithStreams();
  EXPECT_THAT(inputs, SizeIs(kMaxStreams));
  EXPECT_EQ(refused_.code(), Code::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refused_), "TOO_MANY_STREAMS");
  EXPECT_TRUE(RetryDelay(refused_).has_value());
  inputs.pop_back();
  auto stream = OpenAndCommit();  // it gets the place, and memory for its parts as well
  inputs.clear();
  stream->Break();
}

TEST_F(ServiceReopenTest, StreamThatFindsNoRoomMakesWhatLingersLetGo) {
  OpenAndSendMore()->Break();
  AwaitDriver();
  FillWithStreams().clear();
  ASSERT_EQ(ErrorReason(refused_), "TOO_MANY_STREAMS");
  auto stream = Open();
  EXPECT_EQ(stream->Await<OpenedFrame>().resume_offset, 4);  // only what is committed
  FinishAt(*stream, 4);
}

// Both found the token free: the one that is recorded first goes on, and not the one that came
// last. (With CREATE each has a driver of its own; without it takes two claims at the same time.)
TEST_F(ServiceReopenTest, FreshStreamTakesNoFreshStreamsPlace) {
  OpenFrame create = NewObject();
  create.mode = OpenMode::kCreate;
  auto first = Open(create);
  first->Await<OpenedFrame>();
  auto second = Open(create);
  second->Await<OpenedFrame>();
  first->Give(ChunkFrame{0, {}, "abcd"});
  EXPECT_EQ(first->Await<ProgressFrame>().committed_size, 4);
  second->Give(FinishFrame{0, {}});
  EXPECT_NE(second->AwaitClose(), absl::OkStatus());
  first->Give(FinishFrame{4, {}});
  EXPECT_EQ(first->AwaitClose(), absl::OkStatus());
}

TEST_F(ServiceReopenTest, StreamWithoutAnyFrameIsTold) {
  auto stream = std::make_shared<FakeStream>();
  auto input = service_->Start(kPrincipal, kToken, stream);
  ASSERT_TRUE(input.ok());
  (*input)->OnInputEnded();
  EXPECT_EQ(ErrorReason(stream->AwaitClose()), "OPEN_EXPECTED");
}

TEST_F(ServiceReopenTest, FirstFrameThatIsNoOpenLeavesTheOlderStream) {
  auto older = OpenAndSendMore();
  auto stream = std::make_shared<FakeStream>();
  auto input = service_->Start(kPrincipal, kToken, stream);
  ASSERT_TRUE(input.ok());
  (*input)->OnFrame(ChunkFrame{0, {}, "x"});
  EXPECT_EQ(ErrorReason(stream->AwaitClose()), "OPEN_EXPECTED");
  FinishAt(*older, 6);
}

}  // namespace
}  // namespace penstock
