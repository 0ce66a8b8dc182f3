// Over a real backend, which is a folder, and a store in memory under the real rules.

#include "server/session/garbage_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/error.h"
#include "plugin/local/local_fixture.h"
#include "server/store/session_times.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/memory_store.h"
#include "tests/support/store_calls.h"

namespace penstock {
namespace {

using local::LocalBackend;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using testing_support::BackendCall;
using testing_support::Fault;
using testing_support::FaultyBackend;
using Code = absl::StatusCode;

// A store that does not know what it has; everything else is as in memory.
class BlindStore final : public SessionStore {
 public:
  void Write(const SessionKey&, SessionWrite, StoreDone) override {}
  void Get(const SessionKey&, StoreDone) override {}
  void GetById(const std::string&, const std::string&, FoundDone) override {}
  void List(const SessionQuery&, PageDone) override {}
  void Due(const DueQuery&, DueDone) override {}
  void OwnedUploads(std::vector<std::string>, OwnedDone done) override {
    thread_->Post([done = std::move(done)]() mutable {
      std::move(done)(MakeError(Code::kDataLoss, "STORE_CORRUPT", "nobody knows"));
    });
  }

 private:
  const std::unique_ptr<Executor> thread_ = MakeThreadPool(1);
};

class GarbageCollectorTest : public local::LocalFixture {
 protected:
  GarbageCollectorTest() {
    for (const char* bucket : {"bucket", "another"})
      std::filesystem::create_directories(Path(bucket));
    settings_.list_page_size = 3;
    faulty_ = std::make_unique<FaultyBackend>(LocalBackend::Open(settings_, environment_).value(),
                                              *executor_);
    scope_.buckets = {"bucket"};
    scope_.initiated_before = absl::InfiniteFuture();
  }

  Backend& backend() override { return *faulty_; }

  std::string Orphan(const std::string& key, const std::string& bytes = "",
                     const std::string& bucket = "bucket") {
    const std::string id = Initiate({bucket, key}).value();
    if (!bytes.empty()) {
      EXPECT_TRUE(Upload({bucket, key}, id, 1, bytes).ok());
    }
    return id;
  }

  // An upload of a session of its own.
  std::string Owned(const std::string& key) {
    const std::string id = Orphan(key, "bytes");
    const SessionRecord record = TestRecord("alice", "of " + key, key);
    EXPECT_EQ(WriteNow(store_, KeyOf(key), CreateSession{record}).code, StoreCode::kOk);
    EXPECT_EQ(WriteNow(store_, KeyOf(key), SetUpload{PositionOf(record), id, TestTime()}).code,
              StoreCode::kOk);
    return id;
  }
  static SessionKey KeyOf(const std::string& key) { return MakeSessionKey("alice", key); }

  absl::StatusOr<GarbageSummary> Run(SessionStore& store) {
    told_.clear();
    return GarbageCollector(*faulty_, store)
        .Run(scope_, {[this](const OrphanedUpload& upload) { told_.push_back(upload); },
                      [this] { return std::ssize(told_) >= stop_after_; }});
  }
  absl::StatusOr<GarbageSummary> Run() { return Run(store_); }

  std::vector<std::string> ToldKeys() const {
    std::vector<std::string> keys;
    for (const OrphanedUpload& upload : told_) keys.push_back(upload.object.key);
    return keys;
  }

  // Ids of the uploads that are there, whatever the size of a page.
  std::vector<std::string> Uploads(const std::string& bucket = "bucket") {
    std::vector<std::string> ids;
    std::string page;
    do {
      const ListedUploads listed = ListUploads(bucket, "", page).value();
      for (const ListedUpload& upload : listed.uploads) ids.push_back(upload.upload_id);
      page = listed.next_page;
    } while (!page.empty());
    return ids;
  }

  // Every call of this kind fails from now on.
  void Fail(BackendCall call, const absl::Status& answer) {
    for (int i = 1; i <= 100; ++i) faulty_->Arm({call, i, Fault::Moment::kBefore, answer});
  }
  static absl::Status Denied() {
    return MakeError(Code::kPermissionDenied, kReasonDenied, "you may not");
  }

  std::unique_ptr<FaultyBackend> faulty_;
  MemoryStore store_;
  GarbageCollector::Scope scope_;
  std::vector<OrphanedUpload> told_;
  std::ptrdiff_t stop_after_ = 1'000'000;
};

TEST_F(GarbageCollectorTest, DiscardsWhatNobodyOwnsAndTellsItsSize) {
  const std::string id = Orphan("orphan", "12345");
  const std::string empty = Orphan("without parts");
  const std::string owned = Owned("owned");
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  ASSERT_THAT(told_, SizeIs(2));
  const OrphanedUpload& upload = told_[0];
  EXPECT_EQ(upload.object, Name("orphan"));
  EXPECT_EQ(upload.upload_id, id);
  EXPECT_EQ(upload.initiate_time, clock_.Now());
  EXPECT_EQ(upload.part_count, 1);
  EXPECT_EQ(upload.stored_size, 5);
  EXPECT_EQ(upload.disposal, Disposal::kAborted);
  EXPECT_EQ(told_[1].part_count, 0);
  EXPECT_THAT(Uploads(), ElementsAre(owned));
  EXPECT_EQ(summary->listed_count, 3);
  EXPECT_EQ(summary->owned_count, 1);
  EXPECT_EQ(summary->orphaned_count, 2);
  EXPECT_EQ(summary->aborted_count, 2);
  EXPECT_EQ(summary->aborted_size, 5);
  EXPECT_EQ(summary->failed_count, 0);
}

TEST_F(GarbageCollectorTest, DryRunTellsAllOfItAndDiscardsNothing) {
  const std::string id = Orphan("orphan", "12345");
  scope_.dry_run = true;
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  ASSERT_THAT(told_, SizeIs(1));
  EXPECT_EQ(told_[0].disposal, Disposal::kWouldAbort);
  EXPECT_EQ(told_[0].stored_size, 5);
  EXPECT_EQ(summary->orphaned_size, 5);
  EXPECT_EQ(summary->aborted_count, 0);
  EXPECT_EQ(faulty_->calls(BackendCall::kAbortUpload), 0);
  EXPECT_THAT(Uploads(), ElementsAre(id));
}

TEST_F(GarbageCollectorTest, LeavesWhatIsYoung) {
  Orphan("old");
  clock_.Advance(absl::Hours(1));
  scope_.initiated_before = clock_.Now();
  const std::string young = Orphan("young");
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_THAT(ToldKeys(), ElementsAre("old"));
  EXPECT_THAT(Uploads(), ElementsAre(young));
  EXPECT_EQ(summary->young_count, 1);
}

// Whatever became of a session: until its upload was discarded for the last time it is not garbage.
TEST_F(GarbageCollectorTest, UploadsOfSessionsInEveryStateAreLeft) {
  const std::string open = Owned("open");
  const std::string aborted = Owned("aborted");
  const std::string begun_anew = Owned("begun anew");
  for (const char* key : {"aborted", "begun anew"}) {
    const AbortSession abort{"", TestNonce("a"), TestTime()};
    ASSERT_EQ(WriteNow(store_, KeyOf(key), abort).code, StoreCode::kOk);
  }
  const SessionRecord ended = *GetNow(store_, KeyOf("begun anew")).record;
  const StartOver again{ended.fence, ended.state, TestRecord("alice", "next"), TestTime()};
  ASSERT_EQ(WriteNow(store_, KeyOf("begun anew"), again).code, StoreCode::kOk);

  auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->owned_count, 3);
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_THAT(Uploads(), UnorderedElementsAre(open, aborted, begun_anew));

  for (int i = 0; i < kUploadAborts; ++i) {
    WriteNow(store_, KeyOf("aborted"), UploadAborted{aborted, TestTime() + i * kSecondAbortDelay});
  }
  summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_THAT(ToldKeys(), ElementsAre("aborted")) << "the reaper has done with it, yet it is there";
}

TEST_F(GarbageCollectorTest, GoesThroughAllPagesAndBuckets) {
  constexpr int kUploads = 2 * GarbageCollector::kParallel + 3;
  for (int i = 0; i < kUploads; ++i) Orphan(absl::StrCat("key ", i), "x");
  const std::string owned = Owned("key of a session");
  Orphan("elsewhere", "", "another");
  scope_.buckets = {"bucket", "another"};
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->aborted_count, kUploads + 1);
  EXPECT_EQ(told_.back().object.bucket, "another");
  EXPECT_THAT(Uploads(), ElementsAre(owned));
  EXPECT_THAT(Uploads("another"), IsEmpty());
}

TEST_F(GarbageCollectorTest, KeepsToItsPrefixAndBucket) {
  Orphan("team-a/one");
  Orphan("team-b/two");
  Orphan("team-a/three", "", "another");
  scope_.prefix = "team-a/";
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(ToldKeys(), ElementsAre("team-a/one"));
  EXPECT_THAT(Uploads(), SizeIs(1));
  EXPECT_THAT(Uploads("another"), SizeIs(1));
}

TEST_F(GarbageCollectorTest, OneThatCannotBeDiscardedDoesNotKeepTheRest) {
  for (const char* key : {"a", "b", "c", "d", "e"}) Orphan(key, "xy");
  faulty_->Arm({BackendCall::kAbortUpload, 2, Fault::Moment::kBefore, Denied()});
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_THAT(told_, SizeIs(5));
  EXPECT_EQ(summary->failed_count, 1);
  EXPECT_EQ(summary->aborted_count, 4);
  EXPECT_EQ(summary->aborted_size, 8);
  EXPECT_EQ(summary->orphaned_size, 10);
  int failed = 0;
  for (const OrphanedUpload& upload : told_) {
    if (upload.disposal != Disposal::kFailed) continue;
    ++failed;
    EXPECT_EQ(ErrorReason(upload.error), kReasonDenied);
  }
  EXPECT_EQ(failed, 1);
  EXPECT_THAT(Uploads(), SizeIs(1));
}

TEST_F(GarbageCollectorTest, SizeThatIsNotKnownKeepsNothing) {
  Orphan("orphan", "12345");
  Fail(BackendCall::kListParts, Denied());
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  ASSERT_THAT(told_, SizeIs(1));
  EXPECT_EQ(told_[0].disposal, Disposal::kAborted);
  EXPECT_EQ(told_[0].stored_size, std::nullopt);
  EXPECT_EQ(ErrorReason(told_[0].size_error), kReasonDenied);
  EXPECT_EQ(summary->aborted_size, 0);
}

TEST_F(GarbageCollectorTest, UploadThatWentMeanwhileIsNoOrphan) {
  Orphan("orphan");
  Fail(BackendCall::kListParts, MakeError(Code::kNotFound, kReasonNoSuchUpload, "gone"));
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_EQ(summary->gone_count, 1);
  EXPECT_EQ(summary->orphaned_count, 0);
}

TEST_F(GarbageCollectorTest, NothingIsDiscardedWhileTheStoreDoesNotKnowItsOwn) {
  const std::string id = Orphan("orphan");
  BlindStore blind;
  const auto summary = Run(blind);
  EXPECT_EQ(ErrorReason(summary.status()), "STORE_CORRUPT");
  EXPECT_EQ(faulty_->calls(BackendCall::kAbortUpload), 0);
  EXPECT_THAT(Uploads(), ElementsAre(id));
}

TEST_F(GarbageCollectorTest, ListingThatFailsEndsItWithItsError) {
  for (int i = 0; i < 4; ++i) Orphan(absl::StrCat(i));
  faulty_->Arm({BackendCall::kListUploads, 2, Fault::Moment::kBefore, Denied()});
  EXPECT_EQ(ErrorReason(Run().status()), kReasonDenied);
  EXPECT_THAT(told_, SizeIs(3)) << "of the first page";
}

TEST_F(GarbageCollectorTest, CollectionThatIsStoppedBeginsNothingMore) {
  for (int i = 0; i < 10; ++i) Orphan(absl::StrCat(i));
  stop_after_ = 3;  // a page, and so a group
  EXPECT_EQ(Run().status().code(), Code::kCancelled);
  EXPECT_THAT(told_, SizeIs(3));
  EXPECT_EQ(faulty_->calls(BackendCall::kAbortUpload), 3);
  stop_after_ = 0;
  EXPECT_EQ(Run().status().code(), Code::kCancelled);
  EXPECT_EQ(faulty_->calls(BackendCall::kListUploads), 1);
}

}  // namespace
}  // namespace penstock
