// What the local backend leaves when its process dies and when its disk is full.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/error.h"
#include "plugin/local/layout.h"
#include "plugin/local/local_fixture.h"

namespace penstock::local {
namespace {

using testing_support::ReadFile;
using testing_support::WriteFile;

class LocalCrashTest : public LocalFixture {};

TEST_F(LocalCrashTest, LeftoversOfTheDeadAreCleared) {
  Open();
  ASSERT_TRUE(Put(Name("kept"), "kept").ok());
  const std::string id = Initiate(Name("kept")).value();
  ASSERT_TRUE(Upload(Name("kept"), id, 1, "part").ok());
  backend_.reset();
  const std::vector<std::string> before = FilesBeneath("");

  // An upload half removed, a part half written, and an object with its record, about to be
  // published.
  const std::string dead = Path(".penstock/tmp/0123456789abcdef");
  std::filesystem::create_directories(dead + "/upload.1");
  WriteFile(dead + "/upload.1/1", "part");
  WriteFile(dead + "/part.2", "half a pa");
  const std::string hash = KeyHash("unpublished");
  const std::string object = dead + "/" + TemporaryName({"bucket", hash}, "3");
  WriteFile(object, "content");
  struct stat file;
  ASSERT_EQ(stat(object.c_str(), &file), 0);
  std::filesystem::create_directories(Path(RecordDirectory("bucket", hash)));
  WriteFile(Path(RecordDirectory("bucket", hash) + "/" + RecordName(hash, file)), "{}");

  Open();
  EXPECT_THAT(FilesBeneath(""), testing::UnorderedElementsAreArray(before));
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_EQ(Stat(Name("kept")).value().mark, kMark);
  EXPECT_EQ(ListParts(Name("kept"), id).value().size(), 1u);
}

TEST_F(LocalCrashTest, TheLivingAreLeftAlone) {
  Open();
  std::filesystem::directory_iterator own(Path(".penstock/tmp"));
  const std::string busy = own->path().string() + "/part.77";
  WriteFile(busy, "half a pa");
  const auto second = LocalBackend::Open(settings_, environment_).value();
  EXPECT_TRUE(std::filesystem::exists(busy));
  EXPECT_TRUE(Put(Name("key"), "x").ok());
}

// In a child: replaces one object for ever, by puts and by uploads, each version with its own size
// and metadata; says a byte for each.
[[noreturn]] void ReplaceForEver(const LocalSettings& settings, int report) {
  struct Remote final : testing_support::BackendCalls {
    Backend& backend() override { return *backend_; }
    std::unique_ptr<Backend> backend_;
  };
  const std::unique_ptr<Executor> executor = MakeThreadPool(2);
  BackendEnvironment environment;
  environment.blocking = executor.get();
  environment.clock = &SystemClock();
  environment.random = &SecureRandom();
  Remote remote;
  remote.backend_ = LocalBackend::Open(settings, environment).value();
  const ObjectName object{"bucket", "key"};
  for (size_t size = 1;; size = size % 50 + 1) {
    const std::string bytes(size, 'x');
    ObjectAttributes attributes;
    attributes.metadata["size"] = absl::StrCat(size);
    if (size % 2 == 0) {
      remote.Put(object, bytes, attributes).IgnoreError();
    } else {
      const std::string id = remote.Initiate(object, attributes).value();
      const std::string etag = remote.Upload(object, id, 1, bytes).value();
      remote.Complete(object, id, {{1, etag}}).IgnoreError();
    }
    if (write(report, "x", 1) != 1) _exit(1);
  }
}

TEST_F(LocalCrashTest, KilledAtAnyMomentLeavesOneWholeObject) {
  executor_.reset();  // no threads when this forks
  std::filesystem::create_directory(Path("bucket"));
  for (int round = 0; round < 10; ++round) {
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    const pid_t child = fork();
    if (child == 0) ReplaceForEver(settings_, report[1]);
    close(report[1]);
    char said[8];
    for (int versions = 0; versions <= round; ++versions) ASSERT_EQ(read(report[0], said, 1), 1);
    usleep(static_cast<useconds_t>(round * 300));  // to somewhere within the next version
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    close(report[0]);

    executor_ = MakeThreadPool(2);
    environment_.blocking = executor_.get();
    Open();
    const ObjectStat stat = Stat(Name("key")).value();
    const std::string bytes = ReadFile(ObjectFile("key"));
    EXPECT_EQ(stat.mark, kMark);
    EXPECT_EQ(stat.metadata.at("size"), absl::StrCat(bytes.size()));
    EXPECT_EQ(stat.crc64, Crc64(bytes));
    EXPECT_THAT(FilesBeneath(".penstock/objects"), testing::SizeIs(1));
    EXPECT_THAT(FilesBeneath(".penstock/tmp"), testing::IsEmpty());
    backend_.reset();
    executor_.reset();
  }
}

// A remote on a tiny file system of its own.
class LocalFullDiskTest : public LocalFixture {
 protected:
  static constexpr size_t kPart = 400'000;

  void SetUp() override {
    if (!Mount("size=1m", 0)) GTEST_SKIP() << "cannot mount tmpfs: " << std::strerror(errno);
    mounted_ = true;
    Open();
  }

  void TearDown() override {
    backend_.reset();
    if (mounted_) umount(settings_.root.c_str());
  }

  bool Mount(const char* size, unsigned long flags) {
    return mount("penstock_test", settings_.root.c_str(), "tmpfs", flags, size) == 0;
  }

  void MakeRoom() { ASSERT_TRUE(Mount("size=8m", MS_REMOUNT)) << std::strerror(errno); }

  void ExpectFull(const absl::Status& status) {
    EXPECT_EQ(ErrorReason(status), kReasonBackendFull) << status;
    EXPECT_TRUE(absl::IsResourceExhausted(status));
    EXPECT_TRUE(RetryDelay(status).has_value());
    EXPECT_THAT(FilesBeneath(".penstock/tmp"), testing::IsEmpty()) << "nothing half-stored stays";
  }

  bool mounted_ = false;
};

TEST_F(LocalFullDiskTest, PartThatDoesNotFitIsRefusedAndFitsLater) {
  const ObjectName object = Name("key");
  const std::string id = Initiate(object).value();
  const std::string bytes(2'000'000, 'x');
  ExpectFull(Upload(object, id, 1, bytes).status());
  EXPECT_TRUE(ListParts(object, id).value().empty());
  EXPECT_TRUE(Upload(object, id, 2, "small").ok());
  MakeRoom();
  const std::string etag = Upload(object, id, 1, bytes).value();
  ASSERT_TRUE(Complete(object, id, {{1, etag}}).ok());
  EXPECT_EQ(ReadFile(ObjectFile("key")), bytes);
}

TEST_F(LocalFullDiskTest, CompleteThatDoesNotFitPublishesNothingAndWorksLater) {
  const ObjectName object = Name("key");
  ASSERT_TRUE(Put(object, "old").ok());
  const std::string id = Initiate(object).value();
  const std::string one = Upload(object, id, 1, std::string(kPart, '1')).value();
  const std::string two = Upload(object, id, 2, std::string(kPart, '2')).value();
  for (int attempt = 0; attempt < 3; ++attempt) {
    ExpectFull(Complete(object, id, {{1, one}, {2, two}}).status());
    EXPECT_EQ(ReadFile(ObjectFile("key")), "old");
    EXPECT_EQ(Stat(object).value().size, 3);
    EXPECT_EQ(ListParts(object, id).value().size(), 2u);
  }
  MakeRoom();
  ASSERT_TRUE(Complete(object, id, {{1, one}, {2, two}}).ok());
  EXPECT_EQ(ReadFile(ObjectFile("key")), std::string(kPart, '1') + std::string(kPart, '2'));
}

TEST_F(LocalFullDiskTest, PutThatDoesNotFitLeavesTheOldObject) {
  ASSERT_TRUE(Put(Name("key"), "old").ok());
  ExpectFull(Put(Name("key"), std::string(2'000'000, 'x')).status());
  EXPECT_EQ(ReadFile(ObjectFile("key")), "old");
  EXPECT_EQ(Stat(Name("key")).value().mark, kMark);
  EXPECT_THAT(FilesBeneath(".penstock/objects"), testing::SizeIs(1));
}

TEST_F(LocalFullDiskTest, EveryStepMayBeTheOneThatFails) {
  // Fewer and fewer bytes are free: whatever it is that does not fit, either all is done or
  // nothing.
  const std::string filler = Path("filler");
  for (size_t left = 0; left <= 12; ++left) {
    WriteFile(filler, "");
    const std::filesystem::space_info space = std::filesystem::space(Path(""));
    WriteFile(filler, std::string(space.available - left * 4096, 'f'));
    const ObjectName object = Name(absl::StrCat("deep", left, "/er/key"));
    const absl::StatusOr<ObjectStat> published = Put(object, "content");
    const absl::StatusOr<ObjectStat> found = Stat(object);
    if (published.ok()) {
      EXPECT_EQ(found.value().mark, kMark);
    } else {
      ExpectFull(published.status());
      EXPECT_EQ(ErrorReason(found.status()), kReasonNoSuchObject) << found.status();
    }
    std::filesystem::remove(filler);
    EXPECT_TRUE(Put(object, "content").ok());
  }
}

}  // namespace
}  // namespace penstock::local
