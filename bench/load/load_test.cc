// The load against a whole server of the simple kind, and the store that costs nothing.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <sstream>

#include "absl/strings/str_cat.h"
#include "bench/load/modes.h"
#include "bench/simple/simple_service.h"
#include "bench/sink/sink_server.h"

namespace penstock::bench {
namespace {

class LoadTest : public testing::Test {
 protected:
  LoadTest()
      : sink_(*SinkServer::Start("127.0.0.1:0", 1, settings_)),
        service_(absl::StrCat("http://", sink_->address())) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    options_.target = absl::StrCat("127.0.0.1:", port);
    options_.bucket = "bucket";
    options_.chunk = kPiece;
  }

  static constexpr int64_t kPiece = 64 * 1024;
  // gRPC may hold slices of it until the process ends.
  static const Content& content() {
    static const auto& content = *new Content(kPiece);
    return content;
  }

  SinkSettings settings_;
  std::unique_ptr<SinkServer> sink_;
  SimpleService service_;
  std::unique_ptr<grpc::Server> server_;
  LoadOptions options_;
};

TEST_F(LoadTest, PutsObjectsSeveralAtATime) {
  options_.bytes = 9'000'001;  // two parts of the server
  options_.streams = 2;
  options_.channels = 2;
  options_.objects = 5;
  const nlohmann::ordered_json json = RunPut(options_, content());
  EXPECT_EQ(json.at("bytes"), 45'000'005);
  EXPECT_EQ(json.at("objects"), 5);
  EXPECT_EQ(json.at("errors"), 0) << json;
  EXPECT_EQ(json.at("wrong_crc"), 0);
}

TEST_F(LoadTest, HoldsStreamsUntilItIsReleased) {
  options_.streams = 100;
  options_.channels = 3;
  for (const HeldStreams kind : {HeldStreams::kIdle, HeldStreams::kSlow, HeldStreams::kPush}) {
    std::istringstream release("the end comes after this");
    int open = 0;
    const nlohmann::ordered_json json = RunHeld(
        options_, content(), kind, [&open](int count) { open = count; }, release);
    EXPECT_EQ(open, 100);
    EXPECT_EQ(json.at("open"), 100);
    EXPECT_EQ(json.at("errors"), 0) << json;
  }
}

TEST_F(LoadTest, CountsStreamsThatCannotBeHeld) {
  server_->Shutdown();
  options_.streams = 2;
  std::istringstream release;
  const nlohmann::ordered_json json = RunHeld(
      options_, content(), HeldStreams::kIdle, [](int) {}, release);
  EXPECT_EQ(json.at("open"), 0);
  EXPECT_EQ(json.at("errors"), 2) << json;
}

TEST_F(LoadTest, CountsWhatFailed) {
  sink_ = nullptr;
  options_.bytes = 10;
  const nlohmann::ordered_json json = RunPut(options_, content());
  EXPECT_EQ(json.at("errors"), 1);
  EXPECT_TRUE(json.contains("first_error"));
}

}  // namespace
}  // namespace penstock::bench
