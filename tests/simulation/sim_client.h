#ifndef PENSTOCK_TESTS_SIMULATION_SIM_CLIENT_H_
#define PENSTOCK_TESTS_SIMULATION_SIM_CLIENT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/session/session_service.h"
#include "tests/simulation/world.h"

namespace penstock::simulation {

// Finds a server that is up now; null when none is.
using FindServer = std::function<SessionService*()>;

// What the checks want to know as it happens.
struct ClientObserver {
  std::function<void(int64_t committed_size)> acknowledged;
  std::function<void(const FinishedFrame&)> finished;
};

// A client that puts one content under one token, and opens again until it is done or told to stop.
// Depending on the seed it reads `opened` first and goes on from there, or sends everything from
// offset 0 without reading.
class SimClient : public std::enable_shared_from_this<SimClient> {
 public:
  struct Plan {
    std::string name;
    std::string token;
    std::string content;
    SessionSpec spec;
    bool creates = false;     // opens with CREATE the first time
    bool reads_first = true;  // waits for `opened`
    bool declares_crc = true;
    bool sends_epoch = true;
    bool comes_back = true;  // opens again also after ABORTED, as a user who runs the command again
    int64_t replay_buffer_bytes = 0;
  };

  SimClient(World& world, Plan plan, FindServer find_server, ClientObserver observer);

  ~SimClient();

  void Open();

  bool done() const { return done_; }  // finished, or ended with an error that is not to be retried
  bool finished() const { return finished_; }
  const absl::Status& status() const { return status_; }
  const Plan& plan() const { return plan_; }

  // The network loses the connection; the server finds out too, some time.
  void BreakConnection();

 private:
  class Stream;
  friend class Stream;

  void OnServerFrame(Stream* stream, const ServerFrame& frame);
  void OnServerRead(Stream* stream);
  void OnClosed(Stream* stream, const absl::Status& status);
  void LetGo();
  void OpenAgain(absl::Duration delay);
  std::optional<ClientFrame> NextFrame();
  void Offer();
  void Acknowledge(int64_t committed_size);

  World& world_;
  const Plan plan_;
  const FindServer find_server_;
  const ClientObserver observer_;

  std::shared_ptr<Stream> stream_;
  bool opened_before_ = false;
  bool opened_ = false;
  bool server_wants_ = false;
  bool sent_open_ = false;
  bool sent_finish_ = false;
  int64_t next_offset_ = 0;

  std::string session_id_;
  int64_t epoch_ = 0;
  int64_t committed_ = 0;
  bool done_ = false;
  bool finished_ = false;
  absl::Status status_;
};

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_SIM_CLIENT_H_
