#ifndef PENSTOCK_SERVER_SESSION_SESSION_H_
#define PENSTOCK_SERVER_SESSION_SESSION_H_

// The heart: one stream's work on one session, as a state machine without I/O.
//
//   Session session(config, ids);
//   for (SessionEffect& effect : session.On(event, now)) ...   // do it; its answer is an event
//
// A Session begins with a stream, tries to become the owner of the session that the stream's `open`
// names, and ends when nothing more can come of it (Release). It is not thread-safe: its driver
// calls it from one strand. The simulation drives the same class. No rule of the protocol stands
// anywhere else, but for what the store compares (store/session_write.h).
//
// The straight-line version, as it would read if nothing took time:
//
//   open     claim at the store; unknown token: no record yet. Answer `opened`.
//   chunks   fill a part. When it is full: create the record, begin the multipart upload, record
//            its id (each once, in this order), bind the next part number to the bytes for ever,
//            upload.
//   stored   commit the stored parts that continue the ledger; only then tell the client (rule 1).
//   finish   with a record: upload what is left, commit, seal the ledger, CompleteUpload, record
//            the result, answer. Without one: prepare the put, insert the session sealed as a
//            single put, send the put, record, answer.
//
// States and transitions. "Stream gone" is StreamLost or InputEnded. Every state goes to kEnded
// when the session is superseded or aborted, and when a write says that the ownership has ended or
// the store cannot be reached.
//
//   kStart            open                    -> kClaiming
//                     another frame, bad open -> kEnded
//   kClaiming         token unknown           -> kFresh
//                     claimed, open           -> kOpen
//                     claimed, finishing      -> kResolving
//                     ended, refused, drain   -> kEnded
//   kFresh            first part is full      -> kCreating
//                     finish                  -> kPreparing (fits into one put), kCreating
//                     finish, wrong CRC-64    -> kRecording (failed)
//                     stream gone, drain      -> kEnded
//   kCreating         created                 -> kOpen
//                     stream gone, drain      -> kEnded
//   kOpen             finish, all committed   -> kSealing
//                     upload lost             -> kRecording (failed)
//                     finish, wrong CRC-64    -> kRecording (failed)
//                     stream gone, drain      -> kWinding (unless finish was read: rule 6)
//                     error                   -> kWinding
//   kWinding          nothing in flight       -> kEnded
//   kAwaitingContent  finish, same content    -> kPreparing
//                     other content           -> kEnded
//                     stream gone, drain      -> kEnded
//   kPreparing        signed                  -> kSealing
//   kSealing          sealed                  -> kPublishing
//   kPublishing       published               -> kRecording
//                     unclear or refused      -> kResolving
//                     denied                  -> kEnded (still sealed)
//   kResolving        ours                    -> kRecording
//                     not ours, claimed       -> kPublishing, kAwaitingContent
//                     not ours, unclear       -> kPublishing, kPreparing
//                     not ours, refused       -> kRecording (failed)
//                     nobody can tell         -> kEnded (still sealed)
//   kRecording        recorded                -> kEnded

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "server/session/part_plan.h"
#include "server/session/session_events.h"

namespace penstock {

// What does not change from session to session.
struct SessionConfig {
  std::map<std::string, Capabilities> remotes;  // by name
  int64_t memory_budget = int64_t{2} << 30;
  int32_t default_parallel_parts = 4;
  int32_t max_parallel_parts = 16;
  int32_t claims_per_minute = kDefaultClaimsPerMinute;  // of one session; more are delayed
  int32_t max_chunk_bytes = 2 * 1024 * 1024;
  absl::Duration progress_interval = absl::Seconds(5);
  absl::Duration idle_timeout = absl::Minutes(10);
  absl::Duration retry_delay = absl::Milliseconds(200);  // first; doubles up to max_retry_delay
  absl::Duration max_retry_delay = absl::Seconds(10);
  int max_attempts = 6;  // of one store write, of publishing, of asking what was published
};

// Unguessable names, drawn for this stream by whoever drives it.
struct SessionIds {
  std::string principal;
  std::string session_id;  // if a session is created
  std::string mark;        // likewise
  std::string nonce;       // of the claim
};

class Session {
 public:
  enum class State {
    kStart,
    kClaiming,
    kFresh,
    kCreating,
    kOpen,
    kWinding,
    kAwaitingContent,
    kPreparing,
    kSealing,
    kPublishing,
    kResolving,
    kRecording,
    kEnded,
  };

  // `config` must outlive the session. `attached` is false for a session that is only resolved
  // (nobody listens).
  Session(const SessionConfig& config, SessionIds ids, bool attached = true);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes one event and returns what to do, in order. `now` never goes back.
  std::vector<SessionEffect> On(SessionEvent event, absl::Time now);

  State state() const { return state_; }

  // True while somebody reads what is sent.
  bool attached() const { return attached_; }

  // Bytes in memory and below: recorded, or on their way there.
  int64_t received_size() const { return received_size_; }

  // The session as last recorded, as far as this owner knows. REQUIRES: state() is past kClaiming.
  const SessionRecord& record() const { return record_; }

 private:
  // Bytes on their way into the ledger.
  struct Part {
    int64_t offset = 0;
    std::shared_ptr<const Buffer> body;
    int32_t number = 0;               // 0: not bound yet, and so never sent
    std::optional<std::string> etag;  // stored
  };

  // Why the object is being asked for, and so what follows when it is not ours.
  enum class Doubt {
    kClaimed,         // an earlier owner may have published: publish
    kUnknownOutcome,  // an attempt of ours may have: publish again
    kDefinite,        // our attempt was refused: fail with refusal_
  };

  // session.cc: events of the store and the process.
  void Handle(FrameArrived& event);
  void Handle(InputEnded& event);
  void Handle(StreamLost& event);
  void Handle(StoreAnswered& event);
  void Handle(UploadInitiated& event);
  void Handle(PartStored& event);
  void Handle(PutPrepared& event);
  void Handle(ObjectPublished& event);
  void Handle(ObjectDescribed& event);
  void Handle(TimerFired& event);
  void Handle(Superseded& event);
  void Handle(AbortRequested& event);
  void Handle(DrainRequested& event);
  void Pump();
  void Tick();

  // session_open.cc: from `open` to `opened`.
  void Handle(OpenFrame& frame);
  void OnLookedUp(const StoreAnswer& answer);
  void OnClaimed(const StoreAnswer& answer);
  void OnClaimRefused(const StoreAnswer& answer);
  void OpenFresh();
  void OpenClaimed(const StoreAnswer& answer);
  void AnswerEnded(const SessionRecord& record);
  int32_t ParallelParts(const SessionSpec& recorded) const;
  absl::Status AdoptRemote(const SessionSpec& spec);
  absl::Status CheckOpen(const SessionSpec& spec) const;
  void SendOpened();

  // session_input.cc: what the client sends after `open`.
  void Handle(ChunkFrame& frame);
  void Handle(FlushFrame& frame);
  void Handle(FinishFrame& frame);
  absl::Status CheckChunk(const ChunkFrame& frame) const;
  absl::Status CheckFinish(const FinishFrame& frame) const;
  bool TakesContent() const;
  void Take(std::string_view data);
  void CutPart();
  uint64_t received_crc64() const;

  // session_parts.cc: from a full part to its row in the ledger.
  void CreateRecord();
  void StartParts();
  void CommitStored();
  void OnCommitted(const CommitParts& write);
  void DropPartsFrom(const std::deque<Part>::iterator& first);
  int32_t bound_parts() const;
  void Wind();
  void EndWinding();
  void TellDraining();

  // session_publish.cc: from `finish` to `finished`.
  void Seal();
  void Publish();
  void Ask(Doubt doubt, absl::Status refusal);
  void OnNotOurs();
  bool IsOurs(const ObjectStat& object) const;
  void AskLater(const absl::Status& cause);
  void RecordResult(const ObjectStat& object);
  void Fail(absl::Status failure);
  void RecordFailure();
  void OnCreated();
  void OnRecorded();

  // Shared by all.
  void Emit(SessionEffect effect) { effects_.push_back(std::move(effect)); }
  void Write(SessionWrite write);
  void OnWritten(const SessionWrite& write, StoreAnswer& answer);
  void OnWriteFailed(const SessionWrite& write, const StoreAnswer& answer);
  absl::Status WhyRefused(const StoreAnswer& answer) const;
  void DiscardRefusedUpload(const SessionWrite& write, const StoreAnswer& answer);
  bool RetryWrite();
  bool ClaimsForNobody() const;
  void Close(const absl::Status& status);
  void End();
  absl::Duration Backoff(int attempts) const;
  LedgerPosition position() const;
  int64_t max_unacked_bytes() const;
  ProgressFrame MakeProgress() const;
  bool WantsFrame() const;

  // Constant after construction.
  const SessionConfig& config_;
  const SessionIds ids_;
  const bool has_stream_;  // otherwise the session is opened only to be resolved

  State state_ = State::kStart;
  absl::Time now_ = absl::InfinitePast();
  std::vector<SessionEffect> effects_;  // of the event at hand

  // The stream.
  bool attached_;        // somebody reads what is sent
  bool reading_ = true;  // a frame is asked for and has not come; the driver asks for the first
  bool input_ended_ = false;  // no more frames will come
  bool draining_ = false;
  absl::Time last_frame_time_ = absl::InfinitePast();
  OpenFrame open_;
  std::optional<FinishFrame> finish_;  // read, and accepted: nothing stops it any more

  // The session. While has_record_ is false, record_ is what would be inserted.
  bool has_record_ = false;
  SessionRecord record_;
  std::vector<PartRecord> ledger_;
  Capabilities capabilities_;
  PartLimits limits_;
  int32_t parallel_parts_ = 0;

  // Bytes in memory: [committed_size, received_size_) are in parts_, then in buffer_.
  int64_t received_size_ = 0;
  uint64_t cut_crc64_ = 0;  // of the bytes below the buffer's first
  std::shared_ptr<Buffer> buffer_;
  int64_t target_size_ = 0;  // of the part that is being filled
  std::deque<Part> parts_;

  // Part numbers: this owner's own copy of its reservation, never the store's (rule 3).
  int32_t next_number_ = 1;
  int32_t reserved_to_ = 0;
  bool initiating_ = false;  // until the upload id is recorded

  // The write under way; there is at most one. It outlives the state: its answer may come after the
  // end.
  std::optional<SessionWrite> write_;
  int write_attempts_ = 0;

  // Publishing.
  Doubt doubt_ = Doubt::kClaimed;
  absl::Status refusal_;  // kDefinite: what the session fails with when the object is not ours
  int publish_attempts_ = 0;
  std::optional<absl::Status> failure_;  // to be recorded as soon as no write is under way
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_H_
