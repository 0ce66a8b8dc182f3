// Runs on their threads; what they find is tested with the collector and the diagnosis.

#include "server/session/maintenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "server/session/service_fixture.h"

namespace penstock {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using Code = absl::StatusCode;

// Keeps what it is sent.
template <typename Event>
class KeepingSink final : public EventSink<Event> {
 public:
  void Send(const Event& event) override {
    MutexLock lock(&mutex_);
    events_.push_back(event);
  }
  bool closed() const override {
    MutexLock lock(&mutex_);
    return closed_;
  }
  void End(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    ASSERT_FALSE(end_.has_value()) << "it ends once";
    end_ = status;
  }

  void Close() {
    MutexLock lock(&mutex_);
    closed_ = true;
  }
  absl::Status AwaitEnd() {
    const auto ended = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return end_.has_value(); };
    MutexLock lock(&mutex_);
    mutex_.Await(ended);
    return *end_;
  }
  bool ended() const {
    MutexLock lock(&mutex_);
    return end_.has_value();
  }
  std::vector<Event> events() const {
    MutexLock lock(&mutex_);
    return events_;
  }

 private:
  mutable Mutex mutex_;  // guards what follows
  std::vector<Event> events_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

using GarbageSink = KeepingSink<Maintenance::GarbageEvent>;
using CheckSink = KeepingSink<RemoteCheck>;

class MaintenanceTest : public ServiceFixture {
 protected:
  MaintenanceTest() {
    backend_.SetUploadAge(absl::Hours(8 * 24));
    query_.remote = kTestRemote;
    query_.bucket = "bucket";
    Restrict({});
  }

  void Restrict(const OptionValues& options) {
    maintenance_ = std::make_unique<Maintenance>(
        *service_, Remotes{{kTestRemote, {&backend_, &kind_, RemoteRestriction(options)}}},
        SecureRandom());
  }

  void Orphan(const std::string& key) {
    Notification initiated;
    backend_.InitiateUpload({"bucket", key}, {}, "mark",
                            [&](const absl::StatusOr<std::string>&) { initiated.Notify(); });
    initiated.WaitForNotification();
  }
  void Orphans(int count) {
    for (int i = 0; i < count; ++i) Orphan(std::to_string(i));
  }

  std::shared_ptr<GarbageSink> Collect() {
    auto sink = std::make_shared<GarbageSink>();
    const absl::Status status = maintenance_->CollectGarbage(query_, sink);
    EXPECT_TRUE(status.ok()) << status;
    return sink;
  }
  std::string Refusal() {
    return ErrorReason(maintenance_->CollectGarbage(query_, std::make_shared<GarbageSink>()));
  }

  BackendInfo kind_;
  Maintenance::GarbageQuery query_;
  std::unique_ptr<Maintenance> maintenance_;
};

TEST_F(MaintenanceTest, EndsWithASummaryThatCountsWhatWasTold) {
  Orphans(20);
  const auto sink = Collect();
  EXPECT_EQ(sink->AwaitEnd(), absl::OkStatus());
  const auto events = sink->events();
  ASSERT_THAT(events, SizeIs(21));
  EXPECT_EQ(std::get<GarbageSummary>(events.back()).aborted_count, 20);
  EXPECT_THAT(backend_.uploads(), IsEmpty());
}

TEST_F(MaintenanceTest, RunEndsWhenNobodyListensAnyMore) {
  Orphans(2 * GarbageCollector::kParallel);
  backend_.Hold("abort");
  const auto sink = Collect();
  backend_.AwaitHeld("abort", GarbageCollector::kParallel);
  sink->Close();
  backend_.Release("abort");
  EXPECT_EQ(sink->AwaitEnd().code(), Code::kCancelled);
  EXPECT_THAT(backend_.uploads(), SizeIs(GarbageCollector::kParallel))
      << "what was under way is discarded, and nothing else";
}

TEST_F(MaintenanceTest, StopEndsRunsAndRefusesNewOnes) {
  Orphans(2 * GarbageCollector::kParallel);
  backend_.Hold("abort");
  const auto sink = Collect();
  backend_.AwaitHeld("abort", GarbageCollector::kParallel);
  maintenance_->Stop();
  EXPECT_FALSE(maintenance_->AwaitIdle(absl::ZeroDuration()));
  EXPECT_EQ(Refusal(), "DRAINING");
  backend_.Release("abort");
  EXPECT_EQ(ErrorReason(sink->AwaitEnd()), "DRAINING");
  EXPECT_TRUE(maintenance_->AwaitIdle(absl::Minutes(1)));
  EXPECT_THAT(backend_.uploads(), SizeIs(GarbageCollector::kParallel));
}

TEST_F(MaintenanceTest, DestructorWaitsForRuns) {
  Orphans(1);
  backend_.Hold("list_uploads");
  const auto garbage = Collect();
  const auto checks = std::make_shared<CheckSink>();
  EXPECT_TRUE(maintenance_->DiagnoseRemote(kTestRemote, "bucket", checks).ok());
  backend_.AwaitHeld("list_uploads", 2);
  std::thread destroys([this] { maintenance_.reset(); });
  backend_.Release("list_uploads");
  destroys.join();
  EXPECT_TRUE(garbage->ended());
  EXPECT_TRUE(checks->ended());
}

TEST_F(MaintenanceTest, RestrictionOfTheRemoteHoldsHereToo) {
  Restrict({{"buckets", "bucket"}, {"prefix", "team/"}});
  Orphan("team/a");
  Orphan("other");
  query_.bucket = "another";
  EXPECT_EQ(Refusal(), "BUCKET_NOT_ALLOWED");
  query_.bucket = "";
  query_.prefix = "other";
  EXPECT_EQ(Refusal(), "KEY_NOT_ALLOWED");
  query_.prefix = "";
  const auto sink = Collect();
  EXPECT_EQ(sink->AwaitEnd(), absl::OkStatus());
  ASSERT_THAT(sink->events(), SizeIs(2));
  EXPECT_EQ(std::get<OrphanedUpload>(sink->events()[0]).object.key, "team/a");

  const auto checks = std::make_shared<CheckSink>();
  EXPECT_TRUE(maintenance_->DiagnoseRemote(kTestRemote, "", checks).ok());
  EXPECT_EQ(checks->AwaitEnd(), absl::OkStatus());
  for (const RemoteCheck& check : checks->events()) {
    EXPECT_NE(check.outcome, CheckOutcome::kFailed) << check.name << ": " << check.message;
    if (check.name == "put_object") {
      EXPECT_THAT(check.message, testing::HasSubstr("\"team/penstock-doctor-"));
    }
  }
}

TEST_F(MaintenanceTest, YoungerThanAnHourIsNoAge) {
  query_.older_than = kMinOrphanAge - absl::Nanoseconds(1);
  EXPECT_EQ(Refusal(), "BAD_OLDER_THAN");
  query_.older_than = kMinOrphanAge;
  EXPECT_EQ(Collect()->AwaitEnd(), absl::OkStatus());
}

// Runs that begin and end at any moment, beside one that stops them: for the sanitizers.
TEST_F(MaintenanceTest, RunsOfManyThreadsLeaveNothingBehind) {
  Orphans(50);
  std::vector<std::thread> threads;
  for (int t = 0; t < Maintenance::kMaxRuns + 2; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 10; ++i) {
        const auto sink = std::make_shared<GarbageSink>();
        if (!maintenance_->CollectGarbage(query_, sink).ok()) continue;
        if (t % 2 == 0) sink->Close();
        (void)sink->AwaitEnd();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Those who met a busy server, or did not listen to the end, may have left some.
  EXPECT_TRUE(maintenance_->AwaitIdle(absl::Minutes(1)));
  EXPECT_EQ(Collect()->AwaitEnd(), absl::OkStatus());
  maintenance_->Stop();
  EXPECT_TRUE(maintenance_->AwaitIdle(absl::Minutes(1)));
  EXPECT_THAT(backend_.uploads(), IsEmpty());
}

}  // namespace
}  // namespace penstock
