#ifndef PENSTOCK_SERVER_SESSION_PUT_STREAM_H_
#define PENSTOCK_SERVER_SESSION_PUT_STREAM_H_

#include "absl/status/status.h"
#include "server/session/frames.h"

namespace penstock {

// The server's end of one PutObject stream, as the session driver uses it. Thread-safe. Once the
// stream is closed or lost every call is without effect. What comes from the client goes to
// SessionDriver::OnFrame and its siblings.
class PutStream {
 public:
  virtual ~PutStream() = default;

  // Queues a frame. Of several progress frames that wait, only the newest is sent.
  virtual void Send(ServerFrame frame) = 0;

  // Asks for one more frame from the client. REQUIRES: the one asked for before has come.
  virtual void Read() = 0;

  // Ends the call with `status` after the frames queued so far.
  virtual void Close(const absl::Status& status) = 0;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_PUT_STREAM_H_
