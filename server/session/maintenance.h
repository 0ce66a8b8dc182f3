#ifndef PENSTOCK_SERVER_SESSION_MAINTENANCE_H_
#define PENSTOCK_SERVER_SESSION_MAINTENANCE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/random.h"
#include "plugin/remote.h"
#include "plugin/remote_diagnosis.h"
#include "server/session/garbage_collector.h"
#include "server/session/session_service.h"

namespace penstock {

// Where a run sends what it finds. Called on the thread of the run.
template <typename Event>
class EventSink {
 public:
  virtual ~EventSink() = default;

  // Waits until it may be sent: the run is no faster than whoever listens.
  virtual void Send(const Event& event) = 0;

  // Nobody listens any more.
  virtual bool closed() const = 0;

  // The run is over. Called once, last.
  virtual void End(const absl::Status& status) = 0;
};

// Runs what operators ask for to look after the remotes: each run on a thread of its own, a few at
// a time. Thread-safe.
class Maintenance {
 public:
  // `service`, whose store is used, and `random` must outlive it.
  Maintenance(SessionService& service, Remotes remotes, RandomSource& random);

  // Stops what runs, and waits for it.
  ~Maintenance();

  struct GarbageQuery {
    std::string remote;
    std::string bucket;  // empty: all that the remote's configuration names
    std::string prefix;
    absl::Duration older_than = absl::Hours(7 * 24);  // at least kMinOrphanAge
    bool dry_run = false;
  };
  using GarbageEvent = std::variant<OrphanedUpload, GarbageSummary>;

  // Begins a run; `sink` is used if and only if it answers OK. INVALID_ARGUMENT: UNKNOWN_REMOTE,
  // BAD_OLDER_THAN, and the errors of RemoteRestriction; RESOURCE_EXHAUSTED / MAINTENANCE_BUSY;
  // UNAVAILABLE / DRAINING. The run ends with an error of GarbageCollector::Run.
  absl::Status CollectGarbage(const GarbageQuery& query,
                              std::shared_ptr<EventSink<GarbageEvent>> sink);

  // Likewise. The run ends with an error of RemoteDiagnosis::Run.
  absl::Status DiagnoseRemote(const std::string& remote, const std::string& bucket,
                              std::shared_ptr<EventSink<RemoteCheck>> sink);

  // Begins no more runs, and has those under way begin nothing more: they end with UNAVAILABLE /
  // DRAINING.
  void Stop();

  // Waits until nothing runs; false when something still does after `timeout`.
  bool AwaitIdle(absl::Duration timeout);

  static constexpr int kMaxRuns = 4;

 private:
  // Runs `work`, and ends `sink` with its result.
  template <typename Event>
  absl::Status Start(std::shared_ptr<EventSink<Event>> sink,
                     std::function<absl::Status(EventSink<Event>&)> work);

  SessionService& service_;
  const Remotes remotes_;
  RandomSource& random_;

  std::atomic<bool> stopping_ = false;
  Mutex mutex_;  // guards what follows
  int runs_ ABSL_GUARDED_BY(mutex_) = 0;

  const std::unique_ptr<Executor> threads_;  // last: its closures use the rest
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_MAINTENANCE_H_
