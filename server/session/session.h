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
//   flush    cut the part that is being filled, or save it as the tail; tell when it is committed.
//   finish   with a record: upload what is left, commit, seal the ledger, CompleteUpload, record
//            the result, answer. Without one: prepare the put, insert the session sealed as a
//            single put, send the put, record, answer.
//   lost     keep what is in memory for a while; a newer stream of this process that opens the
//            session goes on with it, if the store says that the fence is still current.
//
// States and transitions. "Stream gone" is StreamLost or InputEnded after the linger time, or at
// once where nothing is in memory that is not committed. Every state goes to kEnded when the
// session is superseded or aborted, and when a write says that the ownership has ended or the store
// cannot be reached.
//
//   kStart            open                    -> kClaiming
//                     another frame, bad open -> kEnded
//   kClaiming         token unknown           -> kFresh
//                     claimed, open           -> kOpen
//                     claimed, finishing      -> kResolving
//                     ended                   -> kEnded, kLooking, kStartingOver (the policy)
//                     refused, drain          -> kEnded
//   kLooking          still ours              -> kEnded (replayed)
//                     not ours                -> kEnded, kStartingOver (the policy)
//   kStartingOver     begun anew              -> kOpen
//   kFresh            part cut, or flush      -> kCreating
//                     finish                  -> kPreparing (fits into one put), kCreating
//                     finish, wrong CRC-64    -> kRecording (failed)
//                     stream gone, drain      -> kEnded
//   kCreating         created                 -> kOpen
//                     drain                   -> kEnded
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
//                     not ours, content gone  -> kRecording (failed), kEnded (still sealed)
//                     nobody can tell         -> kEnded (still sealed)
//   kRecording        recorded                -> kEnded

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/boxed_optional.h"
#include "base/buffer.h"
#include "server/session/parallel_parts.h"
#include "server/session/part_plan.h"
#include "server/session/session_events.h"

namespace penstock {

// What does not change from session to session.
struct SessionConfig {
  std::map<std::string, Capabilities> remotes;  // by name
  int64_t memory_budget = int64_t{2} << 30;
  int32_t default_parallel_parts = 4;  // where the client does not ask: to begin with
  int32_t max_parallel_parts = 16;     // and what it may grow to; also what clients may ask for
  int32_t claims_per_minute = kDefaultClaimsPerMinute;  // of one session; more are delayed
  int32_t max_chunk_bytes = 2 * 1024 * 1024;
  absl::Duration progress_interval = absl::Seconds(5);
  absl::Duration idle_timeout = absl::Minutes(10);
  absl::Duration part_age = absl::Seconds(30);     // a part that fills for longer is cut
  absl::Duration linger = absl::Seconds(60);       // how long memory is kept for a lost stream
  absl::Duration idle_ttl = absl::Hours(7 * 24);   // of a session: default and maximum
  absl::Duration retention = absl::Hours(7 * 24);  // of an ended session
  int64_t stream_bytes = 1536 * 1024;              // what gRPC may hold of an admitted stream
  int64_t slab_bytes = Buffer::kSlabSize;          // what memory is accounted in
  absl::Duration retry_delay = absl::Milliseconds(200);  // first; doubles up to max_retry_delay
  absl::Duration max_retry_delay = absl::Seconds(10);
  int max_attempts = 6;  // of one store write, of publishing, of asking what was published
};

class Session {
 public:
  enum class State {
    kStart,
    kClaiming,
    kLooking,
    kStartingOver,
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

  // What a session is opened for. Without a stream nobody listens, and nothing is published but
  // what is sealed.
  enum class Purpose {
    kStream,
    kOutcome,  // to establish the outcome of one that is being finished
    kAbort,    // likewise; somebody wants it to end
  };

  // `config` must outlive the session.
  Session(const SessionConfig& config, SessionIds ids, Purpose purpose = Purpose::kStream);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes one event and returns what to do, in order. `now` never goes back.
  std::vector<SessionEffect> On(SessionEvent event, absl::Time now);

  State state() const { return state_; }

  // True while somebody reads what is sent.
  bool attached() const { return attached_; }

  // Bytes in memory and below: recorded, or on their way there.
  int64_t received_size() const { return received_size_; }

  // True while it has more parts under way than it would with memory short.
  bool grown() const { return parallel_parts_.grown(); }

  // The session as last recorded, as far as this owner knows. REQUIRES: state() is past kClaiming.
  const SessionRecord& record() const { return record_; }

 private:
  // Bytes on their way into the ledger.
  struct Part {
    int64_t offset = 0;
    std::shared_ptr<const Buffer> body;
    int32_t number = 0;               // 0: not bound yet, and so never sent
    absl::Time sent_time;             // when it was bound
    std::optional<std::string> etag;  // stored
  };

  // What the remote allows, for one `open`.
  struct Terms {
    Capabilities capabilities;
    PartLimits limits;
  };

  // Why the object is being asked for, and so what follows when it is not ours.
  enum class Doubt {
    kClaimed,         // an earlier owner may have published: publish
    kUnknownOutcome,  // an attempt of ours may have: publish again
    kDefinite,        // our attempt was refused: fail with refusal_
  };

  // session.cc: events of the store and the process.
  void Handle(FrameArrived& event);
  void Handle(ReadDelayed& event);
  void Handle(InputEnded& event);
  void Handle(StreamLost& event);
  void Handle(ReopenRequested& event);
  void Handle(StoreAnswered& event);
  void Handle(UploadInitiated& event);
  void Handle(PartStored& event);
  void Handle(PutPrepared& event);
  void Handle(ObjectPublished& event);
  void Handle(ObjectDescribed& event);
  void Handle(TimerFired& event);
  void Handle(MemoryGranted& event);
  void Handle(MemoryShort& event);
  void Handle(Superseded& event);
  void Handle(AbortRequested& event);
  void Handle(DrainRequested& event);
  void Take(ClientFrame& frame);
  void Pump();
  void Tick();
  void ArmTick();

  // session_open.cc: from `open` to `opened`.
  void Handle(OpenFrame& frame);
  void OnLookedUp(const StoreAnswer& answer);
  void OnClaimed(const StoreAnswer& answer);
  void OpenFresh();
  void OpenClaimed(const StoreAnswer& answer);
  bool LoadTail(const std::string& bytes);
  absl::Status CheckOpen(const OpenFrame& open) const;
  ClaimSession MakeClaim(const OpenFrame& open, const std::string& nonce) const;
  ParallelParts PartsFor(const SessionSpec& recorded) const;
  absl::StatusOr<Terms> TermsOf(const OpenFrame& open, const SessionSpec& spec) const;
  absl::Status AdoptRemote(const SessionSpec& spec);
  SessionRecord NewRecord() const;
  void SendOpened();

  // session_ended.cc: what a session that has ended answers (rule 8).
  void AnswerEnded();
  void Replay();
  void OnLooked(const absl::StatusOr<ObjectStat>& object);
  void BeginAnew();
  void OnBegunAnew();

  // session_reopen.cc: a lost stream lingers, and is opened again in this process (rule 12).
  void Linger();
  void ArmLinger();
  void OnLingered();
  bool Lingers() const;
  bool CanReopen() const;
  void PumpReopen();
  void Reclaim();
  void OnReclaimed(StoreAnswer& answer);
  void RefuseReopen();
  void SwitchStream(OpenFrame open);
  void GoOn();

  // session_input.cc: what the client sends after `open`.
  void Handle(ChunkFrame& frame);
  void Handle(FlushFrame& frame);
  void Handle(FinishFrame& frame);
  absl::Status CheckChunk(const ChunkFrame& frame) const;
  absl::Status CheckFinish(const FinishFrame& frame) const;
  bool TakesContent() const;
  void Absorb();
  int64_t Room() const;
  bool HasMemoryFor(int64_t size);
  void Append(int64_t size);
  uint64_t received_crc64() const;

  // session_cut.cc: where a part ends, and what is kept as the tail (rules 10 and 11).
  void PlanPart();
  void CutPart();
  void CutFull();
  void CutAged();
  void ArmAge();
  int64_t smallest_part() const;
  bool CanCut() const;
  int32_t next_unbound_number() const;
  int64_t buffer_offset() const;
  bool Unsaved() const;
  void ServeFlush();
  void WriteTail();

  // session_parts.cc: from a full part to its row in the ledger.
  CreateSession Insertion();
  void CreateRecord();
  void RecordUpload();
  void Discard(const std::string& upload_id);
  void StartParts();
  void Learn(const Part& part, bool slowed);
  void CommitStored();
  void OnCommitted(const CommitParts& write);
  void DropPartsFrom(std::vector<Part>::iterator first);
  void DropUnboundParts();
  int32_t bound_parts() const;
  void Wind();
  void EndWinding();
  void TellDraining();

  // session_publish.cc: from `finish` to `finished`.
  void Seal();
  void Publish();
  void Ask(Doubt doubt, absl::Status refusal);
  void AskNow();
  void OnNotOurs();
  void OnContentGone();
  bool PutWasSlow() const;
  bool IsOurs(const ObjectStat& object) const;
  void AskLater(const absl::Status& cause);
  void RecordResult(const ObjectStat& object, bool put_settled);
  void Fail(absl::Status failure);
  void RecordFailure();
  void OnCreated();
  void OnRecorded();

  // Shared by all.
  void Emit(SessionEffect effect) { effects_.push_back(std::move(effect)); }
  void WakeAt(SessionTimer timer, absl::Time time);
  void Write(SessionWrite write);
  void OnWritten(const SessionWrite& write, StoreAnswer& answer);
  void OnWriteFailed(const SessionWrite& write, const StoreAnswer& answer);
  absl::Status WhyFailed(const StoreAnswer& answer) const;
  absl::Status WhyRefused(const StoreAnswer& answer) const;
  absl::Status WhyNotClaimed(const OpenFrame& open, const StoreAnswer& answer) const;
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
  SessionIds ids_;  // of the stream that became the owner last
  const Purpose purpose_;

  State state_ = State::kStart;
  absl::Time now_ = absl::InfinitePast();
  std::vector<SessionEffect> effects_;  // of the event at hand

  // The stream.
  bool attached_;        // somebody reads what is sent
  bool reading_ = true;  // a frame is asked for and has not come; the driver asks for the first
  bool input_ended_ = false;  // no more frames will come
  bool draining_ = false;
  absl::Time last_frame_time_ = absl::InfinitePast();
  bool tick_armed_ = false;
  OpenFrame open_;
  bool resumed_ = false;               // the session was known before
  std::optional<FinishFrame> finish_;  // read, and accepted: nothing stops it any more
  bool finish_here_ = false;           // it came on the stream that is attached
  std::optional<int64_t> flush_size_;  // a flush has to be answered when this much is committed

  // A newer stream, which is to take the place of this one, or of the one that was lost.
  BoxedOptional<ReopenRequested> reopen_;
  bool reclaiming_ = false;              // its claim is under way
  BoxedOptional<ClientFrame> deferred_;  // came meanwhile from the older stream
  absl::Time linger_until_ = absl::InfinitePast();
  bool linger_armed_ = false;

  // The session. While has_record_ is false, record_ is what would be inserted.
  bool has_record_ = false;
  SessionRecord record_;
  std::vector<PartRecord> ledger_;
  Capabilities capabilities_;
  PartLimits limits_;
  ParallelParts parallel_parts_;

  // Bytes in memory: from the ledger's end to received_size_, in parts_, then in buffer_. What the
  // buffer begins with may be the tail, and so committed. waiting_ has to wait for memory.
  int64_t received_size_ = 0;
  uint64_t cut_crc64_ = 0;  // of the bytes below the buffer's first
  std::shared_ptr<Buffer> buffer_;
  int64_t target_size_ = 0;               // of the part that is being filled
  std::optional<absl::Time> fill_start_;  // since when the buffer has bytes that are not committed
  bool age_armed_ = false;
  std::vector<Part> parts_;
  Payload waiting_;

  // Memory granted for the buffer (rule 9).
  int64_t buffer_memory_ = 0;
  bool buffer_in_reserve_ = false;
  int64_t asked_memory_ = 0;

  // Part numbers: this owner's own copy of its reservation, never the store's (rule 3).
  int32_t next_number_ = 1;
  int32_t reserved_to_ = 0;
  int32_t window_ = 0;       // the parts under way that a commit reserves for, next to one more
  bool initiating_ = false;  // until the upload id is recorded
  std::optional<std::string> new_upload_;  // begun, and waits to be recorded
  // An upload is being begun that nobody wants any more; its id is not known yet.
  BoxedOptional<DeadUpload> stale_initiate_;

  // The write under way; there is at most one. It outlives the state: its answer may come after the
  // end.
  BoxedOptional<SessionWrite> write_;
  int write_attempts_ = 0;

  // Publishing.
  Doubt doubt_ = Doubt::kClaimed;
  absl::Status refusal_;  // kDefinite: what the session fails with when the object is not ours
  absl::Time asked_time_ = absl::InfinitePast();  // when the object was asked for last
  int publish_attempts_ = 0;
  absl::Time put_begun_ = absl::InfinitePast();  // a request was asked for, and is signed since
  int puts_sent_ = 0;                            // by this owner
  bool put_inherited_ = false;                   // an earlier owner may have sent some
  std::string leftover_upload_;  // of an object that was found to be ours: it may still be there
  std::optional<absl::Status> failure_;  // to be recorded as soon as no write is under way
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_H_
