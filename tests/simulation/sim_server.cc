#include "tests/simulation/sim_server.h"

#include <utility>

namespace penstock::simulation {

SimServer::SimServer(World& world, SessionConfig config, SessionStore& store, Backend& backend)
    : world_(world), clock_(world), config_(std::move(config)), store_(store), backend_(backend) {
  Start();
}

// A service waits for its sessions; one that never ends, which is a violation, is left where it is.
SimServer::~SimServer() {
  if (world_.violation().empty()) return;
  for (Life& life : lives_) {
    static_cast<void>(life.reaper.release());
    static_cast<void>(life.service.release());
    static_cast<void>(life.executor.release());
  }
}

void SimServer::Start() {
  if (world_.over) return;
  Life life;
  life.executor = std::make_unique<ServerExecutor>(world_);
  SessionEnvironment environment;
  environment.config = config_;
  environment.backends[kRemote] = &backend_;
  environment.store = &store_;
  environment.executor = life.executor.get();
  environment.clock = &clock_;
  life.service = std::make_unique<SessionService>(std::move(environment), world_);
  life.reaper = std::make_unique<SessionReaper>(*life.service, world_);
  lives_.push_back(std::move(life));
  up_ = true;
}

void SimServer::Crash() {
  if (!up_) return;
  world_.Trace("a server crashes");
  lives_.back().executor->Crash();
  up_ = false;
  world_.After(world_.SomeDelay() * 10, [this] { Start(); });
}

void SimServer::Pause(absl::Duration duration) {
  world_.Trace("a server stops for ", absl::FormatDuration(duration));
  lives_.back().executor->Pause(duration);
}

void SimServer::SetClockBack(absl::Duration by) {
  world_.Trace("a server's clock is set back by ", absl::FormatDuration(by));
  clock_.SetBack(by);
}

void SimServer::Drain() {
  if (!up_) return;
  world_.Trace("a server drains");
  up_ = false;
  lives_.back().service->Drain([this] { Start(); });
}

void SimServer::Abort(const std::string& token) {
  if (!up_) return;
  world_.Trace("a server is asked to abort the session");
  Life& life = lives_.back();
  ++*life.unanswered;
  life.service->Abort({"", token, ""}, [unanswered = life.unanswered](
                                           const absl::StatusOr<SessionView>&) { --*unanswered; });
}

void SimServer::Reap() {
  if (!up_) return;
  Life& life = lives_.back();
  ++*life.unanswered;
  life.reaper->RunOnce([unanswered = life.unanswered] { --*unanswered; });
}

void SimServer::CheckIdle() {
  if (!up_) return;
  Life& life = lives_.back();
  const auto drained = std::make_shared<bool>(false);  // it may be told when this is over
  life.service->Drain([drained] { *drained = true; });
  if (!*drained) world_.Violate("a session of a server never ended");
  if (*life.unanswered > 0) world_.Violate("a call of a server was never answered");
  const BufferBudget::Stats memory = life.service->memory();
  if (memory.used != 0 || memory.waiting != 0) world_.Violate("memory of a server is never freed");
}

void SimServer::Bury() {
  for (Life& life : lives_) life.executor->Bury();
}

}  // namespace penstock::simulation
