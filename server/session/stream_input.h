#ifndef PENSTOCK_SERVER_SESSION_STREAM_INPUT_H_
#define PENSTOCK_SERVER_SESSION_STREAM_INPUT_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/buffer_budget.h"
#include "base/mutex.h"
#include "server/session/put_stream.h"
#include "server/store/session_key.h"

namespace penstock {

class SessionDriver;
class SessionService;

// What comes from the client of one stream: whoever serves the stream calls this. It finds the
// driver that the frames go to: one that holds the session in this process already, or a new one.
// Thread-safe; frames come one at a time, as PutStream::Read asks for them.
class StreamInput : public std::enable_shared_from_this<StreamInput> {
 public:
  // `lease` counts the stream in the memory budget. `service` must outlive the calls.
  StreamInput(SessionService& service, std::string principal, SessionKey key,
              std::shared_ptr<PutStream> stream, MemoryLease lease);

  // The first frame should be `open`.
  void OnFrame(ClientFrame frame);

  // The client half-closed, or the connection broke: nobody can tell.
  void OnInputEnded();

  // Nobody reads what is sent any more.
  void OnStreamLost();

 private:
  friend class SessionDriver;
  friend class SessionService;

  // Sends `open` to a new driver: the one that holds the session cannot go on with it.
  void PassOn(OpenFrame open);

  // From here on events go to `driver`.
  void Attach(const std::shared_ptr<SessionDriver>& driver);
  void TellLost();

  SessionService& service_;
  const std::string principal_;
  const SessionKey key_;
  const std::shared_ptr<PutStream> stream_;
  const MemoryLease lease_;

  Mutex mutex_;                                 // guards what follows
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;  // the first frame came
  // Gone once it was released: then nothing matters to it any more.
  std::weak_ptr<SessionDriver> driver_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_STREAM_INPUT_H_
