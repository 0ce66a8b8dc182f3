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
  std::function<void(const std::string& session_id, int64_t committed_size)> acknowledged;
  std::function<void(const FinishedFrame&)> finished;
  std::function<void(const std::string& session_id, int64_t epoch)> stale;  // STALE_WRITER
  std::function<void()> stale_open;  // STALE_OPEN that no lost `open` of its own explains
};

// A client that puts one content under one token, and opens again until it is done or told to stop.
class SimClient : public std::enable_shared_from_this<SimClient> {
 public:
  struct Plan {
    std::string name;
    std::string token;
    std::string content;
    SessionSpec spec;
    EndedPolicy ended_policy = EndedPolicy::kReplay;
    std::optional<absl::Duration> idle_ttl;
    bool creates = false;     // opens with CREATE the first time
    bool reads_first = true;  // waits for `opened`, and goes on from there; else sends from 0
    bool declares_crc = true;
    bool sends_epoch = true;
    bool comes_back = true;  // opens again also after ABORTED, as a user who runs the command again
    bool honest = true;      // everybody who uses this token sends the same content
    bool hurries = false;    // opens again at once
    double flushes = 0;      // how often a chunk is followed by a flush
    bool waits_for_flush = false;  // sends nothing more until the flush is answered
    double dawdles = 0;            // how often it stops sending for a while
    absl::Duration absence = absl::ZeroDuration();  // how long it may stay away after a break
    int64_t replay_buffer_bytes = 0;                // what it can send again; 0: everything
    int64_t chunk_bytes = 12;                       // at most, of a chunk
    absl::Duration pace = absl::ZeroDuration();     // a chunk takes so long to be made
  };

  SimClient(World& world, Plan plan, FindServer find_server, ClientObserver observer);

  ~SimClient();

  void Open();

  bool done() const { return done_; }  // finished, or ended with an error that is not to be retried
  bool finished() const { return finished_; }
  const absl::Status& status() const { return status_; }
  const Plan& plan() const { return plan_; }
  int opens() const { return opens_; }
  int64_t sent_bytes() const { return sent_bytes_; }
  int64_t most_unacked() const { return most_unacked_; }

  // The network loses the connection; the server finds out too, some time.
  void BreakConnection();

 private:
  class Stream;
  friend class Stream;

  void OnServerFrame(const ServerFrame& frame);
  void OnOpened(const OpenedFrame& opened);
  void OnServerRead();
  void OnClosed(const absl::Status& status);
  bool IsOwnLostOpen(const absl::Status& status);
  void LetGo();
  void OpenAgain(absl::Duration delay);
  OpenFrame MakeOpen();
  std::optional<ClientFrame> NextFrame();
  ChunkFrame MakeChunk(int64_t room);
  void Offer();
  void Acknowledge(int64_t committed_size);

  World& world_;
  const Plan plan_;
  const FindServer find_server_;
  const ClientObserver observer_;

  std::shared_ptr<Stream> stream_;
  int opens_ = 0;
  bool opened_ = false;
  bool server_wants_ = false;
  bool sent_open_ = false;
  bool sent_finish_ = false;
  bool dawdling_ = false;
  int64_t next_offset_ = 0;
  std::optional<int64_t> flushed_;  // not answered yet
  bool flush_due_ = false;
  bool flushes_ = true;
  int64_t sent_bytes_ = 0;
  int64_t most_unacked_ = 0;

  std::string session_id_;
  int64_t epoch_ = 0;
  // An `open` of it may have raised the epoch, and was not answered: since the last answer; ever. A
  // server that was stopped may come to it late.
  bool open_unanswered_ = false;
  bool lost_opens_ = false;
  int64_t committed_ = 0;  // below it nothing is kept, where the replay buffer has an end
  bool done_ = false;
  bool finished_ = false;
  absl::Status status_;
};

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_SIM_CLIENT_H_
