#ifndef PENSTOCK_SERVER_RPC_RPC_TEST_UTIL_H_
#define PENSTOCK_SERVER_RPC_RPC_TEST_UTIL_H_

// What the tests of the gRPC shell share: a whole server on real sockets, and a client that blocks.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "base/error.h"
#include "penstock/v1/put.grpc.pb.h"
#include "server/objects/objects_test_util.h"
#include "server/rpc/rpc_server.h"
#include "server/session/service_test_util.h"
#include "server/session/session_test_util.h"

namespace penstock {

inline constexpr char kTestToken[] = "a-token-of-the-tests";

inline constexpr char kObjectRemote[] = "objects";

inline v1::PutObjectRequest OpenRequest(const std::string& token = kTestToken) {
  v1::PutObjectRequest request;
  v1::OpenSession* open = request.mutable_open();
  open->set_session_token(token);
  open->mutable_object()->set_remote(kTestRemote);
  open->mutable_object()->set_bucket("bucket");
  open->mutable_object()->set_key("key");
  open->mutable_object()->set_part_size(4);
  return request;
}

inline v1::PutObjectRequest ChunkRequest(int64_t offset, const std::string& data) {
  v1::PutObjectRequest request;
  request.mutable_chunk()->set_offset(offset);
  request.mutable_chunk()->set_data(data);
  return request;
}

inline v1::PutObjectRequest FinishRequest(const std::string& content) {
  v1::PutObjectRequest request;
  request.mutable_finish()->set_total_size(static_cast<int64_t>(content.size()));
  request.mutable_finish()->set_crc64_ecma(Crc64(content));
  return request;
}

inline absl::Status FromGrpc(const grpc::Status& status) {
  return DecodeStatusDetails(static_cast<absl::StatusCode>(status.error_code()),
                             status.error_message(), status.error_details());
}

// One PutObject call of a client that blocks.
class Call {
 public:
  explicit Call(v1::PutService::Stub& stub) : stream_(stub.PutObject(&context_)) {}

  bool Send(const v1::PutObjectRequest& request) { return stream_->Write(request); }
  void HalfClose() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }

  // Reads up to the first frame of a kind; an empty response when the stream ends before.
  v1::PutObjectResponse ReadUntil(v1::PutObjectResponse::FrameCase kind) {
    v1::PutObjectResponse response;
    while (stream_->Read(&response)) {
      if (response.frame_case() == kind) return response;
    }
    return {};
  }

  absl::Status Finish() {
    v1::PutObjectResponse response;
    while (stream_->Read(&response)) {
    }
    return FromGrpc(stream_->Finish());
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::PutObjectRequest, v1::PutObjectResponse>> stream_;
};

// A server on a port of its own, over a store and a backend in memory.
class ServedTest : public testing::Test {
 protected:
  explicit ServedTest(const ReadLimits& read_limits = ReadLimits()) {
    SessionEnvironment environment;
    environment.config = SmallConfig();
    environment.config.retry_delay = absl::Milliseconds(1);
    environment.config.progress_interval = absl::Hours(1);  // progress tells of commits alone
    environment.config.slab_bytes = 4;
    environment.config.stream_bytes = 16;
    environment.config.remotes.clear();
    environment.backends[kTestRemote] = &backend_;
    environment.store = &store_;
    environment.executor = executor_.get();
    environment.clock = &SystemClock();
    service_ = std::make_unique<SessionService>(std::move(environment), SecureRandom());
    info_.name = "fake";
    remotes_.insert({kTestRemote, {&backend_, &info_, RemoteRestriction(OptionValues())}});
    objects_ = std::make_unique<Objects>(
        Remotes{{kObjectRemote, {&object_backend_, &info_, RemoteRestriction(OptionValues())}}},
        read_limits, *executor_, SystemClock());
    maintenance_ = std::make_unique<Maintenance>(*service_, remotes_, SecureRandom());
    server_ = *Start({"127.0.0.1:0"});
    channel_ = Connect(server_->addresses().at(0));
    stub_ = v1::PutService::NewStub(channel_);
  }

  absl::StatusOr<std::unique_ptr<RpcServer>> Start(std::vector<std::string> listen,
                                                   bool insecure = false) {
    RpcServerOptions options;
    options.listen = std::move(listen);
    options.insecure = insecure;
    return RpcServer::Start(options, *service_, *objects_, *maintenance_, remotes_);
  }

  static std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
    return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  }

  // Sends everything from offset 0 without reading anything, and returns how it ended.
  absl::Status PutBlindly(const std::string& content) {
    Call call(*stub_);
    call.Send(OpenRequest());
    for (size_t offset = 0; offset < content.size(); offset += 3) {
      call.Send(ChunkRequest(static_cast<int64_t>(offset), content.substr(offset, 3)));
    }
    call.Send(FinishRequest(content));
    call.HalfClose();
    return call.Finish();
  }

  MemoryStore store_;
  FakeBackend backend_;
  FakeObjects object_backend_;  // of the remote that ObjectService has
  const std::unique_ptr<Executor> executor_ = MakeThreadPool(2);
  std::unique_ptr<SessionService> service_;
  BackendInfo info_;
  Remotes remotes_;
  std::unique_ptr<Objects> objects_;
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::PutService::Stub> stub_;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_RPC_TEST_UTIL_H_
