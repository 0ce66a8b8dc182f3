#include <atomic>
#include <istream>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/notification.h"
#include "bench/load/modes.h"
#include "bench/load/tally.h"

namespace penstock::bench {
namespace {

// Streams that are being opened at a time: enough to be fast, few enough that the time to open is
// that of a stream and not of the queue of all.
constexpr int kOpening = 32;

constexpr int64_t kSlowBytes = 1024;

class HeldLoad {
 public:
  HeldLoad(const LoadOptions& options, const Content& content, HeldStreams streams)
      : options_(options),
        content_(content),
        kind_(streams),
        channels_(options),
        lanes_(static_cast<size_t>(options.streams)),
        started_(options.streams),
        unsettled_(options.streams),
        running_(options.streams) {}

  nlohmann::ordered_json Run(const std::function<void(int)>& on_open, std::istream& release) {
    const Stopwatch stopwatch;
    for (int i = 0; i < kOpening; ++i) OpenNext();
    started_.Wait();
    unsettled_.Wait();
    on_open(open_);
    release.ignore(std::numeric_limits<std::streamsize>::max());
    const double seconds = stopwatch.seconds();
    released_ = true;
    for (Lane& lane : lanes_) lane.stream->Cancel();
    running_.Wait();
    nlohmann::ordered_json json = tally_.Json();
    json["seconds"] = seconds;  // without the breaking off
    json["open"] = open_.load();
    return json;
  }

 private:
  struct Lane {
    std::shared_ptr<LoadStream> stream;
    std::atomic<bool> settled = false;
  };

  StreamPlan Plan() const {
    StreamPlan plan = PlanObject(options_);
    plan.then = StreamPlan::Then::kHold;
    plan.sends_at_once = kind_ == HeldStreams::kSlow;
    if (kind_ == HeldStreams::kSlow) plan.end = kSlowBytes;
    if (kind_ == HeldStreams::kPush) plan.end = StreamPlan::kEndless;
    return plan;
  }

  void OpenNext() {
    const size_t number = next_++;
    if (number >= lanes_.size()) return;
    Lane& lane = lanes_[number];
    StreamEvents events;
    events.on_opened = [this, &lane](const v1::SessionOpened&) { Settle(lane, true); };
    events.on_done = [this, &lane](const StreamResult& result) {
      Settle(lane, false);
      tally_.Add(result, released_);
      running_.DecrementCount();
    };
    lane.stream = LoadStream::Start(channels_.StubOf(static_cast<int>(number)), content_, Plan(),
                                    std::move(events));
    started_.DecrementCount();
  }

  // The first time: the stream is open or has failed, and another may be opened.
  void Settle(Lane& lane, bool opened) {
    if (lane.settled.exchange(true)) return;
    if (opened) ++open_;
    OpenNext();
    unsettled_.DecrementCount();
  }

  const LoadOptions& options_;
  const Content& content_;
  const HeldStreams kind_;
  LoadChannels channels_;
  std::vector<Lane> lanes_;
  BlockingCounter started_;    // every lane has its stream
  BlockingCounter unsettled_;  // every stream is open or has failed
  BlockingCounter running_;    // every stream has ended
  std::atomic<size_t> next_ = 0;
  std::atomic<int> open_ = 0;
  std::atomic<bool> released_ = false;
  Tally tally_;
};

}  // namespace

nlohmann::ordered_json RunHeld(const LoadOptions& options, const Content& content,
                               HeldStreams streams, const std::function<void(int)>& on_open,
                               std::istream& release) {
  return HeldLoad(options, content, streams).Run(on_open, release);
}

}  // namespace penstock::bench
