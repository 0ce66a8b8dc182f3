#ifndef PENSTOCK_SERVER_SESSION_SESSION_TEST_UTIL_H_
#define PENSTOCK_SERVER_SESSION_SESSION_TEST_UTIL_H_

// What the tests of the session core share: a Session that is fed one event at a time, over one
// stored session that obeys the real rules of the store (ApplyWrite).
//
//   SessionHarness s;
//   EXPECT_THAT(s.Open(NewObject()), ElementsAre("claim"));
//   EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 0", "tick 5s", "read"));
//   EXPECT_THAT(s.Chunk(0, "abcd"), ElementsAre("create open", "read"));
//
// Every event answers the effects it had, in order, as short text; DescribeEffect is the list.
// Memory is granted at once, as long as there is enough of it, and neither this nor the timer of a
// part's age is told, unless a test asks for it.
//
// What holds in every state is checked with every event: one store call and one request for memory
// under way, one frame asked for, nothing sent after the stream was closed, a newer stream answered
// once and taken only after the older one has ended, no committed size told that is not recorded
// (rule 1), no part number sent twice or beyond the recorded reservation (rule 3), nothing recorded
// in the ledger or the tail but what was sent at its offset.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "server/session/session.h"

namespace penstock {

// A small world: parts of 2 to 64 bytes, chunks of at most 32 bytes.
SessionConfig SmallConfig();

inline constexpr char kTestRemote[] = "remote";

// An `open` for a new object whose parts have 4 bytes, of which two may be under way at a time.
OpenFrame NewObject();

// An `open` without an object.
OpenFrame Resume();

// The object as it would be found after `content` was published by this session.
ObjectStat Published(const std::string& content, const std::string& mark);

// Code, reason and (those of the named) metadata of an error.
void ExpectError(const absl::Status& status, absl::StatusCode code, const std::string& reason,
                 const ErrorMetadata& metadata = {});

std::string DescribeEffect(const SessionEffect& effect);

// How long the request of a put is valid, from its signature.
inline constexpr absl::Duration kPutValidity = absl::Minutes(15);

class SessionHarness {
 public:
  using Effects = std::vector<std::string>;

  explicit SessionHarness(SessionConfig config = SmallConfig());

  // Events of the stream.
  Effects Open(OpenFrame open) { return On(FrameArrived{std::move(open)}); }
  Effects Chunk(int64_t offset, const std::string& data);
  Effects Frame(ClientFrame frame) { return On(FrameArrived{std::move(frame)}); }
  Effects Finish(int64_t total_size, std::optional<uint64_t> crc64 = std::nullopt);
  Effects Flush() { return Frame(FlushFrame{}); }
  Effects DelayRead(absl::Duration delay) { return On(ReadDelayed{now_ + delay}); }
  Effects HalfClose() { return On(InputEnded{}); }
  Effects Lose() { return On(StreamLost{}); }
  // A newer stream of this process. Once it is adopted, the events above are its.
  Effects Reopen(OpenFrame open = NewObject());

  // Applies the store call under way to the stored session, and answers it.
  Effects Store();
  // The same for a call that was under way when the session ended.
  Effects StoreAfterEnd();
  // Applies it, and answers that nobody knows.
  Effects StoreAppliesAndForgets();
  // Answers without applying it.
  Effects StoreFails(StoreCode code);

  // Answers of the backend. A part's ETag is "e" and its number.
  Effects Initiated(absl::StatusOr<std::string> upload_id);
  Effects Stored(int32_t number, bool slowed = false);
  Effects PartFails(int32_t number, absl::Status status);
  // Of a part of this upload, perhaps of an earlier life.
  Effects PartAnswer(const std::string& upload_id, int32_t number, absl::StatusOr<std::string> etag,
                     bool slowed = false);
  Effects Prepared();
  Effects PrepareFails(absl::Status status) { return On(PutPrepared{std::move(status)}); }
  Effects Publish(absl::StatusOr<ObjectStat> object);
  Effects Describe(absl::StatusOr<ObjectStat> object);

  // Events of the process.
  Effects Fire(SessionTimer timer, absl::Duration later = absl::ZeroDuration());
  Effects Supersede() { return On(Superseded{}); }
  Effects Abort() { return On(AbortRequested{}); }
  Effects Drain() { return On(DrainRequested{}); }
  Effects MemoryShort() { return On(penstock::MemoryShort{}); }
  // Answers the request for memory that is under way.
  Effects GrantMemory(MemoryLease lease = {});

  // From here on memory is granted by GrantMemory only, and requests for it are told.
  void HoldMemory() { grants_memory_ = false; }
  // From here on timers of a part's age are told.
  void ShowAge() { shows_age_ = true; }
  // Time goes by, and no timer fires.
  void Wait(absl::Duration duration) { now_ += duration; }
  absl::Time now() const { return now_; }

  // Shortcuts to where many tests begin; they check nothing on the way.
  void OpenFresh(OpenFrame open = NewObject());    // kFresh
  void StartUpload(OpenFrame open = NewObject());  // kOpen: part 1, "abcd", is in flight
  void Commit(const std::string& content, OpenFrame open = NewObject());  // kOpen, all committed
  void SealList(const std::string& content);  // kPublishing: complete is in flight
  void SealPut(const std::string& content);   // kPublishing: the put is in flight
  // Forgets the session object but not what is stored: the next one is another server's.
  void Restart(OpenFrame open = NewObject(), Session::Purpose purpose = Session::Purpose::kStream);

  Session::State state() const { return session_->state(); }
  const SessionRecord& record() const { return session_->record(); }
  int64_t received_size() const { return session_->received_size(); }
  bool reading() const { return reading_; }  // a frame is asked for and has not come

  // What is stored. Tests may change it: that is another owner's doing.
  std::optional<SessionRecord> stored;
  std::vector<PartRecord> ledger;
  std::string tail;
  StoreAnswer ApplyToStore(const SessionWrite& write);

  // The last of each kind.
  const absl::Status& closed_with() const { return closed_with_; }
  const absl::Status& refused_with() const { return refused_with_; }
  const OpenedFrame& opened() const { return opened_; }
  const ProgressFrame& progress() const { return progress_; }
  const FinishedFrame& finished() const { return finished_; }

 private:
  static SessionIds IdsOf(int owner);
  Effects On(SessionEvent event);
  void Run(SessionEvent event, Effects& texts);
  bool IsShown(const SessionEffect& effect) const;
  Effects Answer(StoreAnswer answer);
  void Check(const SessionEffect& effect);
  void CheckTimer(SessionTimer timer);
  void CheckReopening(const SessionEffect& effect);
  void CheckWrite(const SessionWrite& write);
  std::string ContentAt(int64_t offset, int64_t size) const;
  void CheckFrame(const ServerFrame& frame);
  void CheckCommitted(int64_t committed_size);
  void CheckPart(const UploadPart& part);

  const SessionConfig config_;
  int owners_ = 0;
  std::unique_ptr<Session> session_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);

  std::optional<SessionWrite> write_;  // under way
  bool lookup_ = false;                // likewise
  bool repeating_ = false;             // the write's answer was transient
  bool reading_ = true;
  bool closed_ = false;
  bool lost_ = false;
  bool released_ = false;
  bool fresh_ = false;   // the owner, tentatively
  bool asking_ = false;  // for memory
  bool grants_memory_ = true;
  bool reopening_ = false;  // a newer stream waits for its answer
  bool age_armed_ = false;
  bool linger_armed_ = false;
  bool shows_age_ = false;
  std::string content_;  // as the client sent it, below and behind the received size
  int64_t told_committed_ = 0;
  int64_t told_life_ = 1;
  std::map<int32_t, std::string> sent_;  // upload id by part number, of the last life

  absl::Status closed_with_;
  absl::Status refused_with_;
  OpenedFrame opened_;
  ProgressFrame progress_;
  FinishedFrame finished_;
};

// Another server becomes the owner.
inline ClaimSession ClaimByAnother() {
  ClaimSession claim;
  claim.nonce = "another";
  claim.reserve = 3;
  claim.now = absl::FromUnixSeconds(1'700'000'000);
  return claim;
}

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_TEST_UTIL_H_
