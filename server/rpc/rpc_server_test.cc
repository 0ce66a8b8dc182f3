// Listening, health and reflection.

#include "server/rpc/rpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/notification.h"
#include "grpc/health/v1/health.pb.h"
#include "server/rpc/rpc_test_util.h"

namespace penstock {
namespace {

using testing::HasSubstr;
using Code = absl::StatusCode;
using RpcServerTest = ServedTest;

grpc::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel,
                         grpc::health::v1::HealthCheckResponse& response) {
  grpc::TemplatedGenericStub<grpc::health::v1::HealthCheckRequest,
                             grpc::health::v1::HealthCheckResponse>
      stub(channel);
  grpc::ClientContext context;
  const grpc::health::v1::HealthCheckRequest request;
  grpc::Status result;
  Notification answered;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                 [&](grpc::Status status) {
                   result = std::move(status);
                   answered.Notify();
                 });
  answered.WaitForNotification();
  return result;
}

TEST_F(RpcServerTest, HealthSaysWhetherNewCallsAreServed) {
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(CheckHealth(channel_, response).ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  server_->SetNotServing();
  ASSERT_TRUE(CheckHealth(channel_, response).ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
}

// Asks the reflection service for `query`, a field of ServerReflectionRequest, and returns the
// encoded answer.
class ReflectionCall final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  ReflectionCall(const std::shared_ptr<grpc::Channel>& channel, char field,
                 const std::string& query)
      : stub_(channel) {
    const std::string encoded =
        std::string(1, static_cast<char>(field << 3 | 2)) + static_cast<char>(query.size()) + query;
    const grpc::Slice slice(encoded);
    request_ = grpc::ByteBuffer(&slice, 1);
    stub_.PrepareBidiStreamingCall(
        &context_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", {}, this);
    StartRead(&response_);
    StartWriteLast(&request_, {});
    StartCall();
  }

  std::string Answer() {
    done_.WaitForNotification();
    std::string text;
    std::vector<grpc::Slice> slices;
    if (response_.Valid() && response_.Dump(&slices).ok()) {
      for (const grpc::Slice& slice : slices) {
        text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
      }
    }
    return text;
  }

  void OnDone(const grpc::Status&) override { done_.Notify(); }

 private:
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  Notification done_;
};

TEST_F(RpcServerTest, ReflectionNamesAndDescribesTheServices) {
  constexpr char kListServices = 7;
  constexpr char kFileContainingSymbol = 4;
  const std::string services = ReflectionCall(channel_, kListServices, "*").Answer();
  EXPECT_THAT(services, HasSubstr("penstock.v1.PutService"));
  EXPECT_THAT(services, HasSubstr("grpc.health.v1.Health"));
  EXPECT_THAT(ReflectionCall(channel_, kFileContainingSymbol, "penstock.v1.PutService").Answer(),
              HasSubstr("AbortSessionRequest"));
  EXPECT_THAT(ReflectionCall(channel_, kFileContainingSymbol, "grpc.health.v1.Health").Answer(),
              HasSubstr("HealthCheckRequest"));
}

TEST_F(RpcServerTest, SecondServerOnTheSameAddressIsRefused) {
  const absl::Status status = Start({server_->addresses().at(0)}).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(status), "ADDRESS_IN_USE");
  EXPECT_EQ(ErrorMetadataOf(status).at("address"), server_->addresses().at(0));
  EXPECT_EQ(PutBlindly("abc"), absl::OkStatus());  // the first one goes on
}

TEST_F(RpcServerTest, ListensOnAUnixSocketThatOnlyItsOwnerReaches) {
  std::string folder = testing::TempDir() + "penstock-rpc-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/socket";
  auto server = Start({"unix:" + path, "127.0.0.1:0"});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->addresses().size(), 2u);
  EXPECT_EQ(access(path.c_str(), R_OK | W_OK), 0);
  EXPECT_EQ(ErrorReason(Start({"unix:" + path}).status()), "ADDRESS_IN_USE");
  stub_ = v1::PutService::NewStub(Connect("unix:" + path));
  EXPECT_EQ(PutBlindly("abcdefgh"), absl::OkStatus());
  *server = nullptr;
  unlink(path.c_str());
  rmdir(folder.c_str());
}

TEST_F(RpcServerTest, AddressesAreChecked) {
  struct Case {
    const char* address;
    const char* reason;
  };
  const Case cases[] = {{"", "BAD_ADDRESS"},
                        {"127.0.0.1", "BAD_ADDRESS"},
                        {"127.0.0.1:x", "BAD_ADDRESS"},
                        {"127.0.0.1:65536", "BAD_ADDRESS"},
                        {"127.0.0.1:-1", "BAD_ADDRESS"},
                        {"unix:", "BAD_ADDRESS"},
                        {"0.0.0.0:0", "INSECURE_ADDRESS"},
                        {"[::]:0", "INSECURE_ADDRESS"},
                        {":0", "INSECURE_ADDRESS"},
                        {"example.com:0", "INSECURE_ADDRESS"}};
  for (const Case& c : cases) {
    const absl::Status status = Start({c.address}).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << c.address;
    EXPECT_EQ(ErrorReason(status), c.reason) << c.address;
  }
  EXPECT_TRUE(Start({"0.0.0.0:0"}, true).ok());
  EXPECT_TRUE(Start({"127.0.0.2:0"}).ok());
}

}  // namespace
}  // namespace penstock
