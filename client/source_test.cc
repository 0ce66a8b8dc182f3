#include "client/source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/error.h"
#include "client/hashed_source.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

std::string Read(Source& source, size_t capacity) {
  std::string text(capacity, '\0');
  const auto count = source.Read(text.data(), text.size());
  if (!count.ok()) return ErrorReason(count.status());
  text.resize(*count);
  return text;
}

class FileSourceTest : public ::testing::Test {
 protected:
  void SetUp() override { Write("0123456789", O_TRUNC); }

  void Write(const std::string& text, int flags) {
    const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | flags, 0600);
    ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(fd);
  }
  void SetModified(time_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  }

  const testing_support::TempDir directory_;
  const std::string path_ = directory_.File("file");
};

TEST_F(FileSourceTest, ReadsFromAnyOffset) {
  const auto source = OpenFileSource(path_);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->size(), 10);
  EXPECT_EQ((*source)->replay_buffer_bytes(), 0);
  EXPECT_EQ(Read(**source, 4), "0123");
  ASSERT_TRUE((*source)->SeekTo(2).ok());
  EXPECT_EQ(Read(**source, 100), "23456789");
  EXPECT_EQ(Read(**source, 100), "");
  EXPECT_TRUE((*source)->CheckUnchanged().ok());
}

TEST_F(FileSourceTest, NoticesThatTheFileGrew) {
  const auto source = OpenFileSource(path_);
  Write("more", O_APPEND);
  EXPECT_EQ(Read(**source, 100), "0123456789");
  EXPECT_EQ(Read(**source, 100), "");
  EXPECT_EQ(ErrorReason((*source)->CheckUnchanged()), "SOURCE_CHANGED");
}

TEST_F(FileSourceTest, NoticesThatTheFileWasWrittenTo) {
  SetModified(1000);
  const auto source = OpenFileSource(path_);
  SetModified(1001);
  EXPECT_EQ(ErrorReason((*source)->CheckUnchanged()), "SOURCE_CHANGED");
}

TEST_F(FileSourceTest, NoticesThatTheFileBecameShorter) {
  const auto source = OpenFileSource(path_);
  ASSERT_EQ(truncate(path_.c_str(), 4), 0);
  EXPECT_EQ(Read(**source, 100), "0123");
  EXPECT_EQ(Read(**source, 100), "SOURCE_CHANGED");
}

TEST_F(FileSourceTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(ErrorReason(OpenFileSource("/dev/null").status()), "NOT_A_FILE");
  EXPECT_EQ(ErrorReason(OpenFileSource("/tmp").status()), "IS_A_DIRECTORY");
  EXPECT_TRUE(absl::IsNotFound(OpenFileSource(path_ + ".missing").status()));
}

class PipeSourceTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(pipe(fds_), 0); }
  void TearDown() override {
    close(fds_[0]);
    CloseWriter();
  }
  void Write(const std::string& text) {
    ASSERT_EQ(write(fds_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void CloseWriter() {
    if (fds_[1] >= 0) close(fds_[1]);
    fds_[1] = -1;
  }
  int fds_[2] = {-1, -1};
};

TEST_F(PipeSourceTest, GivesWhatIsThereWithoutWaitingForMore) {
  const auto source = MakePipeSource(fds_[0], 1000);
  EXPECT_EQ(source->size(), std::nullopt);
  Write("abc");
  EXPECT_EQ(Read(*source, 100), "abc");
  CloseWriter();
  EXPECT_EQ(Read(*source, 100), "");
}

TEST_F(PipeSourceTest, ReplaysWhatWasNotReleased) {
  const auto source = MakePipeSource(fds_[0], 1000);
  Write("abcdef");
  EXPECT_EQ(Read(*source, 6), "abcdef");
  source->Release(2);
  ASSERT_TRUE(source->SeekTo(2).ok());
  EXPECT_EQ(Read(*source, 3), "cde");
  Write("gh");
  EXPECT_EQ(Read(*source, 100), "f");  // what it has comes first
  EXPECT_EQ(Read(*source, 100), "gh");
}

TEST_F(PipeSourceTest, InterruptEndsAWaitUntilTheNextSeek) {
  const auto source = MakePipeSource(fds_[0], 1000);
  std::thread interrupter([&] { source->Interrupt(); });
  EXPECT_EQ(Read(*source, 100), "INTERRUPTED");
  interrupter.join();
  EXPECT_EQ(Read(*source, 100), "INTERRUPTED");
  ASSERT_TRUE(source->SeekTo(0).ok());
  Write("abc");
  EXPECT_EQ(Read(*source, 100), "abc");
}

// Small pipes and a ring that wraps around many times: everything a reader is owed comes, in order.
TEST_F(PipeSourceTest, ForgetsOnlyReleasedBytesWhenTheRingIsFull) {
  constexpr int64_t kRing =
      (int64_t{2} << 20) + 1000;  // with the slack that is kept for the caller
  const auto source = MakePipeSource(fds_[0], 1000);
  std::string sent;
  for (int i = 0; static_cast<int64_t>(sent.size()) < kRing; ++i) sent += std::to_string(i) + ",";
  sent += sent;
  std::thread producer([&] {
    size_t written = 0;
    while (written < sent.size()) {
      written += static_cast<size_t>(write(fds_[1], sent.data() + written, sent.size() - written));
    }
    CloseWriter();
  });
  std::string got;
  while (static_cast<int64_t>(got.size()) < kRing) got += Read(*source, 100'000);
  ASSERT_EQ(static_cast<int64_t>(got.size()), kRing);
  // Full: nothing more before something is released.
  std::thread interrupter([&] { source->Interrupt(); });
  EXPECT_EQ(Read(*source, 10), "INTERRUPTED");
  interrupter.join();

  source->Release(kRing - 500);
  ASSERT_TRUE(source->SeekTo(kRing - 500).ok());
  got.resize(static_cast<size_t>(kRing - 500));
  for (std::string piece = Read(*source, 100'000); !piece.empty(); piece = Read(*source, 100'000)) {
    got += piece;
    source->Release(static_cast<int64_t>(got.size()));
  }
  producer.join();
  EXPECT_TRUE(got == sent);
  EXPECT_EQ(ErrorReason(source->SeekTo(0)), "SOURCE_NOT_REPLAYABLE");
}

TEST(CallbackSourceTest, OpensAnewOnlyToGoElsewhere) {
  int opened = 0;
  const auto source = MakeCallbackSource(
      [&](int64_t offset) -> absl::StatusOr<SourceReader> {
        ++opened;
        return [at = static_cast<size_t>(offset)](char* buffer, size_t capacity) mutable {
          const size_t count = std::string("0123456789").copy(buffer, capacity, at);
          at += count;
          return absl::StatusOr<size_t>(count);
        };
      },
      std::nullopt);
  ASSERT_TRUE(source->SeekTo(0).ok());
  EXPECT_EQ(Read(*source, 3), "012");
  ASSERT_TRUE(source->SeekTo(3).ok());
  EXPECT_EQ(Read(*source, 3), "345");
  EXPECT_EQ(opened, 1);
  ASSERT_TRUE(source->SeekTo(1).ok());
  EXPECT_EQ(Read(*source, 3), "123");
  EXPECT_EQ(opened, 2);
}

}  // namespace
}  // namespace penstock
