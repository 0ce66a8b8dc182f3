#include "base/executor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "base/mutex.h"
#include "base/notification.h"

namespace penstock {
namespace {

// Closures that end only when so many of them run at the same time.
class Meeting {
 public:
  explicit Meeting(int size) : missing_(size) {}

  void Join() {
    MutexLock lock(&mutex_);
    --missing_;
    mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return missing_ <= 0; });
  }

 private:
  Mutex mutex_;
  int missing_ ABSL_GUARDED_BY(mutex_);
};

TEST(ThreadPoolTest, RunsAsManyAtOnceAsItHasThreads) {
  Meeting meeting(5);
  const auto pool = MakeThreadPool(4);
  for (int i = 0; i < 4; ++i) pool->Post([&] { meeting.Join(); });
  meeting.Join();
}

TEST(ThreadPoolTest, RunsAsManyAtOnceAlsoWhenItsThreadsHadNothingToDo) {
  Meeting first(4);
  Meeting second(4);
  const auto pool = MakeThreadPool(3);
  for (int i = 0; i < 3; ++i) pool->Post([&] { first.Join(); });
  first.Join();
  for (int i = 0; i < 3; ++i) pool->Post([&] { second.Join(); });
  second.Join();
}

// Their ids. A thread that was joined may be among them for a while.
std::set<std::string> ThreadsOfThisProcess() {
  std::set<std::string> ids;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    ids.insert(task.path().filename());
  }
  return ids;
}

int64_t ThreadsBegunSince(const std::set<std::string>& before) {
  const std::set<std::string> now = ThreadsOfThisProcess();
  return std::count_if(now.begin(), now.end(),
                       [&](const std::string& id) { return !before.contains(id); });
}

TEST(ThreadPoolTest, BeginsNoThreadWithoutNeed) {
  const std::set<std::string> before = ThreadsOfThisProcess();
  const auto pool = MakeThreadPool(8);
  EXPECT_EQ(ThreadsBegunSince(before), 0);
  Notification done;
  pool->Post([&] { done.Notify(); });
  done.WaitForNotification();
  EXPECT_EQ(ThreadsBegunSince(before), 1);
}

TEST(ThreadPoolTest, RunsWhatIsDueWhileAnotherThreadIsBusy) {
  Notification due;
  Notification end;
  const auto pool = MakeThreadPool(2);
  pool->Post([&] { end.WaitForNotification(); });
  pool->PostAfter(absl::Milliseconds(1), [&] { due.Notify(); });
  due.WaitForNotification();
  end.Notify();
}

TEST(ThreadPoolTest, DestructorRunsWhatWasPostedAndDropsWhatIsDelayed) {
  std::atomic<int> run = 0;
  auto pool = MakeThreadPool(2);
  Executor& executor = *pool;
  for (int i = 0; i < 10; ++i) {
    executor.Post([&] {
      ++run;
      executor.Post([&] { ++run; });
    });
  }
  executor.PostAfter(absl::Hours(1), [&] { run = 1000; });
  pool = nullptr;
  EXPECT_EQ(run, 20);
}

}  // namespace
}  // namespace penstock
