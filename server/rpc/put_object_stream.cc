// One PutObject call as a reactor of gRPC's callback interface. If gRPC calls blocked, it would
// read:
//
//   while (frame = Read())            OnReadDone: one read at a time, asked for by the session
//     first frame: check, begin
//     input->OnFrame(frame)
//   input->OnInputEnded()
//
//   and beside it, for what the session sends:
//   while (frame = queue.pop()) Write(frame)     one write at a time
//   Finish(status)                               once, after Close or when the call was cancelled

#include "server/rpc/put_object_stream.h"

#include <algorithm>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "server/rpc/convert.h"
#include "server/rpc/frame_parser.h"
#include "server/session/session_errors.h"

namespace penstock {
namespace {

// What gRPC received, without a copy. The slices stay where they are: small ones keep their bytes
// within themselves.
absl::StatusOr<MessageBytes> BytesOf(const grpc::ByteBuffer& buffer) {
  const auto slices = std::make_shared<std::vector<grpc::Slice>>();
  // Only a compressed message can fail here, and this server offers no compression.
  if (!buffer.Dump(slices.get()).ok()) return BadFrame();
  MessageBytes message;
  message.pieces.reserve(slices->size());
  for (const grpc::Slice& slice : *slices) {
    message.pieces.emplace_back(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  message.owner = slices;
  return message;
}

absl::StatusOr<ClientFrame> FrameIn(const absl::StatusOr<MessageBytes>& message) {
  PENSTOCK_RETURN_IF_ERROR(message.status());
  return ParseFrame(*message);
}

grpc::ByteBuffer BufferOf(const v1::PutObjectResponse& response) {
  const grpc::Slice slice(response.SerializeAsString());
  return {&slice, 1};
}

constexpr absl::Duration kFirstFrameStep = absl::Seconds(1);

class PutObjectStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                              public PutStream,
                              public std::enable_shared_from_this<PutObjectStream> {
 public:
  PutObjectStream(SessionService& sessions, std::string principal)
      : sessions_(sessions), principal_(std::move(principal)) {}

  // Keeps the stream alive until OnDone, and asks for the first frame.
  void Begin() {
    self_ = shared_from_this();
    absl::StatusOr<MemoryLease> admitted = sessions_.Admit();
    if (!admitted.ok()) {
      Close(admitted.status());
      return;
    }
    admitted_ = *std::move(admitted);
    AwaitFirst(absl::ZeroDuration());
    StartRead(&request_);
  }

  // PutStream, for the session.

  void Send(ServerFrame frame) override {
    MutexLock lock(&mutex_);
    if (finishing_ || close_status_.has_value()) return;
    const bool progress = std::holds_alternative<ProgressFrame>(frame);
    if (progress && !queue_.empty() && std::holds_alternative<ProgressFrame>(queue_.back())) {
      queue_.back() = std::move(frame);  // the newest says all that the older one did
    } else {
      queue_.push_back(std::move(frame));
    }
    Advance();
  }

  void Read() override {
    MutexLock lock(&mutex_);
    if (!finishing_) StartRead(&request_);
  }

  void Close(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    if (finishing_ || close_status_.has_value()) return;
    close_status_ = status;
    Advance();
  }

  // Reactions of gRPC.

  void OnReadDone(bool ok) override {
    absl::StatusOr<MessageBytes> message = MessageBytes();
    if (ok) message = BytesOf(request_);
    // Once parsed only the payload holds memory: what is kept for the next read would be held by
    // every stream that waits.
    request_.Clear();
    if (input_ == nullptr && !Start(ok, message)) return;
    if (!ok) {
      input_->OnInputEnded();
      return;
    }
    absl::StatusOr<ClientFrame> frame = FrameIn(message);
    if (frame.ok()) {
      input_->OnFrame(*std::move(frame));
    } else {
      Reject(frame.status());
    }
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(&mutex_);
      writing_ = false;
      response_.Clear();  // the next may be long in coming
      lost_ = lost_ || !ok;
      Advance();
      if (ok) return;
    }
    if (input_ != nullptr) input_->OnStreamLost();
  }

  void OnCancel() override {
    std::shared_ptr<StreamInput> input;
    {
      MutexLock lock(&mutex_);
      lost_ = true;
      input = input_for_cancel_;
      Advance();
    }
    if (input != nullptr) input->OnStreamLost();
  }

  void OnDone() override {
    // The input holds this stream, and must not be held in turn any longer.
    const std::shared_ptr<StreamInput> input = std::exchange(input_, nullptr);
    {
      MutexLock lock(&mutex_);
      input_for_cancel_ = nullptr;
    }
    // A call that ended before the session closed it: tell it, whatever the reason was.
    if (input != nullptr) input->OnStreamLost();
    self_.reset();
  }

 private:
  // Until a session has the stream, its idle timeout is watched here. In short steps, so that what
  // waits in the executor is not much more than there are such streams.
  void AwaitFirst(absl::Duration waited) {
    const SessionEnvironment& environment = sessions_.environment();
    const absl::Duration step = std::min(environment.config.idle_timeout, kFirstFrameStep);
    environment.executor->PostAfter(step, [weak = weak_from_this(), waited = waited + step] {
      if (const auto self = weak.lock()) self->CheckFirstCame(waited);
    });
  }

  void CheckFirstCame(absl::Duration waited) {
    {
      MutexLock lock(&mutex_);
      if (input_for_cancel_ != nullptr || close_status_.has_value() || finishing_) return;
    }
    const absl::Duration timeout = sessions_.environment().config.idle_timeout;
    if (waited < timeout) {
      AwaitFirst(waited);
    } else {
      Close(session_errors::IdleTimeout(timeout));
    }
  }

  // Looks at the first frame. False: the call is being closed with an error.
  bool Start(bool ok, const absl::StatusOr<MessageBytes>& message) {
    std::string token;
    if (ok) {
      if (absl::Status status = CheckFirst(message, token); !status.ok()) {
        Close(status);
        return false;
      }
    }
    input_ = sessions_.Start(principal_, token, shared_from_this(), std::move(admitted_));
    session_token_ = std::move(token);
    MutexLock lock(&mutex_);
    input_for_cancel_ = input_;
    return true;
  }

  // What can be said of the first frame without a session; `token` is of an `open`.
  absl::Status CheckFirst(const absl::StatusOr<MessageBytes>& message, std::string& token) const {
    PENSTOCK_RETURN_IF_ERROR(message.status());
    PENSTOCK_ASSIGN_OR_RETURN(v1::PutObjectRequest request, ParseRequest(*message));
    if (!request.has_open()) return absl::OkStatus();
    token = request.open().session_token();
    PENSTOCK_ASSIGN_OR_RETURN(const ClientFrame frame, FromProto(request));
    return sessions_.CheckOpen(token, std::get<OpenFrame>(frame));
  }

  // A message that is no frame: the call ends, the session stays as it is.
  void Reject(const absl::Status& status) {
    Close(status);
    input_->OnStreamLost();
  }

  // Starts the next write, or ends the call when there is none and it is to be ended.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finishing_) return;
    if (lost_) {
      finishing_ = true;
      queue_.clear();
      Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the client is gone"));
    } else if (!queue_.empty()) {
      writing_ = true;
      response_ = BufferOf(ToProto(queue_.front(), session_token_));
      queue_.pop_front();
      StartWrite(&response_);
    } else if (close_status_.has_value()) {
      finishing_ = true;
      Finish(ToGrpcStatus(*close_status_));
    }
  }

  SessionService& sessions_;
  const std::string principal_;
  std::shared_ptr<PutObjectStream> self_;

  MemoryLease admitted_;  // until the first OnReadDone gives it on

  // Written by the first OnReadDone, before the session can call; constant until OnDone.
  std::string session_token_;
  std::shared_ptr<StreamInput> input_;

  grpc::ByteBuffer request_;  // belongs to the read that is under way, then to OnReadDone

  Mutex mutex_;                                                            // guards what follows
  std::shared_ptr<StreamInput> input_for_cancel_ ABSL_GUARDED_BY(mutex_);  // OnCancel may race
  std::list<ServerFrame> queue_ ABSL_GUARDED_BY(mutex_);  // holds no memory while it is empty
  grpc::ByteBuffer response_ ABSL_GUARDED_BY(mutex_);     // of the write that is under way
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;  // nobody reads what is sent
  std::optional<absl::Status> close_status_ ABSL_GUARDED_BY(mutex_);
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called: nothing may be started
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ServePutObject(
    SessionService& sessions, std::string principal) {
  const auto stream = std::make_shared<PutObjectStream>(sessions, std::move(principal));
  stream->Begin();
  return stream.get();
}

}  // namespace penstock
