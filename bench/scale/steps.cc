#include "bench/scale/steps.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "base/executor.h"
#include "base/notification.h"
#include "bench/scale/filled_store.h"
#include "server/session/service_test_util.h"
#include "server/session/session_reaper.h"
#include "tests/support/store_calls.h"

namespace penstock::bench {
namespace {

constexpr int kOtherSessions = 1000;
constexpr int kRowsPerFill = 500;

template <typename Step>
double Seconds(Step step) {
  const absl::Time begin = absl::Now();
  step();
  return absl::ToDoubleSeconds(absl::Now() - begin);
}

// Sessions are taken far apart, so that no page of the file serves two steps in a row.
int Spread(int step, int sessions) {
  constexpr int64_t kStride = 7919;
  return static_cast<int>(step * kStride % sessions);
}

class FixedClock final : public Clock {
 public:
  explicit FixedClock(absl::Time now) : now_(now) {}
  absl::Time Now() const override { return now_; }

 private:
  const absl::Time now_;
};

// Passes of a reaper at `now`.
Times Reap(SessionStore& store, absl::Time now, int passes) {
  const FixedClock clock(now);
  FakeBackend backend;
  const std::unique_ptr<Executor> executor = MakeThreadPool(1);
  SessionEnvironment environment;
  environment.backends["remote"] = &backend;
  environment.store = &store;
  environment.executor = executor.get();
  environment.clock = &clock;
  SessionService service(std::move(environment), SecureRandom());
  SessionReaper reaper(service, SecureRandom());
  Times times;
  for (int pass = 0; pass < passes; ++pass) {
    times.push_back(Seconds([&reaper] {
      Notification over;
      reaper.RunOnce([&over] { over.Notify(); });
      over.WaitForNotification();
    }));
  }
  return times;
}

// All pages, again and again until there are `repeat` times.
Times List(FilledStore& filled, size_t repeat) {
  Times times;
  std::string page;
  do {
    times.push_back(Seconds([&] { page = filled.ListPage(page); }));
  } while (times.size() < repeat || (!page.empty() && times.size() < kPages));
  return times;
}

}  // namespace

StepTimes MeasureSessions(const std::string& folder, int sessions, int repeat) {
  FilledStore filled(folder, sessions);
  StepTimes times;
  for (int i = 0; i < repeat; ++i) {
    const int number = Spread(i, sessions);
    StoreAnswer claimed;
    times["get"].push_back(Seconds([&] { filled.Get(number); }));
    times["open"].push_back(Seconds([&] { claimed = filled.Claim(number); }));
    times["commit"].push_back(Seconds([&] { filled.Commit(number, claimed, 1); }));
  }
  times["list"] = List(filled, static_cast<size_t>(repeat));
  times["start"].push_back(Seconds([&] { filled.Reopen(); }));
  times["due"] = Reap(filled.store(), TestTime(), repeat);
  // The first pass over a store of 1 finds its session, a second one would find nothing.
  const int passes = std::clamp(sessions / SessionReaper::kBatch, 1, 10);
  times["reap"] = Reap(filled.store(), TestTime() + absl::Hours(10 * 24), passes);
  for (int i = 0; i < repeat; ++i) {
    times["create"].push_back(Seconds([&] { filled.Add(); }));
  }
  return times;
}

StepTimes MeasureParts(const std::string& folder, int parts, int repeat) {
  FilledStore filled(folder, kOtherSessions);
  const int number = kOtherSessions / 2;
  for (int other = 0; other < kOtherSessions; ++other) {
    if (other != number) filled.Commit(other, filled.Claim(other), 1);
  }
  StoreAnswer last = filled.Claim(number);
  for (int done = 0; done < parts;) {
    const int rows = std::min(kRowsPerFill, parts - done);
    last = filled.Commit(number, last, rows);
    done += rows;
  }
  StepTimes times;
  for (int i = 0; i < repeat; ++i) {
    last = {};  // to free the rows of one answer is no part of the next step
    times["open"].push_back(Seconds([&] { last = filled.Claim(number); }));
    StoreAnswer committed;
    times["commit"].push_back(Seconds([&] { committed = filled.Commit(number, last, 1); }));
  }
  return times;
}

}  // namespace penstock::bench
