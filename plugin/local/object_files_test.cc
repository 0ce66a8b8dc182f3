#include "plugin/local/object_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "base/random.h"
#include "tests/support/temp_dir.h"

namespace penstock::local {
namespace {

// In memory where that is possible: syncs cost nothing there, and many versions come and go.
std::string FastParent() { return std::filesystem::exists("/dev/shm") ? "/dev/shm" : ""; }

// The objects of a tree as one process has them.
struct Process {
  explicit Process(const std::string& root)
      : tree(Tree::Open(root).value()),
        work(WorkArea::Open(*tree, SecureRandom()).value()),
        objects(*tree, *work, SystemClock()) {}

  std::unique_ptr<Tree> tree;
  std::unique_ptr<WorkArea> work;
  ObjectFiles objects;
};

const ObjectName kObject = {"bucket", "key"};

// Each version has everything of its own, so that a mix shows.
ObjectRecord RecordOf(const std::string& bytes) {
  ObjectRecord record;
  record.object = kObject;
  record.mark = "mark of " + bytes;
  record.attributes.metadata = {{"bytes", bytes}};
  record.size = static_cast<int64_t>(bytes.size());
  record.crc64 = Crc64(bytes);
  return record;
}

absl::Status Publish(ObjectFiles& objects, const std::string& bytes) {
  absl::StatusOr<TemporaryFile> file = objects.NewFile(kObject);
  if (!file.ok()) return file.status();
  if (absl::Status written = WriteAll(file->fd(), bytes); !written.ok()) return written;
  return objects.Publish(*std::move(file), RecordOf(bytes), false).status();
}

void ExpectOneVersion(const absl::StatusOr<ObjectStat>& stat) {
  ASSERT_TRUE(stat.ok()) << stat.status();
  ASSERT_TRUE(stat->metadata.contains("bytes")) << "an object without its record";
  const std::string bytes = stat->metadata.at("bytes");
  EXPECT_EQ(stat->size, static_cast<int64_t>(bytes.size()));
  EXPECT_EQ(stat->crc64, Crc64(bytes));
  EXPECT_EQ(stat->mark, "mark of " + bytes);
}

TEST(ObjectFilesTest, ReadersSeeOneVersionWhoeverIsWriting) {
  constexpr int kWriters = 3;
  constexpr int kVersions = 3000;  // of each writer
  const testing_support::TempDir root(FastParent());
  std::filesystem::create_directory(root.File("bucket"));
  Process one(root.path()), two(root.path());
  ASSERT_TRUE(Publish(one.objects, "first").ok());

  std::atomic<int> writing = kWriters;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int version = 0; version < kVersions; ++version) {
        const std::string bytes(static_cast<size_t>(1 + version % 3),
                                static_cast<char>('a' + writer));
        EXPECT_TRUE(Publish(writer % 2 == 0 ? one.objects : two.objects, bytes).ok());
      }
      --writing;
    });
  }
  for (Process* const reader : {&one, &two}) {
    threads.emplace_back([&writing, reader] {
      while (writing > 0) ExpectOneVersion(reader->objects.Stat(kObject));
    });
  }
  for (std::thread& thread : threads) thread.join();

  const std::filesystem::recursive_directory_iterator records(root.File(".penstock/objects"));
  EXPECT_EQ(std::count_if(begin(records), end(records),
                          [](const auto& entry) { return entry.is_regular_file(); }),
            1);
}

TEST(ObjectFilesTest, OneOfManyCreatesWhereOverwritingIsForbidden) {
  const testing_support::TempDir root(FastParent());
  std::filesystem::create_directory(root.File("bucket"));
  Process process(root.path());
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> created = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        absl::StatusOr<TemporaryFile> file = process.objects.NewFile(kObject);
        ASSERT_TRUE(file.ok());
        const auto published = process.objects.Publish(*std::move(file), RecordOf(""), true);
        if (published.ok()) ++created;
        EXPECT_TRUE(published.ok() || absl::IsAlreadyExists(published.status()));
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(created, 1);
    ASSERT_TRUE(process.objects.Delete(kObject).ok());
  }
}

}  // namespace
}  // namespace penstock::local
