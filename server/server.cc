#include "server/server.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/executor.h"
#include "base/fault_point.h"
#include "base/http/http_loop.h"
#include "base/log.h"
#include "base/notification.h"
#include "base/periodic_task.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "plugin/remote.h"
#include "plugin/upload_rate.h"
#include "server/fault_points.h"
#include "server/objects/objects.h"
#include "server/rpc/rpc_server.h"
#include "server/session/maintenance.h"
#include "server/session/session_reaper.h"
#include "server/session/session_service.h"
#include "server/store/sqlite_store.h"
#include "server/upload_limits.h"

namespace penstock {
namespace {

// Threads for calls that block, such as fsync: as many as parts may be stored at the same time on a
// disk that gains from it.
constexpr int kBlockingThreads = 16;

// What is left of gRPC calls after a drain has closed them all.
constexpr absl::Duration kShutdownGrace = absl::Seconds(1);

// After a start, clients that come back go first; what was due while nobody served follows soon.
constexpr absl::Duration kFirstReap = absl::Seconds(5);

HttpLoopOptions LoopOptions(const ServerConfig& config) {
  HttpLoopOptions options;
  options.max_connections = config.max_connections;
  return options;
}

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(const ServerConfig& config)
      : drain_timeout_(config.drain_timeout),
        http_(std::make_unique<HttpLoop>(LoopOptions(config))),
        executor_(
            MakeThreadPool(std::max(2, static_cast<int>(std::thread::hardware_concurrency())))),
        blocking_(MakeThreadPool(kBlockingThreads)) {}

  // Nobody may be called after it is gone: listeners go first; then the reaper, which waits for its
  // pass, the maintenance, which waits for its runs, and the objects, which wait for what they have
  // asked of the backends; then the sessions, which wait for what their drivers have asked for;
  // then those who answer; and last what these run on.
  ~ServerImpl() override {
    rpc_.reset();
    reaping_.reset();
    reaper_.reset();
    maintenance_.reset();
    objects_.reset();
    sessions_.reset();
    backends_.clear();
    store_.reset();
    http_.reset();
    blocking_.reset();
    executor_.reset();
  }

  absl::Status Open(const ServerConfig& config, const Registry& registry) {
    PENSTOCK_RETURN_IF_ERROR(MakeRemotes(config, registry));
    SqliteStoreOptions store;
    store.path = config.store_path;
    PENSTOCK_ASSIGN_OR_RETURN(store_, OpenSqliteStore(store));
    if (FaultPointsArmed()) store_ = WithFaultPoints(std::move(store_), *executor_);
    MakeSessions(config);
    objects_ = std::make_unique<Objects>(
        remotes_, ReadLimits{config.read_memory, config.idle_timeout}, *executor_, SystemClock());
    maintenance_ = std::make_unique<Maintenance>(*sessions_, remotes_, SecureRandom());
    RpcServerOptions rpc;
    rpc.listen = config.listen;
    rpc.insecure = config.insecure;
    rpc.bdp_probe = config.bdp_probe;
    PENSTOCK_ASSIGN_OR_RETURN(
        rpc_, RpcServer::Start(rpc, *sessions_, *objects_, *maintenance_, remotes_));
    StartReaping(config.reap_interval);
    return absl::OkStatus();
  }

  const std::vector<std::string>& addresses() const override { return rpc_->addresses(); }

  bool Drain() override {
    const absl::Time deadline = absl::Now() + drain_timeout_;
    rpc_->SetNotServing();
    reaping_->Stop();
    reaper_->Stop();
    maintenance_->Stop();
    objects_->Stop();
    const auto drained = std::make_shared<Notification>();
    sessions_->Drain([drained] { drained->Notify(); });
    const bool in_time = drained->WaitForNotificationWithTimeout(drain_timeout_) &&
                         reaping_->AwaitIdle(deadline - absl::Now());
    // Calls are ended before the runs are waited for: a run may wait for a client that does not
    // read. gRPC itself may do so for ever, when the client's socket is full.
    const auto ended = std::make_shared<Notification>();
    blocking_->Post([this, in_time, ended] {
      rpc_->Shutdown(in_time ? kShutdownGrace : absl::ZeroDuration());
      ended->Notify();
    });
    // And what nobody waits for any more, which the destructor would wait for.
    return ended->WaitForNotificationWithTimeout(deadline + kShutdownGrace - absl::Now()) &&
           in_time && maintenance_->AwaitIdle(deadline - absl::Now()) &&
           sessions_->AwaitIdle(deadline - absl::Now()) &&
           objects_->AwaitIdle(deadline - absl::Now());
  }

 private:
  absl::Status MakeRemotes(const ServerConfig& config, const Registry& registry) {
    BackendEnvironment environment;
    environment.http = http_.get();
    environment.executor = executor_.get();
    environment.blocking = blocking_.get();
    environment.clock = &SystemClock();
    environment.random = &SecureRandom();
    const UploadLimits limits(config.upload_rate, SystemClock());
    for (const auto& [name, remote] : config.remotes) {
      const absl::StatusOr<int64_t> rate = UploadRateOf(remote.options);
      if (!rate.ok()) return WithPrefix(rate.status(), absl::StrCat("remotes.", name));
      UploadLimits::OfRemote of_remote = limits.Make(*rate);
      reads_[name] = std::move(of_remote.reads);
      environment.sends = std::move(of_remote.sends);
      absl::StatusOr<std::unique_ptr<Backend>> backend =
          registry.Create(remote.backend, remote.options, environment);
      if (!backend.ok()) return WithPrefix(backend.status(), absl::StrCat("remotes.", name));
      backends_[name] = *std::move(backend);
      if (FaultPointsArmed()) {
        backends_[name] = WithFaultPoints(std::move(backends_[name]), *executor_);
      }
      remotes_.insert({name,
                       {backends_[name].get(), registry.Find(remote.backend),
                        RemoteRestriction(remote.options)}});
    }
    return absl::OkStatus();
  }

  void MakeSessions(const ServerConfig& config) {
    SessionEnvironment environment;
    environment.config.memory_budget = config.memory_budget;
    environment.config.default_parallel_parts = config.parallel_parts;
    environment.config.max_parallel_parts = config.max_parallel_parts;
    environment.config.claims_per_minute = config.claims_per_minute;
    environment.config.idle_timeout = config.idle_timeout;
    environment.config.progress_interval = config.progress_interval;
    environment.config.linger = config.linger;
    environment.config.part_age = config.part_age;
    environment.config.idle_ttl = config.idle_ttl;
    environment.config.retention = config.retention;
    for (const auto& [name, backend] : backends_) environment.backends[name] = backend.get();
    environment.reads = std::move(reads_);
    environment.store = store_.get();
    environment.executor = executor_.get();
    environment.clock = &SystemClock();
    sessions_ = std::make_unique<SessionService>(std::move(environment), SecureRandom());
  }

  void StartReaping(absl::Duration interval) {
    reaper_ = std::make_unique<SessionReaper>(*sessions_, SecureRandom());
    reaping_ =
        std::make_unique<PeriodicTask>(*executor_, std::min(kFirstReap, interval), interval,
                                       [this](Closure done) { reaper_->RunOnce(std::move(done)); });
  }

  const absl::Duration drain_timeout_;
  std::unique_ptr<HttpLoop> http_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Executor> blocking_;
  std::map<std::string, std::unique_ptr<Backend>> backends_;
  Remotes remotes_;
  std::map<std::string, Throttle> reads_;  // by remote, until the sessions have them
  std::unique_ptr<SessionStore> store_;
  std::unique_ptr<SessionService> sessions_;
  std::unique_ptr<Objects> objects_;
  std::unique_ptr<SessionReaper> reaper_;
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<PeriodicTask> reaping_;
  std::unique_ptr<RpcServer> rpc_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerConfig& config,
                                                      const Registry& registry) {
  auto server = std::make_unique<ServerImpl>(config);
  PENSTOCK_RETURN_IF_ERROR(server->Open(config, registry));
  return server;
}

}  // namespace penstock
