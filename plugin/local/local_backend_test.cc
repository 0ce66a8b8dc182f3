#include "plugin/local/local_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "base/error.h"
#include "plugin/local/local.h"
#include "plugin/local/local_fixture.h"
#include "tests/support/pending.h"

namespace penstock::local {
namespace {

using testing_support::Pending;
using testing_support::ReadFile;
using testing_support::WriteFile;

class LocalBackendTest : public LocalFixture {
 protected:
  LocalBackendTest() { Open(); }
};

TEST_F(LocalBackendTest, ObjectsAreFilesOfTheirBytes) {
  ASSERT_TRUE(Put(Name("photos/cat.jpg"), "meow").ok());
  EXPECT_EQ(ReadFile(Path("bucket/photos/cat.jpg")), "meow");
  const std::string id = Initiate(Name("README")).value();
  const std::string one = Upload(Name("README"), id, 1, "one,").value();
  const std::string two = Upload(Name("README"), id, 2, "two").value();
  ASSERT_TRUE(Complete(Name("README"), id, {{1, one}, {2, two}}).ok());
  EXPECT_EQ(ReadFile(Path("bucket/README%f")), "one,two");
}

TEST_F(LocalBackendTest, ReplacedAndDeletedObjectsLeaveNothing) {
  // The clock stands still: versions of the same time and size must be told apart all the same.
  for (int i = 0; i < 5; ++i) {
    const auto published = Put(Name("key"), "same size " + std::to_string(i));
    ASSERT_TRUE(published.ok()) << published.status();
    const ObjectStat stat = Stat(Name("key")).value();
    EXPECT_EQ(stat.etag, published->etag);
    EXPECT_EQ(stat.update_time, published->update_time);
    EXPECT_EQ(FilesBeneath(".penstock").size(), 1u) << "the record of the newest";
  }
  ASSERT_TRUE(Delete(Name("key")).ok());
  EXPECT_THAT(FilesBeneath(""), testing::IsEmpty());
}

TEST_F(LocalBackendTest, RefusedPutLeavesNothing) {
  ASSERT_TRUE(Put(Name("key"), "old").ok());
  ObjectAttributes forbidding;
  forbidding.forbid_overwrite = true;
  EXPECT_EQ(ErrorReason(Put(Name("key"), "new", forbidding).status()), kReasonObjectExists);
  EXPECT_EQ(FilesBeneath("").size(), 2u) << "the object and its record";
}

TEST_F(LocalBackendTest, EndedUploadsLeaveNothing) {
  const std::string aborted = Initiate(Name("key")).value();
  ASSERT_TRUE(Upload(Name("key"), aborted, 1, "x").ok());
  ASSERT_TRUE(Abort(Name("key"), aborted).ok());
  const std::string completed = Initiate(Name("key")).value();
  const std::string etag = Upload(Name("key"), completed, 1, "x").value();
  ASSERT_TRUE(Upload(Name("key"), completed, 2, "unlisted").ok());
  ASSERT_TRUE(Complete(Name("key"), completed, {{1, etag}}).ok());
  EXPECT_EQ(FilesBeneath(".penstock").size(), 1u) << "the record of the object";
  EXPECT_THAT(FilesBeneath(".penstock/uploads"), testing::IsEmpty());
}

TEST_F(LocalBackendTest, FilesOfOthersAreObjectsWithoutMark) {
  WriteFile(ObjectFile("notes.txt"), "by hand");
  ObjectStat stat = Stat(Name("notes.txt")).value();
  EXPECT_EQ(stat.size, 7);
  EXPECT_EQ(stat.mark, "");
  EXPECT_FALSE(stat.crc64.has_value());
  EXPECT_FALSE(stat.etag.empty());

  ASSERT_TRUE(Put(Name("notes.txt"), "by us..").ok());
  EXPECT_EQ(Stat(Name("notes.txt")).value().mark, kMark);
  WriteFile(ObjectFile("notes.txt"), "changed");  // in place, of the same size
  EXPECT_EQ(Stat(Name("notes.txt")).value().mark, "");
}

TEST_F(LocalBackendTest, CopiesThatKeepTimesKeepWhatIsKnown) {
  ASSERT_TRUE(Put(Name("a/b.txt"), "content").ok());
  const std::filesystem::path file = ObjectFile("a/b.txt");
  const auto time = std::filesystem::last_write_time(file);
  std::filesystem::copy_file(file, Path("copy"));
  std::filesystem::remove(file);
  std::filesystem::rename(Path("copy"), file);
  std::filesystem::last_write_time(file, time);
  EXPECT_EQ(Stat(Name("a/b.txt")).value().mark, kMark);
}

TEST_F(LocalBackendTest, LinksAreNeverFollowed) {
  const testing_support::TempDir outside;
  WriteFile(outside.File("victim.txt"), "secret");
  std::filesystem::create_symlink(outside.File("victim.txt"), ObjectFile("leaf.txt"));
  std::filesystem::create_directory_symlink(outside.path(), Path("bucket/directory"));
  std::filesystem::create_directory_symlink(outside.path(), Path("linked-bucket"));
  for (const ObjectName& object : {Name("leaf.txt"), Name("directory/victim.txt"),
                                   ObjectName{"linked-bucket", "victim.txt"}}) {
    SCOPED_TRACE(object.key);
    EXPECT_EQ(ErrorReason(Stat(object).status()), kReasonDenied);
    EXPECT_EQ(ErrorReason(Put(object, "evil").status()), kReasonDenied);
    EXPECT_EQ(ErrorReason(Delete(object)), kReasonDenied);
    const absl::StatusOr<std::string> id = Initiate(object);
    if (!id.ok()) {
      EXPECT_EQ(ErrorReason(id.status()), kReasonDenied);
      continue;
    }
    const std::string etag = Upload(object, *id, 1, "evil").value();
    EXPECT_EQ(ErrorReason(Complete(object, *id, {{1, etag}}).status()), kReasonDenied);
  }
  EXPECT_EQ(ReadFile(outside.File("victim.txt")), "secret");
  EXPECT_TRUE(std::filesystem::is_symlink(ObjectFile("leaf.txt")));
}

TEST_F(LocalBackendTest, DirectoriesOfOthersAreNotTakenAway) {
  std::filesystem::create_directory(ObjectFile("x.txt"));
  EXPECT_EQ(ErrorReason(Put(Name("x.txt"), "x").status()), kReasonRejected);
  EXPECT_EQ(ErrorReason(Stat(Name("x.txt")).status()), kReasonRejected);
  EXPECT_EQ(ErrorReason(Delete(Name("x.txt"))), kReasonRejected);
  EXPECT_TRUE(std::filesystem::is_directory(ObjectFile("x.txt")));
}

TEST_F(LocalBackendTest, ExpiredPutIsRefused) {
  auto put = Prepare(Name("late"), "x").value();
  clock_.Advance(absl::Minutes(15));
  ASSERT_GE(clock_.Now(), put->valid_until());
  const absl::Status late =
      Pending<ObjectStat>([&](auto done) { put->Send(std::move(done)); }).Get().status();
  EXPECT_EQ(ErrorReason(late), kReasonDenied);
  EXPECT_FALSE(OutcomeUnknown(late));
  EXPECT_EQ(ErrorReason(Stat(Name("late")).status()), kReasonNoSuchObject);
}

TEST_F(LocalBackendTest, DamagedPartIsNotPublished) {
  const std::string id = Initiate(Name("key")).value();
  const std::string etag = Upload(Name("key"), id, 1, "content").value();
  const std::string part = Path(".penstock/uploads/bucket/" + id + "/1");
  const std::string good = ReadFile(part);
  WriteFile(part, good.substr(1));
  EXPECT_TRUE(absl::IsDataLoss(Complete(Name("key"), id, {{1, etag}}).status()));
  WriteFile(part, "CONTENT" + good.substr(7));  // the same size
  EXPECT_TRUE(absl::IsDataLoss(Complete(Name("key"), id, {{1, etag}}).status()));
  EXPECT_EQ(ErrorReason(Stat(Name("key")).status()), kReasonNoSuchObject);
  WriteFile(part, good);
  EXPECT_TRUE(Complete(Name("key"), id, {{1, etag}}).ok());
}

TEST_F(LocalBackendTest, DirectoriesThatOthersRemovedAreNoAnswerToTheCaller) {
  const std::string id = Initiate(Name("key")).value();
  std::filesystem::remove_all(Path(".penstock/tmp"));
  EXPECT_EQ(ErrorReason(Put(Name("key"), "x").status()), kReasonUnavailable);
  EXPECT_EQ(ErrorReason(Upload(Name("key"), id, 1, "x").status()), kReasonUnavailable);
  EXPECT_EQ(ErrorReason(Initiate(Name("key")).status()), kReasonUnavailable);
  Open();
  EXPECT_TRUE(Put(Name("key"), "x").ok());
}

TEST_F(LocalBackendTest, NumbersAndSizesOutOfRangeAreRejected) {
  const std::string id = Initiate(Name("key")).value();
  for (const int32_t number : {-1, 0, 10'001}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Upload(Name("key"), id, number, "x").status()));
  }
  const std::string etag = Upload(Name("key"), id, 1, "x").value();
  EXPECT_TRUE(absl::IsInvalidArgument(Complete(Name("key"), id, {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Complete(Name("key"), id, {{1, etag}, {1, etag}}).status()));
}

TEST_F(LocalBackendTest, ListUploadsPagesInOrder) {
  settings_.list_page_size = 2;
  Open();
  for (const char* key : {"d", "a", "c/\n", "b", "a"}) ASSERT_TRUE(Initiate(Name(key)).ok());
  std::vector<std::string> keys;
  std::string page;
  do {
    const ListedUploads answer = ListUploads("bucket", "", page).value();
    EXPECT_LE(answer.uploads.size(), 2u);
    for (const ListedUpload& upload : answer.uploads) keys.push_back(upload.key);
    page = answer.next_page;
  } while (!page.empty());
  EXPECT_THAT(keys, testing::ElementsAre("a", "a", "b", "c/\n", "d"));
  EXPECT_TRUE(absl::IsInvalidArgument(ListUploads("bucket", "", "nonsense").status()));
}

TEST_F(LocalBackendTest, DestructorWaitsForItsCalls) {
  std::atomic<int> answered = 0;
  for (int i = 0; i < 10; ++i) {
    backend_->Stat(Name("key"), [&](const auto&) { ++answered; });
    backend_->InitiateUpload(Name("key"), {}, kMark, [&](const auto&) { ++answered; });
  }
  backend_.reset();
  EXPECT_EQ(answered, 20);
}

TEST(LocalBackendInfoTest, ChecksItsOptions) {
  const testing_support::TempDir directory;
  const std::unique_ptr<Executor> executor = MakeThreadPool(1);
  Registry registry;
  registry.Add(LocalBackendInfo());
  BackendEnvironment environment;
  environment.blocking = executor.get();
  environment.clock = &SystemClock();
  environment.random = &SecureRandom();
  const auto create = [&](const OptionValues& values) {
    return ErrorReason(registry.Create("local", values, environment).status());
  };
  EXPECT_EQ(create({}), "BAD_REMOTE_OPTION");
  EXPECT_EQ(create({{"root", directory.File("missing")}}), "BAD_REMOTE_OPTION");
  EXPECT_EQ(create({{"root", directory.path()}, {"create_buckets", "yes"}}), "BAD_REMOTE_OPTION");
  EXPECT_EQ(create({{"root", directory.path()}, {"create_buckets", "true"}}), "");
  EXPECT_EQ(create({{"root", directory.path()}, {"buckets", "one"}}), "");
  for (const char* none : {"", " ", ","}) {
    EXPECT_EQ(create({{"root", directory.path()}, {"buckets", none}}), "BAD_REMOTE_OPTION");
  }
}

TEST_F(LocalBackendTest, CreatesBucketsWhereAsked) {
  const ObjectName object{"new-bucket", "key"};
  EXPECT_EQ(ErrorReason(Put(object, "x").status()), kReasonNoSuchBucket);
  settings_.create_buckets = true;
  Open();
  EXPECT_EQ(ErrorReason(Stat(object).status()), kReasonNoSuchBucket);
  ASSERT_TRUE(Put(object, "x").ok());
  EXPECT_EQ(Stat(object).value().size, 1);
}

// A clock that nobody can read while it is held: so a call that publishes stands still.
class HeldClock final : public Clock {
 public:
  absl::Time Now() const override {
    MutexLock lock(&mutex_);
    mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !held_; });
    return absl::FromUnixSeconds(1'700'000'000);
  }
  void Hold(bool held) {
    MutexLock lock(&mutex_);
    held_ = held;
  }

 private:
  mutable Mutex mutex_;  // guards what follows
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST_F(LocalBackendTest, PartsAreStoredWhateverTheNumberOfLongCalls) {
  HeldClock clock;
  environment_.clock = &clock;
  Open();
  ASSERT_TRUE(Put(Name("source"), "content").ok());
  const std::string id = Initiate(Name("other")).value();
  clock.Hold(true);
  std::vector<Pending<ObjectStat>> copies;
  for (int i = 0; i < 20; ++i) {
    copies.emplace_back([&](auto done) {
      backend_->Copy(Name("source"), "", Name("copy"), std::nullopt, std::move(done));
    });
  }
  EXPECT_TRUE(Upload(Name("other"), id, 1, "part").ok());
  clock.Hold(false);
  for (Pending<ObjectStat>& copy : copies) EXPECT_TRUE(copy.Get().ok());
  environment_.clock = &clock_;
  Open();  // the other goes before its clock
}

TEST_F(LocalBackendTest, KeepsToItsRestriction) {
  settings_.restriction = RemoteRestriction({{"buckets", "bucket"}, {"prefix", "mine/"}});
  Open();
  EXPECT_TRUE(Put(Name("mine/x"), "x").ok());
  EXPECT_EQ(ErrorReason(backend().CheckObject(Name("yours"), {})), "KEY_NOT_ALLOWED");
  EXPECT_EQ(ErrorReason(Put(Name("yours"), "x").status()), "KEY_NOT_ALLOWED");
  EXPECT_EQ(ErrorReason(Stat({"other", "mine/x"}).status()), "BUCKET_NOT_ALLOWED");
}

}  // namespace
}  // namespace penstock::local
