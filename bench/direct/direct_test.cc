#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/http/fake_http_server.h"
#include "bench/direct/direct_load.h"
#include "bench/sink/sink_server.h"

namespace penstock::bench {
namespace {

TEST(DirectTest, PutsObjectsInParts) {
  SinkSettings settings;
  const auto sink = *SinkServer::Start("127.0.0.1:0", 1, settings);
  DirectOptions options;
  options.url = absl::StrCat("http://", sink->address(), "/bucket");
  options.bytes = 1'000'001;
  options.objects = 3;
  options.parallel = 2;
  options.part_size = 300'000;
  const nlohmann::ordered_json json = RunDirect(options, Content(4096));
  EXPECT_EQ(json.at("bytes"), 3'000'003);
  EXPECT_EQ(json.at("errors"), 0);
  EXPECT_EQ(json.at("wrong_crc"), 0);
}

TEST(DirectTest, CountsWhatWentWrong) {
  const FakeHttpServer server([](FakeExchange& exchange) {
    exchange.ReadBody();
    if (exchange.target().find("-0-") != std::string::npos) {
      exchange.Reply(503);
    } else {
      exchange.Reply(200, {"x-oss-hash-crc64ecma: 1"});
    }
  });
  DirectOptions options;
  options.url = server.url();
  options.bytes = 1000;
  options.objects = 2;
  const nlohmann::ordered_json json = RunDirect(options, Content(4096));
  EXPECT_EQ(json.at("errors"), 1);
  EXPECT_EQ(json.at("first_error"), "HTTP 503");
  EXPECT_EQ(json.at("wrong_crc"), 1);
  EXPECT_EQ(json.at("bytes"), 1000);
}

}  // namespace
}  // namespace penstock::bench
