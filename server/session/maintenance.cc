#include "server/session/maintenance.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/session/session_errors.h"

namespace penstock {
namespace {

constexpr absl::Duration kBusyDelay = absl::Seconds(30);

absl::Status Busy() {
  return MakeError(absl::StatusCode::kResourceExhausted, "MAINTENANCE_BUSY",
                   absl::StrCat("at most ", Maintenance::kMaxRuns,
                                " maintenance calls run at a time, and so many do"),
                   {{"maximum", absl::StrCat(Maintenance::kMaxRuns)}}, kBusyDelay);
}

absl::Status BadOlderThan(absl::Duration got) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, "BAD_OLDER_THAN",
      absl::StrCat("`older_than` must be at least ", absl::FormatDuration(kMinOrphanAge),
                   ": a younger upload may belong to a session that has not recorded "
                   "it yet; ",
                   absl::FormatDuration(got), " came"),
      {{"minimum", absl::FormatDuration(kMinOrphanAge)}, {"got", absl::FormatDuration(got)}});
}

}  // namespace

Maintenance::Maintenance(SessionService& service, Remotes remotes, RandomSource& random)
    : service_(service),
      remotes_(std::move(remotes)),
      random_(random),
      threads_(MakeThreadPool(kMaxRuns)) {}

Maintenance::~Maintenance() {
  Stop();
  AwaitIdle(absl::InfiniteDuration());
}

void Maintenance::Stop() {
  MutexLock lock(&mutex_);  // nothing begins after it
  stopping_ = true;
}

bool Maintenance::AwaitIdle(absl::Duration timeout) {
  const auto idle = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return runs_ == 0; };
  MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(idle, timeout);
}

template <typename Event>
absl::Status Maintenance::Start(std::shared_ptr<EventSink<Event>> sink,
                                std::function<absl::Status(EventSink<Event>&)> work) {
  {
    MutexLock lock(&mutex_);
    if (stopping_) return session_errors::Draining(std::nullopt);
    if (runs_ == kMaxRuns) return Busy();
    ++runs_;
  }
  threads_->Post([this, sink = std::move(sink), work = std::move(work)]() mutable {
    absl::Status status = work(*sink);
    sink->End(stopping_ && !status.ok() ? session_errors::Draining(std::nullopt) : status);
    sink = nullptr;
    MutexLock lock(&mutex_);
    --runs_;
  });
  return absl::OkStatus();
}

absl::Status Maintenance::CollectGarbage(const GarbageQuery& query,
                                         std::shared_ptr<EventSink<GarbageEvent>> sink) {
  PENSTOCK_ASSIGN_OR_RETURN(const Remote* const remote, FindRemote(remotes_, query.remote));
  if (query.older_than < kMinOrphanAge) return BadOlderThan(query.older_than);
  GarbageCollector::Scope scope;
  PENSTOCK_ASSIGN_OR_RETURN(scope.buckets, remote->restriction.BucketsMeantBy(query.bucket));
  PENSTOCK_ASSIGN_OR_RETURN(scope.prefix, remote->restriction.Narrow(query.prefix));
  scope.initiated_before = service_.environment().clock->Now() - query.older_than;
  scope.dry_run = query.dry_run;
  Backend& backend = *remote->backend;
  return Start<GarbageEvent>(
      std::move(sink), [this, &backend, scope](EventSink<GarbageEvent>& events) -> absl::Status {
        GarbageCollector collector(backend, *service_.environment().store);
        PENSTOCK_ASSIGN_OR_RETURN(
            const GarbageSummary summary,
            collector.Run(scope, {[&](const OrphanedUpload& upload) { events.Send(upload); },
                                  [&] { return stopping_ || events.closed(); }}));
        events.Send(summary);
        return absl::OkStatus();
      });
}

absl::Status Maintenance::DiagnoseRemote(const std::string& remote, const std::string& bucket,
                                         std::shared_ptr<EventSink<RemoteCheck>> sink) {
  PENSTOCK_ASSIGN_OR_RETURN(const Remote* const known, FindRemote(remotes_, remote));
  PENSTOCK_ASSIGN_OR_RETURN(const std::vector<std::string> buckets,
                            known->restriction.BucketsMeantBy(bucket));
  Backend& backend = *known->backend;
  return Start<RemoteCheck>(
      std::move(sink), [this, &backend, known, buckets](EventSink<RemoteCheck>& events) {
        RemoteDiagnosis diagnosis(backend, *known->kind, *service_.environment().clock, random_);
        const RemoteDiagnosis::Hooks hooks = {[&](const RemoteCheck& check) { events.Send(check); },
                                              [&] { return stopping_ || events.closed(); }};
        for (const std::string& name : buckets) {
          PENSTOCK_RETURN_IF_ERROR(diagnosis.Run(name, known->restriction.prefix(), hooks));
          if (hooks.stopped()) return absl::CancelledError("the diagnosis was stopped");
        }
        return absl::OkStatus();
      });
}

}  // namespace penstock
