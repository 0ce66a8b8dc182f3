#ifndef PENSTOCK_SERVER_SESSION_SESSION_EVENTS_H_
#define PENSTOCK_SERVER_SESSION_SESSION_EVENTS_H_

// What can happen to a session, and what it wants done about it. session.h says which event means
// what in which state.

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/buffer.h"
#include "plugin/backend.h"
#include "server/session/frames.h"
#include "server/store/session_write.h"

namespace penstock {

enum class SessionTimer {
  kTick,          // progress and idleness, every progress_interval
  kRetryStore,    // repeat the write whose outcome is unknown
  kRetryPublish,  // ask or publish once more
};

// Events: from the stream,

struct FrameArrived {
  ClientFrame frame;
};
struct InputEnded {};  // the client half-closed, or the connection broke: nobody can tell
struct StreamLost {};  // nobody reads what is sent any more

// from the store (one write or read is under way at a time),
struct StoreAnswered {
  StoreAnswer answer;
};

// from the backend,
struct UploadInitiated {
  absl::StatusOr<std::string> upload_id;
};
struct PartStored {
  int32_t number = 0;
  absl::StatusOr<std::string> etag;
};
struct PutPrepared {
  absl::StatusOr<absl::Time> valid_until;
};
struct ObjectPublished {  // answers SendPut and CompleteUpload
  absl::StatusOr<ObjectStat> object;
};
struct ObjectDescribed {
  absl::StatusOr<ObjectStat> object;
};

// and from the process.
struct TimerFired {
  SessionTimer timer;
};
struct Superseded {};      // a newer stream of this process became the owner
struct AbortRequested {};  // the session was aborted through this process
struct DrainRequested {};

using SessionEvent =
    std::variant<FrameArrived, InputEnded, StreamLost, StoreAnswered, UploadInitiated, PartStored,
                 PutPrepared, ObjectPublished, ObjectDescribed, TimerFired, Superseded,
                 AbortRequested, DrainRequested>;

// Effects: on the stream (in the order given),

struct SendFrame {
  ServerFrame frame;
};
struct ReadFrame {};  // one more frame may come; at most one is asked for at a time
struct CloseStream {
  absl::Status status;
};

// on the store (answered by StoreAnswered),
struct WriteStore {
  SessionWrite write;
};
struct ReadStore {};

// on the backend,
struct InitiateUpload {};
struct UploadPart {
  std::string upload_id;
  int32_t number = 0;
  std::shared_ptr<const Buffer> body;
};
struct PreparePut {
  std::shared_ptr<const Buffer> body;
};
struct SendPut {};  // the one prepared last
struct CompleteUpload {
  std::string upload_id;
  std::vector<PartReference> parts;
};
struct DescribeObject {};
struct DiscardUpload {  // and have the store forget it; the outcome is not waited for
  std::string upload_id;
};

// and in the process.
struct SetTimer {
  SessionTimer timer;
  absl::Duration delay;
};
struct BecameOwner {};  // older streams of the session in this process are superseded
struct Release {};      // nothing more will come of this: forget it

using SessionEffect = std::variant<SendFrame, ReadFrame, CloseStream, WriteStore, ReadStore,
                                   InitiateUpload, UploadPart, PreparePut, SendPut, CompleteUpload,
                                   DescribeObject, DiscardUpload, SetTimer, BecameOwner, Release>;

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_EVENTS_H_
