#include "server/rpc/maintenance_service.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "server/rpc/convert.h"
#include "server/rpc/maintenance_convert.h"

namespace penstock {
namespace {

// What a run finds as the answers of a call, one write at a time: the run waits for each. The call
// ends when the run does, or at once when the client is gone; then the run learns it by closed().
template <typename Event, typename Response>
class EventStream final : public grpc::ServerWriteReactor<Response>,
                          public EventSink<Event>,
                          public std::enable_shared_from_this<EventStream<Event, Response>> {
 public:
  // Keeps the stream alive until OnDone; the run may keep it longer.
  void Begin() { self_ = this->shared_from_this(); }

  // EventSink, for the run.

  void Send(const Event& event) override {
    const auto free = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !writing_ || finished_; };
    MutexLock lock(&mutex_);
    mutex_.Await(free);
    if (lost_ || finished_) return;
    response_ = ToProto(event);
    writing_ = true;
    this->StartWrite(&response_);
  }

  bool closed() const override {
    MutexLock lock(&mutex_);
    return lost_;
  }

  void End(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    if (!end_.has_value()) end_ = status;
    Advance();
  }

  // Reactions of gRPC.

  void OnWriteDone(bool ok) override {
    MutexLock lock(&mutex_);
    writing_ = false;
    lost_ = lost_ || !ok;
    Advance();
  }

  void OnCancel() override {
    MutexLock lock(&mutex_);
    lost_ = true;
    Advance();
  }

  void OnDone() override { self_.reset(); }

 private:
  // Ends the call when it is to be ended and nothing is being written.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_ || (!lost_ && !end_.has_value())) return;
    finished_ = true;
    this->Finish(lost_ ? grpc::Status(grpc::StatusCode::CANCELLED, "the client is gone")
                       : ToGrpcStatus(*end_));
  }

  std::shared_ptr<EventStream> self_;

  mutable Mutex mutex_;                           // guards what follows
  Response response_ ABSL_GUARDED_BY(mutex_);     // of the write that is under way
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;  // a write is under way
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;     // nobody reads what is sent
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called: nothing may be started
};

template <typename Event, typename Response, typename Start>
grpc::ServerWriteReactor<Response>* Serve(Start start) {
  const auto stream = std::make_shared<EventStream<Event, Response>>();
  stream->Begin();
  if (absl::Status status = start(stream); !status.ok()) stream->End(status);
  return stream.get();
}

}  // namespace

grpc::ServerWriteReactor<v1::CollectGarbageResponse>* MaintenanceService::CollectGarbage(
    grpc::CallbackServerContext*, const v1::CollectGarbageRequest* request) {
  return Serve<Maintenance::GarbageEvent, v1::CollectGarbageResponse>([&](auto stream) {
    return maintenance_.CollectGarbage(FromProto(*request), std::move(stream));
  });
}

grpc::ServerWriteReactor<v1::DiagnoseRemoteResponse>* MaintenanceService::DiagnoseRemote(
    grpc::CallbackServerContext*, const v1::DiagnoseRemoteRequest* request) {
  return Serve<RemoteCheck, v1::DiagnoseRemoteResponse>([&](auto stream) {
    return maintenance_.DiagnoseRemote(request->remote(), request->bucket(), std::move(stream));
  });
}

}  // namespace penstock
