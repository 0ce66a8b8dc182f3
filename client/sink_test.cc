#include "client/sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/checksum.h"
#include "base/error.h"
#include "client/partial_file.h"

namespace penstock {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

ObjectRange Range(const std::string& etag, int64_t size) {
  ObjectRange range;
  range.object.set_remote("hangzhou");
  range.object.set_bucket("bucket");
  range.object.set_key("key");
  range.object.set_etag(etag);
  range.object.set_size(size);
  range.length = size;
  return range;
}

class FileSinkTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  static std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  // What a killed run leaves.
  void Leave(const ObjectRange& range, const std::string& bytes) const {
    std::ofstream(PartialPathFor(target_, range)) << bytes;
  }

  const std::string folder_ = ::testing::TempDir() + "/sink_test_" + std::to_string(getpid()) +
                              "_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string target_ = folder_ + "/target";
};

TEST_F(FileSinkTest, FileAppearsWithItsLastByte) {
  const auto sink = MakeFileSink(target_);
  EXPECT_EQ(sink->Begin(Range("etag", 6))->size, 0);
  ASSERT_TRUE(sink->Write("abc").ok());
  EXPECT_FALSE(fs::exists(target_));
  ASSERT_TRUE(sink->Write("def").ok());
  ASSERT_TRUE(sink->Finish().ok());
  EXPECT_EQ(Read(target_), "abcdef");
  EXPECT_THAT(Names(), ElementsAre("target"));
}

TEST_F(FileSinkTest, ContinuesTheSameObjectOnly) {
  Leave(Range("etag", 6), "abc");
  {
    const auto other = MakeFileSink(target_);
    EXPECT_EQ(other->Begin(Range("another", 6))->size, 0);
  }
  const auto sink = MakeFileSink(target_);
  const auto prefix = sink->Begin(Range("etag", 6));
  ASSERT_TRUE(prefix.ok()) << prefix.status();
  EXPECT_EQ(prefix->size, 3);
  EXPECT_EQ(prefix->crc64, Crc64("abc"));
  ASSERT_TRUE(sink->Write("def").ok());
  ASSERT_TRUE(sink->Finish().ok());
  EXPECT_EQ(Read(target_), "abcdef");
  EXPECT_THAT(Names(), ElementsAre("target"));  // what was left of the other one is gone too
}

TEST_F(FileSinkTest, PartialNamesDifferByAllThatIdentifiesTheBytes) {
  const ObjectRange range = Range("etag", 6);
  std::vector<ObjectRange> others(5, range);
  others[0].object.set_etag("other");
  others[1].object.set_size(7);
  others[2].object.set_key("other");
  others[3].offset = 1;
  others[4].length = 5;
  for (const ObjectRange& other : others) {
    EXPECT_NE(PartialPathFor(target_, other), PartialPathFor(target_, range));
  }
}

TEST_F(FileSinkTest, BeginsAnewOverAPartialFileThatIsTooLong) {
  Leave(Range("etag", 3), "abcdef");
  const auto sink = MakeFileSink(target_);
  EXPECT_EQ(sink->Begin(Range("etag", 3))->size, 0);
}

TEST_F(FileSinkTest, DiscardLeavesNothing) {
  const auto sink = MakeFileSink(target_);
  ASSERT_TRUE(sink->Begin(Range("etag", 6)).ok());
  ASSERT_TRUE(sink->Write("abc").ok());
  sink->Discard();
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(FileSinkTest, ReplacesTheFileThatIsThereUnlessForbidden) {
  std::ofstream(target_) << "old";
  const auto careful = MakeFileSink(target_, {.forbid_overwrite = true});
  EXPECT_EQ(ErrorReason(careful->Begin(Range("etag", 3)).status()), "TARGET_EXISTS");
  const auto sink = MakeFileSink(target_);
  ASSERT_TRUE(sink->Begin(Range("etag", 3)).ok());
  ASSERT_TRUE(sink->Write("new").ok());
  EXPECT_EQ(Read(target_), "old");
  ASSERT_TRUE(sink->Finish().ok());
  EXPECT_EQ(Read(target_), "new");
}

TEST_F(FileSinkTest, DoesNotReplaceAFileThatAppearedMeanwhile) {
  const auto sink = MakeFileSink(target_, {.forbid_overwrite = true});
  ASSERT_TRUE(sink->Begin(Range("etag", 3)).ok());
  ASSERT_TRUE(sink->Write("new").ok());
  std::ofstream(target_) << "mine";
  EXPECT_EQ(ErrorReason(sink->Finish()), "TARGET_EXISTS");
  EXPECT_EQ(Read(target_), "mine");
}

TEST_F(FileSinkTest, TwoProcessesDoNotWriteToOneFile) {
  const auto first = MakeFileSink(target_);
  ASSERT_TRUE(first->Begin(Range("etag", 3)).ok());
  const auto second = MakeFileSink(target_);
  EXPECT_EQ(ErrorReason(second->Begin(Range("etag", 3)).status()), "TARGET_BUSY");
}

TEST_F(FileSinkTest, LeavesAloneWhatOthersCollect) {
  const auto other = MakeFileSink(target_);
  ASSERT_TRUE(other->Begin(Range("another", 3)).ok());
  const auto sink = MakeFileSink(target_);
  ASSERT_TRUE(sink->Begin(Range("etag", 0)).ok());
  ASSERT_TRUE(sink->Finish().ok());
  ASSERT_TRUE(other->Write("abc").ok());
  ASSERT_TRUE(other->Finish().ok());
  EXPECT_EQ(Read(target_), "abc");
}

TEST_F(FileSinkTest, WritesThroughNoLinkOfSomebodyElse) {
  fs::create_symlink(folder_ + "/elsewhere", PartialPathFor(target_, Range("etag", 3)));
  const auto sink = MakeFileSink(target_);
  EXPECT_TRUE(absl::IsPermissionDenied(sink->Begin(Range("etag", 3)).status()));
  EXPECT_FALSE(fs::exists(folder_ + "/elsewhere"));
}

TEST_F(FileSinkTest, ReplacesWhatALinkLeadsTo) {
  std::ofstream(folder_ + "/real") << "old";
  fs::create_symlink(folder_ + "/real", target_);
  const auto sink = MakeFileSink(target_);
  ASSERT_TRUE(sink->Begin(Range("etag", 3)).ok());
  ASSERT_TRUE(sink->Write("new").ok());
  ASSERT_TRUE(sink->Finish().ok());
  EXPECT_TRUE(fs::is_symlink(target_));
  EXPECT_EQ(Read(folder_ + "/real"), "new");
}

TEST_F(FileSinkTest, GivesTheFileTheTimeOfItsContent) {
  ObjectRange range = Range("etag", 0);
  (*range.object.mutable_metadata())["mtime"] = "2001-02-03T04:05:06.123456789Z";
  const auto sink = MakeFileSink(target_);
  ASSERT_TRUE(sink->Begin(range).ok());
  ASSERT_TRUE(sink->Finish().ok());
  struct stat status {};
  ASSERT_EQ(stat(target_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mtim.tv_sec, 981173106);
  EXPECT_EQ(status.st_mtim.tv_nsec, 123456789);
}

TEST_F(FileSinkTest, TellsWhereItCannotWrite) {
  const auto sink = MakeFileSink(folder_ + "/nowhere/target");
  const auto prefix = sink->Begin(Range("etag", 3));
  EXPECT_EQ(ErrorReason(prefix.status()), "TARGET_UNWRITABLE");
  EXPECT_TRUE(absl::IsNotFound(prefix.status()));
}

TEST_F(FileSinkTest, TakesTheLongestNames) {
  const std::string target = folder_ + "/" + std::string(255, 'n');
  const auto sink = MakeFileSink(target);
  ASSERT_TRUE(sink->Begin(Range("etag", 0)).ok());
  ASSERT_TRUE(sink->Finish().ok());
  EXPECT_TRUE(fs::exists(target));
}

class PipeSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    ASSERT_EQ(pipe2(ends_, O_CLOEXEC), 0);
  }
  void TearDown() override {
    for (const int end : ends_) close(end);
  }

  int ends_[2];
};

TEST_F(PipeSinkTest, WaitsForTheReader) {
  const std::string content(1 << 20, 'x');  // more than the pipe holds
  std::string got;
  std::thread reader([&] {
    std::string buffer(1 << 16, '\0');
    while (got.size() < content.size()) {
      got.append(buffer, 0, static_cast<size_t>(read(ends_[0], buffer.data(), buffer.size())));
    }
  });
  const auto sink = MakePipeSink(ends_[1]);
  EXPECT_TRUE(sink->Write(content).ok());
  reader.join();
  EXPECT_EQ(got, content);
}

TEST_F(PipeSinkTest, InterruptEndsAWait) {
  const auto sink = MakePipeSink(ends_[1]);
  absl::Status status;
  std::thread writer([&] { status = sink->Write(std::string(1 << 20, 'x')); });
  sink->Interrupt();
  writer.join();
  EXPECT_EQ(ErrorReason(status), "INTERRUPTED");
}

TEST_F(PipeSinkTest, TellsThatNobodyReads) {
  close(ends_[0]);
  const auto sink = MakePipeSink(ends_[1]);
  EXPECT_EQ(ErrorReason(sink->Write("abc")), "TARGET_CLOSED");
  ASSERT_EQ(pipe2(ends_, O_CLOEXEC), 0);
}

}  // namespace
}  // namespace penstock
