// Copies and changed attributes: what lies on the disk then, and who is on the way at the same
// time.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/checksum.h"
#include "base/error.h"
#include "plugin/local/local_fixture.h"

namespace penstock::local {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing_support::ReadFile;
using testing_support::WriteFile;

ObjectAttributes WithNote(const std::string& note) {
  ObjectAttributes attributes;
  attributes.metadata = {{"note", note}};
  return attributes;
}

class ObjectChangesTest : private FastDirectory, public LocalFixture {
 protected:
  ObjectChangesTest() : LocalFixture(fast.path()) {
    environment_.clock = &SystemClock();
    Open();
  }

  static struct stat StatOfFile(const std::string& path) {
    struct stat file;
    EXPECT_EQ(stat(path.c_str(), &file), 0) << path;
    return file;
  }

  const ObjectName object_ = Name("object.bin");
};

TEST_F(ObjectChangesTest, SetAttributesLeavesTheFileAndOneRecord) {
  ASSERT_TRUE(Put(object_, "content", WithNote("old")).ok());
  const struct stat before = StatOfFile(ObjectFile(object_.key));
  const absl::Time put_time = Stat(object_)->update_time;
  const absl::StatusOr<ObjectStat> set = SetAttributes(object_, WithNote("new"));
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_GT(set->update_time, put_time);
  const struct stat after = StatOfFile(ObjectFile(object_.key));
  EXPECT_EQ(after.st_ino, before.st_ino);
  EXPECT_EQ(ModifiedTime(after), ModifiedTime(before)) << "the bytes are as old as they were";
  EXPECT_THAT(FilesBeneath(".penstock/objects"), SizeIs(1));
  EXPECT_THAT(FilesBeneath(".penstock/tmp"), IsEmpty());
  // As the next process sees it, and in a copy of the whole root that keeps times.
  Open();
  EXPECT_EQ(Stat(object_)->metadata, WithNote("new").metadata);
  EXPECT_EQ(Stat(object_)->update_time, set->update_time);
  // A copy is as old as itself.
  const absl::StatusOr<ObjectStat> copy = Copy(object_, Name("copy"));
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->update_time, ModifiedTime(StatOfFile(ObjectFile("copy"))));
}

TEST_F(ObjectChangesTest, TagsAndStorageClassStay) {
  ObjectAttributes attributes = WithNote("old");
  attributes.tags = {{"team", "fish"}};
  attributes.storage_class = "IA";
  ASSERT_TRUE(Put(object_, "content", attributes).ok());
  ASSERT_TRUE(SetAttributes(object_, WithNote("new")).ok());
  const std::string record = ReadFile(FilesBeneath(".penstock/objects").at(0));
  EXPECT_THAT(record, testing::HasSubstr("\"team\": \"fish\""));
  EXPECT_EQ(Stat(object_)->storage_class, "IA");
  ObjectAttributes other = WithNote("new");
  other.storage_class = "Archive";
  ASSERT_TRUE(SetAttributes(object_, other).ok());
  EXPECT_EQ(Stat(object_)->storage_class, "Archive");
}

TEST_F(ObjectChangesTest, FilesOfOthersBecomeObjectsLikeAnyOther) {
  WriteFile(ObjectFile(object_.key), "content");
  ASSERT_EQ(Stat(object_)->crc64, std::nullopt);
  const std::string etag = Stat(object_)->etag;
  const absl::StatusOr<ObjectStat> copy = Copy(object_, Name("copy"), etag);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->crc64, Crc64("content"));
  EXPECT_EQ(copy->mark, "") << "nobody put it";
  EXPECT_EQ(ReadFile(ObjectFile("copy")), "content");
  EXPECT_EQ(Stat(object_)->crc64, std::nullopt);

  const absl::StatusOr<ObjectStat> set = SetAttributes(object_, WithNote("new"), etag);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->crc64, Crc64("content"));
  EXPECT_EQ(Stat(object_)->metadata, WithNote("new").metadata);
  EXPECT_EQ(Stat(object_)->etag, set->etag);
  // Changed by others again, it is theirs again.
  WriteFile(ObjectFile(object_.key), "changed");
  EXPECT_THAT(Stat(object_)->metadata, IsEmpty());
  EXPECT_EQ(Read(object_, 0, 100)->bytes->ToString(), "changed");
}

TEST_F(ObjectChangesTest, RecordThatIsDamagedIsReplaced) {
  ASSERT_TRUE(Put(object_, "content", WithNote("old")).ok());
  WriteFile(FilesBeneath(".penstock/objects").at(0), "{");
  ASSERT_TRUE(SetAttributes(object_, WithNote("new")).ok());
  EXPECT_EQ(Stat(object_)->metadata, WithNote("new").metadata);
  EXPECT_EQ(Stat(object_)->crc64, Crc64("content"));
  EXPECT_THAT(FilesBeneath(".penstock/objects"), SizeIs(1));
}

// Bytes that rot, which no time tells of.
TEST_F(ObjectChangesTest, DamagedBytesAreNotCopied) {
  ASSERT_TRUE(Put(object_, "content").ok());
  ASSERT_TRUE(Put(Name("target"), "old").ok());
  const struct stat before = StatOfFile(ObjectFile(object_.key));
  WriteFile(ObjectFile(object_.key), "c0ntent");
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, ObjectFile(object_.key).c_str(), times, 0), 0);
  const absl::Status copied = Copy(object_, Name("target")).status();
  if (copied.ok()) GTEST_SKIP() << "the file system shares blocks: nothing is read";
  EXPECT_EQ(ErrorReason(copied), kReasonChecksumMismatch) << copied;
  EXPECT_EQ(ReadFile(ObjectFile("target")), "old");
  EXPECT_THAT(FilesBeneath(".penstock/tmp"), IsEmpty());
}

TEST_F(ObjectChangesTest, WhatIsNoPlainFileIsNotReadCopiedOrChanged) {
  WriteFile(Path("secret"), "secret");
  std::filesystem::create_symlink(Path("secret"), ObjectFile("link.txt"));
  std::filesystem::create_directory(ObjectFile("directory.txt"));
  ASSERT_EQ(mkfifo(ObjectFile("pipe.txt").c_str(), 0600), 0);
  for (const std::string key : {"link.txt", "directory.txt", "pipe.txt"}) {
    EXPECT_FALSE(Read(Name(key), 0, 1).ok()) << key;
    EXPECT_FALSE(Copy(Name(key), object_).ok()) << key;
    EXPECT_FALSE(Copy(Name(key), Name(key)).ok()) << key;
    EXPECT_FALSE(SetAttributes(Name(key), {}).ok()) << key;
  }
  EXPECT_EQ(ErrorReason(Stat(object_).status()), kReasonNoSuchObject);
  EXPECT_EQ(ReadFile(Path("secret")), "secret");
  ASSERT_TRUE(Put(object_, "content").ok());
  EXPECT_FALSE(Copy(object_, Name("link.txt")).ok());
  EXPECT_EQ(ReadFile(Path("secret")), "secret");
}

TEST_F(ObjectChangesTest, CopyMakesTheBucketWhereThatIsAllowed) {
  ASSERT_TRUE(Put(object_, "content").ok());
  const ObjectName target = {"another", "copy"};
  EXPECT_EQ(ErrorReason(Copy(object_, target).status()), kReasonNoSuchBucket);
  settings_.create_buckets = true;
  Open();
  ASSERT_TRUE(Copy(object_, target).ok());
  EXPECT_EQ(ReadFile(Path("another/copy%f")), "content");
}

// A put that was answered is never undone by a change of attributes that was on its way, and every
// reader sees one version with its own record.
TEST_F(ObjectChangesTest, ChangesAtTheSameTimeLoseNoPut) {
  constexpr int kVersions = 1000;
  const auto bytes = [](int version) {
    return std::string(static_cast<size_t>(1 + version % 3), static_cast<char>('a' + version % 26));
  };
  ASSERT_TRUE(Put(object_, bytes(0), WithNote(bytes(0))).ok());
  std::atomic<bool> putting = true;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (putting) {
        const absl::Status set = SetAttributes(object_, WithNote("set")).status();
        EXPECT_TRUE(set.ok()) << set;
      }
    });
  }
  threads.emplace_back([&] {
    while (putting) {
      const absl::StatusOr<ObjectBytes> read = Read(object_, 0, 100);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->stat.crc64, Crc64(read->bytes->ToString()));
      const std::string note = read->stat.metadata.at("note");
      EXPECT_TRUE(note == "set" || note == read->bytes->ToString()) << note;
    }
  });
  for (int version = 1; version < kVersions; ++version) {
    EXPECT_TRUE(Put(object_, bytes(version), WithNote(bytes(version))).ok());
    EXPECT_EQ(ReadFile(ObjectFile(object_.key)), bytes(version)) << "undone";
  }
  putting = false;
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(FilesBeneath(".penstock/objects"), SizeIs(1));
  EXPECT_THAT(FilesBeneath(".penstock/tmp"), IsEmpty());
}

TEST_F(ObjectChangesTest, DeleteManyTakesRecordsAlongAndTellsWhatItCouldNot) {
  for (const std::string key : {"a/1.txt", "a/2.txt", "b/3.txt"}) {
    ASSERT_TRUE(Put(Name(key), "x").ok());
  }
  std::filesystem::create_symlink(Path("secret"), ObjectFile("a/link.txt"));
  const auto outcomes =
      DeleteMany("bucket", {"a/1.txt", "a/link.txt", "a/2.txt", "none", "b/3.txt"}).value();
  ASSERT_THAT(outcomes, SizeIs(5));
  for (const size_t i : {0, 2, 3, 4}) EXPECT_TRUE(outcomes[i].ok()) << i << outcomes[i];
  EXPECT_EQ(ErrorReason(outcomes[1]), kReasonDenied);
  EXPECT_THAT(FilesBeneath(".penstock/objects"), IsEmpty());
  EXPECT_THAT(FilesBeneath(".penstock/tmp"), IsEmpty());
}

}  // namespace
}  // namespace penstock::local
