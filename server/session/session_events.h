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
#include "base/buffer_budget.h"
#include "plugin/backend.h"
#include "server/session/frames.h"
#include "server/store/session_write.h"

namespace penstock {

// Unguessable names, drawn for this stream by whoever drives it.
struct SessionIds {
  std::string principal;
  std::string session_id;  // if a session is created
  std::string mark;        // likewise
  std::string nonce;       // of the claim
};

enum class SessionTimer {
  kTick,          // progress, idleness and signs of life, every progress_interval
  kAge,           // a part has been filling for long
  kLinger,        // nobody came back for what is in memory
  kRetryStore,    // repeat the write whose outcome is unknown
  kRetryPublish,  // ask or publish once more
};

// Events: from the stream,

struct FrameArrived {
  ClientFrame frame;
};
struct ReadDelayed {  // the frame that was asked for is read later: the client cannot send it
                      // before
  absl::Time until;
};
struct InputEnded {};  // the client half-closed, or the connection broke: nobody can tell
struct StreamLost {};  // nobody reads what is sent any more

// A newer stream of this process wants the session (rule 12). One at a time: the next comes when
// this one was answered by AdoptStream, RefuseStream or PassOn.
struct ReopenRequested {
  OpenFrame open;
  SessionIds ids;
};

// from the store (one write or read is under way at a time),
struct StoreAnswered {
  StoreAnswer answer;
};

// from the backend,
struct UploadInitiated {
  absl::StatusOr<std::string> upload_id;
};
struct PartStored {
  std::string upload_id;  // with the number: those of UploadPart. START_OVER begins again at 1
  int32_t number = 0;
  absl::StatusOr<std::string> etag;
  bool slowed = false;  // see Backend::slowdowns
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
struct MemoryGranted {  // answers AskMemory
  MemoryLease lease;
};
struct MemoryShort {};     // somebody waits for memory: what only lingers or has grown lets go
struct Superseded {};      // a newer stream of this process became the owner
struct AbortRequested {};  // the session was aborted through this process
struct DrainRequested {};

using SessionEvent =
    std::variant<FrameArrived, ReadDelayed, InputEnded, StreamLost, ReopenRequested, StoreAnswered,
                 UploadInitiated, PartStored, PutPrepared, ObjectPublished, ObjectDescribed,
                 TimerFired, MemoryGranted, MemoryShort, Superseded, AbortRequested,
                 DrainRequested>;

// Effects: on the stream (in the order given),

struct SendFrame {
  ServerFrame frame;
};
struct ReadFrame {};  // one more frame may come; at most one is asked for at a time
struct CloseStream {
  absl::Status status;
};

// on the stream that asked to reopen the session,
struct AdoptStream {};  // it is the session's from here on; the older one was closed before
struct RefuseStream {
  absl::Status status;
};
struct PassOn {};  // this cannot be reopened: let the stream claim the session by itself

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
struct DiscardUpload {  // and have the store note it; the outcome is not waited for
  DeadUpload upload;
};

// and in the process.
struct AskMemory {  // for the part that is being filled; one request at a time
  int64_t bytes = 0;
  bool new_part = false;  // it holds none yet
};
struct SetTimer {
  SessionTimer timer;
  absl::Duration delay;
};
struct BecameOwner {       // older streams of the session in this process are superseded
  bool tentative = false;  // but not before there is a record: its insert decides
};
struct Release {};  // nothing more will come of this: forget it

using SessionEffect =
    std::variant<SendFrame, ReadFrame, CloseStream, AdoptStream, RefuseStream, PassOn, WriteStore,
                 ReadStore, InitiateUpload, UploadPart, PreparePut, SendPut, CompleteUpload,
                 DescribeObject, DiscardUpload, AskMemory, SetTimer, BecameOwner, Release>;

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_EVENTS_H_
