#ifndef PENSTOCK_CLIENT_FAKE_OBJECT_SERVICE_H_
#define PENSTOCK_CLIENT_FAKE_OBJECT_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "penstock/v1/object.grpc.pb.h"

namespace penstock {

// The server's end of one ReadObject call, for scripts.
class FakeRead {
 public:
  FakeRead(grpc::ServerContext& context, const v1::ReadObjectRequest& request,
           v1::StoredObject object, std::string content,
           grpc::ServerWriter<v1::ReadObjectResponse>& writer);

  const v1::ReadObjectRequest& request;
  v1::StoredObject object;  // as it is now
  std::string content;

  // `opened` as the request asks.
  void Open();
  // The next chunk, of `size` bytes of the content.
  void SendChunk(int64_t size);
  // What is sent as it is.
  void Send(const v1::ReadObjectResponse& response) { writer_.Write(response); }
  // All of it, as a server does.
  absl::Status ReadAll();
  // Waits until the client is gone.
  void AwaitCancellation();

 private:
  grpc::ServerContext& context_;
  grpc::ServerWriter<v1::ReadObjectResponse>& writer_;
  int64_t offset_;  // of the next chunk
  int64_t end_;
};

// An ObjectService over a map, on a socket of its own. Pages have at most two entries and chunks
// 100 bytes, so that there are many. Calls can be given scripts, which they play first.
class FakeObjectService final : public v1::ObjectService::Service {
 public:
  using ReadScript = std::function<absl::Status(FakeRead&)>;

  FakeObjectService();
  ~FakeObjectService() override;

  // Ends the calls under way and waits for them.
  void Stop();
  std::string address() const { return "unix:" + socket_; }

  // There is such an object from now on, with an ETag that follows from the content.
  v1::StoredObject& Put(const std::string& bucket, const std::string& key,
                        const std::string& content);
  bool Has(const std::string& bucket, const std::string& key) const;

  // What the next calls do: one that is no Read ends so before it does anything (OK: it is let
  // through), a Read plays the script, a delete of `key` fails.
  void FailNext(const absl::Status& status);
  void OnRead(ReadScript script);
  void FailDelete(const std::string& key, const absl::Status& status);

  // Where each ReadObject call so far began.
  std::vector<int64_t> read_offsets() const;
  std::vector<v1::ListObjectsRequest> list_requests() const;
  std::vector<size_t> delete_sizes() const;  // keys of each DeleteObjects call
  std::vector<v1::CopyObjectRequest> copy_requests() const;

  grpc::Status StatObject(grpc::ServerContext* context, const v1::StatObjectRequest* request,
                          v1::StatObjectResponse* response) override;
  grpc::Status ReadObject(grpc::ServerContext* context, const v1::ReadObjectRequest* request,
                          grpc::ServerWriter<v1::ReadObjectResponse>* writer) override;
  grpc::Status ListObjects(grpc::ServerContext* context, const v1::ListObjectsRequest* request,
                           v1::ListObjectsResponse* response) override;
  grpc::Status DeleteObjects(grpc::ServerContext* context, const v1::DeleteObjectsRequest* request,
                             v1::DeleteObjectsResponse* response) override;
  grpc::Status CopyObject(grpc::ServerContext* context, const v1::CopyObjectRequest* request,
                          v1::CopyObjectResponse* response) override;
  grpc::Status ListBuckets(grpc::ServerContext* context, const v1::ListBucketsRequest* request,
                           v1::ListBucketsResponse* response) override;

 private:
  using Name = std::pair<std::string, std::string>;  // bucket, key
  struct Object {
    v1::StoredObject description;
    std::string content;
  };

  absl::Status TakeStatus();  // what FailNext said about this call
  absl::Status Find(const v1::ObjectName& name, Object& found) const;

  mutable Mutex mutex_;  // guards what follows
  std::map<Name, Object> objects_ ABSL_GUARDED_BY(mutex_);
  std::deque<absl::Status> next_statuses_ ABSL_GUARDED_BY(mutex_);
  std::deque<ReadScript> read_scripts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Status> delete_errors_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> read_offsets_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::ListObjectsRequest> list_requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<size_t> delete_sizes_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::CopyObjectRequest> copy_requests_ ABSL_GUARDED_BY(mutex_);

  std::string folder_;
  std::string socket_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_FAKE_OBJECT_SERVICE_H_
