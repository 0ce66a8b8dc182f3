#ifndef PENSTOCK_TESTS_FUZZ_CORE_ACTOR_H_
#define PENSTOCK_TESTS_FUZZ_CORE_ACTOR_H_

// One Session with a driver that does nothing by itself: what comes next, and how a call that was
// made is answered, the input decides.

#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "server/session/session.h"
#include "tests/fuzz/core_choices.h"
#include "tests/fuzz/core_shared.h"
#include "tests/fuzz/core_watch.h"

namespace penstock::fuzz {

class CoreActor {
 public:
  // Without a stream: a session that is only to be resolved.
  CoreActor(Shared& shared, const SessionConfig& config, bool attached);
  ~CoreActor();
  CoreActor(const CoreActor&) = delete;
  CoreActor& operator=(const CoreActor&) = delete;

  bool released() const { return watch_.released(); }

  // Lets one thing happen.
  void Step(Choices& choices);

  // Answers everything that was asked, as well as can be, until nothing is under way. Then somebody
  // else has the next move, or the session is over: CHECKs it.
  void Quiesce();
  // The same, after the stream was lost, until the session is over: CHECKs that it comes to that.
  void WindUp();

 private:
  using Timers = std::vector<std::pair<absl::Time, SessionTimer>>;

  void On(SessionEvent event);

  // core_actor.cc: the stream, the process, time.
  void SendFrame(Choices& choices);
  OpenFrame MakeOpen(Choices& choices) const;
  ChunkFrame MakeChunk(Choices& choices);
  FinishFrame MakeFinish(Choices& choices) const;
  void EndStream(bool lost);
  void Reopen(Choices& choices);
  void Meddle(Choices& choices);
  void Fire(size_t index);

  // core_answers.cc: effects, and their answers.
  void Execute(SessionEffect& effect);
  void Write(WriteStore& effect);
  void Ask(const AskMemory& effect);
  void Grant();
  bool AnswerOne(Choices& choices);
  void AnswerStore(Choices& choices);
  void AnswerPart(Choices& choices);
  void AnswerPublishing(Choices& choices);
  ObjectStat OurObject(Choices& choices) const;

  Shared& shared_;
  std::unique_ptr<Session> session_;
  CoreWatch watch_;
  bool input_ended_ = false;
  bool lost_;

  enum class Publishing { kNone, kPrepare, kPublish, kDescribe };
  bool looking_ = false;
  std::optional<SessionWrite> write_;   // waits for its answer
  std::optional<StoreAnswer> applied_;  // which is this
  bool initiating_ = false;
  Publishing publishing_ = Publishing::kNone;
  std::deque<UploadPart> parts_;
  std::deque<MemoryLease> granted_;
  bool granted_now_ = false;
  Timers timers_;
};

}  // namespace penstock::fuzz

#endif  // PENSTOCK_TESTS_FUZZ_CORE_ACTOR_H_
