#ifndef PENSTOCK_SERVER_SESSION_SESSION_DRIVER_H_
#define PENSTOCK_SERVER_SESSION_SESSION_DRIVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/strand.h"
#include "plugin/backend.h"
#include "server/session/put_stream.h"
#include "server/session/session.h"
#include "server/store/session_store.h"

namespace penstock {

// What every driver works on. Everything must outlive the drivers.
struct SessionEnvironment {
  SessionConfig config;                      // remotes are filled in from `backends`
  std::map<std::string, Backend*> backends;  // by remote
  SessionStore* store = nullptr;
  Executor* executor = nullptr;
  const Clock* clock = nullptr;
};

// Runs one Session: brings it events one at a time, on a strand, and executes its effects against
// the store, the backend and the stream. It has no rule of its own. Thread-safe; keeps itself alive
// while answers are awaited.
class SessionDriver : public std::enable_shared_from_this<SessionDriver> {
 public:
  // Called on the strand.
  struct Hooks {
    std::function<void(SessionDriver&, const std::string& session_id)> became_owner;
    std::function<void(SessionDriver&)> released;  // once, at the end
  };

  // `stream` is null for a session that is only to be resolved.
  SessionDriver(const SessionEnvironment& environment, SessionKey key, SessionIds ids,
                std::shared_ptr<PutStream> stream, Hooks hooks);

  const SessionKey& key() const { return key_; }

  void OnFrame(ClientFrame frame) { Post(FrameArrived{std::move(frame)}); }
  void OnInputEnded() { Post(InputEnded{}); }
  void OnStreamLost() { Post(StreamLost{}); }
  void Supersede() { Post(Superseded{}); }
  void Abort() { Post(AbortRequested{}); }
  void Drain() { Post(DrainRequested{}); }

 private:
  void Post(SessionEvent event);
  void Run(SessionEvent event);

  void Execute(SendFrame& effect);
  void Execute(ReadFrame& effect);
  void Execute(CloseStream& effect);
  void Execute(WriteStore& effect);
  void Execute(ReadStore& effect);
  void Execute(InitiateUpload& effect);
  void Execute(UploadPart& effect);
  void Execute(PreparePut& effect);
  void Execute(SendPut& effect);
  void Execute(CompleteUpload& effect);
  void Execute(DescribeObject& effect);
  void Execute(DiscardUpload& effect);
  void Execute(SetTimer& effect);
  void Execute(BecameOwner& effect);
  void Execute(Release& effect);

  Backend& backend() const;

  // Constant after construction.
  const SessionEnvironment& environment_;
  const SessionKey key_;
  const std::shared_ptr<PutStream> stream_;

  Strand strand_;

  // Touched on the strand only.
  Hooks hooks_;
  Session session_;
  std::unique_ptr<PreparedPut> prepared_;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_DRIVER_H_
