#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "base/notification.h"
#include "bench/load/modes.h"
#include "bench/load/tally.h"
#include "penstock/v1/put.grpc.pb.h"

namespace penstock::bench {
namespace {

// What a stream of parts of the smallest size is stored for before it counts as failed.
constexpr absl::Duration kLongest = absl::Minutes(10);

// Smallest part of the remote in bytes; 0 when the server does not know it.
int64_t SmallestPart(const LoadOptions& options) {
  const auto stub = v1::PutService::NewStub(MakeOwnChannel(options.target));
  grpc::ClientContext context;
  v1::ListRemotesResponse response;
  static_cast<void>(stub->ListRemotes(&context, {}, &response));
  for (const v1::Remote& remote : response.remotes()) {
    if (remote.name() == options.remote) return remote.min_part_size();
  }
  return 0;
}

// One stream over a connection of its own, from the connect to the commit of its last byte; then
// it is broken off.
class CommittedStream {
 public:
  CommittedStream(const LoadOptions& options, const Content& content, StreamPlan plan)
      : end_(plan.end), stub_(MakeOwnChannel(options.target)) {
    StreamEvents events;
    events.on_opened = [this](const v1::SessionOpened& opened) { opened_ = opened; };
    events.on_progress = [this](const v1::Progress& progress) {
      if (progress.committed_size() < end_ || committed_.HasBeenNotified()) return;
      seconds_ = stopwatch_.seconds();
      committed_.Notify();
    };
    events.on_done = [this](const StreamResult& result) {
      result_ = result;
      if (!committed_.HasBeenNotified()) committed_.Notify();
      done_.Notify();
    };
    stream_ = LoadStream::Start(stub_, content, std::move(plan), std::move(events));
  }

  // Waits for the commit. The stream's end is an error if it came before.
  void Await(Tally& tally) {
    committed_.WaitForNotificationWithTimeout(kLongest);
    const bool committed = seconds_ > 0;
    stream_->Cancel();
    done_.WaitForNotification();
    tally.Add(result_, committed);
  }

  // These after Await.
  double seconds() const { return seconds_; }
  const v1::SessionOpened& opened() const { return opened_; }

 private:
  const Stopwatch stopwatch_;
  const int64_t end_;
  grpc::GenericStub stub_;
  std::shared_ptr<LoadStream> stream_;
  Notification committed_;
  Notification done_;
  double seconds_ = 0;  // to the commit; written before committed_
  v1::SessionOpened opened_;
  StreamResult result_;
};

class ResumeLoad {
 public:
  ResumeLoad(const LoadOptions& options, const Content& content)
      : options_(options), content_(content), part_size_(SmallestPart(options)) {}

  nlohmann::ordered_json Run() {
    StreamPlan plan = PlanObject(options_);
    if (!options_.token.empty()) plan.open.set_session_token(options_.token);
    plan.end = options_.parts * part_size_;
    plan.then = StreamPlan::Then::kFlush;
    plan.sends_at_once = false;
    plan.open.mutable_object()->set_part_size(part_size_);
    // Four parts to keep: none may then be larger than the smallest, whatever the length.
    plan.open.set_replay_buffer_bytes(4 * part_size_);
    nlohmann::ordered_json json;
    json["token"] = plan.open.session_token();
    if (options_.phase != "back") Make(plan, json);
    if (options_.phase != "make") Resume(std::move(plan), json);
    json.update(tally_.Json());
    return json;
  }

 private:
  void Make(const StreamPlan& plan, nlohmann::ordered_json& json) {
    CommittedStream stream(options_, content_, plan);
    stream.Await(tally_);
    json["make_seconds"] = stream.seconds();
  }

  void Resume(StreamPlan plan, nlohmann::ordered_json& json) {
    plan.end += 1;
    plan.open.set_mode(v1::OPEN_MODE_RESUME);
    plan.open.clear_object();
    CommittedStream stream(options_, content_, std::move(plan));
    stream.Await(tally_);
    json["resume_seconds"] = stream.seconds();
    json["parts"] = stream.opened().session().part_count();
    json["resume_offset"] = stream.opened().resume_offset();
  }

  const LoadOptions& options_;
  const Content& content_;
  const int64_t part_size_;
  Tally tally_;
};

}  // namespace

nlohmann::ordered_json RunResume(const LoadOptions& options, const Content& content) {
  return ResumeLoad(options, content).Run();
}

}  // namespace penstock::bench
