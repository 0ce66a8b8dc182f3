#ifndef PENSTOCK_SERVER_SESSION_SESSION_DRIVER_H_
#define PENSTOCK_SERVER_SESSION_SESSION_DRIVER_H_

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "base/buffer_budget.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/rate_limit.h"
#include "base/strand.h"
#include "plugin/backend.h"
#include "server/session/put_stream.h"
#include "server/session/session.h"
#include "server/session/stream_input.h"
#include "server/store/session_store.h"

namespace penstock {

// What every driver works on. Everything must outlive the drivers.
struct SessionEnvironment {
  SessionConfig config;                      // remotes are filled in from `backends`
  std::map<std::string, Backend*> backends;  // by remote
  std::map<std::string, Throttle> reads;     // from clients, by remote; none: not limited
  SessionStore* store = nullptr;
  Executor* executor = nullptr;
  const Clock* clock = nullptr;
  BufferBudget* budget = nullptr;  // SessionService has its own
};

// Runs one Session: brings it events one at a time, on a strand, and executes its effects against
// the store, the backend and the stream. It has no rule of its own. Thread-safe; keeps itself alive
// while answers are awaited.
//
// Streams come and go: what comes from one that is not the session's (any more) is dropped.
class SessionDriver : public std::enable_shared_from_this<SessionDriver> {
 public:
  // Called on the strand.
  struct Hooks {
    // `tentative`: see BecameOwner.
    std::function<void(SessionDriver&, const SessionRecord&, bool tentative)> became_owner;
    std::function<void(SessionDriver&, bool attached)> attachment;  // changed
    std::function<void(SessionDriver&, bool grown)> growth;         // changed: see Session::grown
    std::function<SessionIds()> draw_ids;                           // for a stream that reopens
    std::function<void(SessionDriver&)> released;                   // once, at the end
  };

  // `stream` is null unless the purpose is a stream.
  SessionDriver(const SessionEnvironment& environment, SessionKey key, SessionIds ids,
                std::shared_ptr<PutStream> stream, Session::Purpose purpose, Hooks hooks);

  const SessionKey& key() const { return key_; }

  // Events of a stream.
  void OnFrame(const PutStream* stream, ClientFrame frame);
  void OnInputEnded(const PutStream* stream);
  void OnStreamLost(const PutStream* stream);

  // A newer stream opens the session. It becomes the session's, is refused, or is passed on.
  void Reopen(OpenFrame open, std::shared_ptr<StreamInput> input);

  void Supersede() { Post(Superseded{}); }
  void Abort() { Post(AbortRequested{}); }
  void Drain() { Post(DrainRequested{}); }
  void ReleaseMemory() { Post(MemoryShort{}); }

 private:
  // A newer stream that has not got the session yet.
  struct Candidate {
    OpenFrame open;
    std::shared_ptr<StreamInput> input;
    bool ended = false;
    bool lost = false;
  };

  void Post(SessionEvent event);
  void Run(SessionEvent event);
  void RunOne(SessionEvent event);
  Candidate NextCandidate();
  void OfferCandidate();
  void Count(const ClientFrame& frame);

  void Execute(SendFrame& effect);
  void Execute(ReadFrame& effect);
  void Execute(CloseStream& effect);
  void Execute(AdoptStream& effect);
  void Execute(RefuseStream& effect);
  void Execute(PassOn& effect);
  void Execute(WriteStore& effect);
  void Execute(ReadStore& effect);
  void Execute(InitiateUpload& effect);
  void Execute(UploadPart& effect);
  void Execute(PreparePut& effect);
  void Execute(SendPut& effect);
  void Execute(CompleteUpload& effect);
  void Execute(DescribeObject& effect);
  void Execute(DiscardUpload& effect);
  void Execute(AskMemory& effect);
  void Execute(SetTimer& effect);
  void Execute(BecameOwner& effect);
  void Execute(Release& effect);

  Backend& backend() const;

#ifdef PENSTOCK_MUTATIONS
  // session_driver_mutations.cc
  void CompleteFromListing(const std::string& upload_id);
  void ClaimAndAdopt(SessionWrite claim);
  void Adopt(const StoreAnswer& claimed, const std::vector<ListedPart>& parts);
#endif

  // Constant after construction.
  const SessionEnvironment& environment_;
  const SessionKey key_;

  Strand strand_;

  // Touched on the strand only. Lists, because an empty one holds no memory.
  std::shared_ptr<PutStream> stream_;  // null: none, or it is lost
  std::list<Candidate> candidates_;    // the first one is being decided
  std::list<SessionEvent> events_;     // to run after the one at hand
  bool running_ = false;
  bool attached_;
  bool grown_ = false;
  bool fresh_ = false;  // it was the owner tentatively, and nothing came since
  absl::Time counted_time_ = absl::InfinitePast();  // when bytes of the client were counted last
  absl::Duration hold_;                             // from then on: nothing more is read before
  Hooks hooks_;
  Session session_;
  std::unique_ptr<PreparedPut> prepared_;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_DRIVER_H_
