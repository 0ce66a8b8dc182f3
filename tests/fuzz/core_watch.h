#ifndef PENSTOCK_TESTS_FUZZ_CORE_WATCH_H_
#define PENSTOCK_TESTS_FUZZ_CORE_WATCH_H_

// What always holds of one Session, whatever happens to it. Sees every event before and every
// effect after the core.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "server/session/session.h"
#include "tests/fuzz/core_shared.h"

namespace penstock::fuzz {

class CoreWatch {
 public:
  CoreWatch(Shared& shared, bool attached)
      : shared_(shared), stream_open_(attached), reading_(attached) {}

  void Before(const SessionEvent& event);
  void Effect(const SessionEffect& effect, const Session& session);
  void After(const Session& session);

  bool reading() const { return reading_; }  // a frame is asked for
  bool stream_open() const { return stream_open_; }
  bool released() const { return released_; }
  bool reopening() const { return reopening_; }
  bool asks_memory() const { return asked_memory_; }

 private:
  void Before(const FrameArrived&) { reading_ = false; }
  void Before(const InputEnded&) {
    reading_ = false;
    input_ended_ = true;
  }
  void Before(const StreamLost&) { stream_open_ = reading_ = false; }
  void Before(const ReopenRequested&) { reopening_ = true; }
  void Before(const StoreAnswered& event);
  void Before(const UploadInitiated&) { initiating_ = false; }
  void Before(const PartStored& event);
  void Before(const PutPrepared&) { publishing_ = false; }
  void Before(const ObjectPublished& event);
  void Before(const ObjectDescribed& event);
  void Before(const MemoryGranted&) { asked_memory_ = false; }
  template <typename Other>
  void Before(const Other&) {}

  void On(const SendFrame& effect);
  void On(const ReadFrame& effect);
  void On(const CloseStream& effect);
  void On(const AdoptStream& effect);
  void On(const RefuseStream& effect);
  void On(const PassOn& effect);
  void On(const WriteStore& effect);
  void On(const ReadStore& effect);
  void On(const InitiateUpload& effect);
  void On(const UploadPart& effect);
  void On(const PreparePut& effect);
  void On(const SendPut& effect);
  void On(const CompleteUpload& effect);
  void On(const DescribeObject& effect);
  void On(const DiscardUpload& effect);
  void On(const AskMemory& effect);
  void On(const SetTimer& effect);
  void On(const BecameOwner&) {}
  void On(const Release& effect);

  void CheckContent(const SessionWrite& write) const;
  void CheckRows(const CommitParts& commit) const;
  void CheckResult(const FinishSession& finish) const;
  void Told(const std::string& session_id, int64_t committed_size);
  void AnswerReopen();
  void DropFailed();

  Shared& shared_;
  const Session* session_ = nullptr;  // of the effect at hand
  bool stream_open_;
  bool reading_;
  bool input_ended_ = false;
  bool finished_ = false;  // was sent on this stream
  bool released_ = false;
  bool reopening_ = false;

  bool looking_ = false;               // ReadStore is under way
  std::optional<SessionWrite> write_;  // under way, or to be repeated
  bool asked_store_ = false;           // no answer yet
  bool transient_ = false;             // so says the event at hand, and no repeat is planned yet
  bool claimed_ = false;               // the event at hand answers a claim
  bool put_allowed_ = false;           // the event at hand: a put is recorded

  std::optional<ObjectStat> shown_;  // by the event at hand
  bool described_ = false;           // not as just published, but as found

  bool initiating_ = false;
  bool publishing_ = false;  // one call at a time
  bool asked_memory_ = false;
  std::map<int32_t, uint64_t> sent_;       // CRC-64 by number
  std::map<int32_t, std::string> stored_;  // ETag by number
  std::map<std::string, int64_t> told_;    // committed size by session id
};

}  // namespace penstock::fuzz

#endif  // PENSTOCK_TESTS_FUZZ_CORE_WATCH_H_
