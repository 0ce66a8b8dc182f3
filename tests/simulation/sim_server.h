#ifndef PENSTOCK_TESTS_SIMULATION_SIM_SERVER_H_
#define PENSTOCK_TESTS_SIMULATION_SIM_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "server/session/session_reaper.h"
#include "server/session/session_service.h"
#include "tests/simulation/world.h"

namespace penstock::simulation {

inline constexpr char kRemote[] = "remote";

// A server process: one life after another.
class SimServer {
 public:
  SimServer(World& world, SessionConfig config, SessionStore& store, Backend& backend);
  SimServer(const SimServer&) = delete;
  SimServer& operator=(const SimServer&) = delete;
  ~SimServer();

  // Null while it is down.
  SessionService* service() { return up_ ? lives_.back().service.get() : nullptr; }

  void Crash();
  void Pause(absl::Duration duration);
  void SetClockBack(absl::Duration by);
  void Drain();
  void Reap();

  // Asks the server to abort the session, as an operator would.
  void Abort(const std::string& token);

  // Once everything has come to its end: no session is held any more, so that a drain has nothing
  // to wait for, and no answer is owed.
  void CheckIdle();

  // After the run: takes apart what is left.
  void Bury();

 private:
  struct Life {
    std::unique_ptr<ServerExecutor> executor;
    std::unique_ptr<SessionService> service;
    std::unique_ptr<SessionReaper> reaper;
    std::shared_ptr<int> unanswered = std::make_shared<int>(0);  // calls of Abort and Reap
  };

  void Start();

  World& world_;
  ServerClock clock_;
  const SessionConfig config_;
  SessionStore& store_;
  Backend& backend_;
  bool up_ = false;
  std::vector<Life> lives_;  // all of them: what a crashed one left is buried at the end
};

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_SIM_SERVER_H_
