#include <atomic>

#include "base/notification.h"
#include "bench/load/modes.h"
#include "bench/load/tally.h"

namespace penstock::bench {
namespace {

// Puts objects one after the other in each of `streams` lanes, until all are done.
class PutLoad {
 public:
  PutLoad(const LoadOptions& options, const Content& content)
      : options_(options),
        content_(content),
        objects_(options.objects > 0 ? options.objects : options.streams),
        crc64_(content.Crc64(options.bytes)),
        channels_(options),
        left_(objects_) {}

  nlohmann::ordered_json Run() {
    for (int lane = 0; lane < options_.streams; ++lane) PutNext(lane);
    left_.Wait();
    nlohmann::ordered_json json = tally_.Json();
    json["objects"] = objects_;
    return json;
  }

 private:
  void PutNext(int lane) {
    if (next_object_++ >= objects_) return;
    StreamPlan plan = PlanObject(options_);
    plan.end = options_.bytes;
    plan.crc64 = crc64_;
    if (!options_.unknown_length) plan.open.mutable_object()->set_total_size(options_.bytes);
    StreamEvents events;
    events.on_done = [this, lane](const StreamResult& result) {
      tally_.Add(result);
      PutNext(lane);
      left_.DecrementCount();
    };
    LoadStream::Start(channels_.StubOf(lane), content_, std::move(plan), std::move(events));
  }

  const LoadOptions& options_;
  const Content& content_;
  const int objects_;
  const uint64_t crc64_;
  LoadChannels channels_;
  BlockingCounter left_;
  std::atomic<int> next_object_ = 0;
  Tally tally_;
};

}  // namespace

nlohmann::ordered_json RunPut(const LoadOptions& options, const Content& content) {
  return PutLoad(options, content).Run();
}

}  // namespace penstock::bench
