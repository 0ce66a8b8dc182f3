// One ReadObject call as a reactor of gRPC's callback interface. If gRPC calls blocked, it would
// read:
//
//   while (message = from the reader)      one at a time
//     Write(message)
//     reader->OnTaken()
//   Finish(status)                         once, after End or when the call was cancelled

#include "server/rpc/read_object_stream.h"

#include <grpc/grpc.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/mutex.h"
#include "server/rpc/convert.h"
#include "server/rpc/object_convert.h"

namespace penstock {
namespace {

class ReadObjectStream final : public grpc::ServerWriteReactor<v1::ReadObjectResponse>,
                               public ReadSink,
                               public std::enable_shared_from_this<ReadObjectStream> {
 public:
  ReadObjectStream(grpc::CallbackServerContext& context, ReadQuery query)
      : context_(context), query_(std::move(query)) {}

  // Keeps the stream alive until OnDone, and begins to read.
  void Begin(Objects& objects) {
    self_ = shared_from_this();
    absl::StatusOr<std::shared_ptr<ObjectReader>> reader = objects.Read(query_, self_);
    if (!reader.ok()) return End(reader.status());
    reader_ = *std::move(reader);
    reader_->Begin();
  }

  // ReadSink, for the reader.

  void SendOpened(const OpenedObject& opened) override {
    *response_.mutable_opened() = ToProto(query_.object, opened);
    Write();
  }

  void SendChunk(const ReadChunk& chunk) override {
    v1::ObjectChunk* proto = response_.mutable_chunk();
    proto->set_offset(chunk.offset);
    proto->set_data(chunk.data.data(), chunk.data.size());
    proto->set_crc32c(chunk.crc32c);
    Write();
  }

  void End(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    end_ = status;
    Advance();
  }

  // What was written waits for the client, and a status that is sent in order would wait behind it.
  // Cancelling drops it, and tells the code and the message, though not the details.
  void Break(const absl::Status& status) override {
    const std::string message = absl::StrCat(ErrorReason(status), ": ", status.message());
    MutexLock lock(&mutex_);
    if (finishing_) return;
    end_ = status;
    grpc_call_cancel_with_status(context_.c_call(), static_cast<grpc_status_code>(status.code()),
                                 message.c_str(), nullptr);
  }

  // Reactions of gRPC.

  void OnWriteDone(bool ok) override {
    response_ = v1::ReadObjectResponse();  // frees it: the next may be long in coming
    {
      MutexLock lock(&mutex_);
      writing_ = false;
      lost_ = lost_ || !ok;
      Advance();
    }
    if (ok) {
      reader_->OnTaken();
    } else {
      reader_->Cancel();
    }
  }

  void OnCancel() override {
    {
      MutexLock lock(&mutex_);
      lost_ = true;
      Advance();
    }
    if (reader_ != nullptr) reader_->Cancel();
  }

  void OnDone() override {
    reader_ = nullptr;
    self_ = nullptr;
  }

 private:
  void Write() {
    MutexLock lock(&mutex_);
    if (lost_ || finishing_) return;
    writing_ = true;
    StartWrite(&response_);
  }

  // Ends the call when it is to be ended and nothing is being written.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finishing_ || (!lost_ && !end_.has_value())) return;
    finishing_ = true;
    Finish(end_.has_value() ? ToGrpcStatus(*end_)
                            : grpc::Status(grpc::StatusCode::CANCELLED, "the client is gone"));
  }

  grpc::CallbackServerContext& context_;  // lives until Finish was called
  const ReadQuery query_;
  std::shared_ptr<ReadObjectStream> self_;
  std::shared_ptr<ObjectReader> reader_;  // null: there is nothing to read; constant until OnDone
  v1::ReadObjectResponse response_;  // belongs to the write that is under way, or to the reader

  Mutex mutex_;                                   // guards what follows
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;  // a write is under way
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;     // nobody reads what is sent
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called: nothing may be started
};

}  // namespace

grpc::ServerWriteReactor<v1::ReadObjectResponse>* ServeReadObject(
    Objects& objects, grpc::CallbackServerContext& context, const ReadQuery& query) {
  const auto stream = std::make_shared<ReadObjectStream>(context, query);
  stream->Begin(objects);
  return stream.get();
}

}  // namespace penstock
