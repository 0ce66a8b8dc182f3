#ifndef PENSTOCK_CLIENT_FAKE_PUT_SERVICE_H_
#define PENSTOCK_CLIENT_FAKE_PUT_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "penstock/v1/put.grpc.pb.h"

namespace penstock {

// The server's end of one PutObject call, for scripts. What the client sent is kept.
class FakeStream {
 public:
  using Stream = grpc::ServerReaderWriter<v1::PutObjectResponse, v1::PutObjectRequest>;
  explicit FakeStream(Stream& stream) : stream_(stream) {}

  // `open`, read before the script runs.
  v1::OpenSession open;
  // Offsets and bytes of the chunks read so far.
  std::vector<int64_t> offsets;
  std::string data;
  bool finish_came = false;
  v1::FinishObject finish;

  // An `opened` of epoch 1 for a session with `prefix` received and `committed_size` committed.
  static v1::SessionOpened Opened(const std::string& prefix = "", int64_t committed_size = 0);
  void Send(const v1::SessionOpened& opened);
  void SendProgress(int64_t committed_size);
  void SendDraining(int64_t committed_size);
  // `finished` for an object of `content`.
  void SendFinished(const std::string& content, bool replayed = false);

  // Reads until `bytes` bytes of chunks came in all. False when the stream ended before.
  bool ReadBytes(size_t bytes);
  // Reads until `finish`, or until the client is gone.
  bool ReadFinish();

 private:
  bool ReadFrame();
  Stream& stream_;
};

// A PutService that plays one script for each PutObject call, in order, on a socket of its own. A
// call beyond the scripts ends with FAILED_PRECONDITION / UNEXPECTED_CALL.
class FakePutService final : public v1::PutService::Service {
 public:
  using Script = std::function<absl::Status(FakeStream&)>;

  explicit FakePutService(std::vector<Script> scripts);
  ~FakePutService() override;

  // Ends the calls under way and waits for their scripts: what these write may be read after it.
  void Stop();

  std::string address() const { return "unix:" + socket_; }
  size_t calls() const;

  grpc::Status PutObject(grpc::ServerContext* context, FakeStream::Stream* stream) override;

 private:
  mutable Mutex mutex_;
  std::deque<Script> scripts_ ABSL_GUARDED_BY(mutex_);
  size_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string folder_;
  std::string socket_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_FAKE_PUT_SERVICE_H_
