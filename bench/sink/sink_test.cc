// The sink as its clients see it, through libcurl and the loop that penstockd uses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/checksum.h"
#include "base/http/http_loop.h"
#include "bench/sink/sink_server.h"
#include "nlohmann/json.hpp"

namespace penstock::bench {
namespace {

class SinkTest : public testing::Test {
 protected:
  SinkTest() : server_(*SinkServer::Start("127.0.0.1:0", 2, settings_)) {}

  std::future<absl::StatusOr<HttpResponse>> Begin(const std::string& method,
                                                  const std::string& target,
                                                  const std::string& body = "",
                                                  std::vector<std::string> headers = {}) {
    HttpRequest request;
    request.method = method;
    request.url = absl::StrCat("http://", server_->address(), target);
    request.headers = std::move(headers);
    if (!body.empty()) request.body = MakeBuffer(body);
    auto promise = std::make_shared<std::promise<absl::StatusOr<HttpResponse>>>();
    http_.Send(std::move(request), [promise](absl::StatusOr<HttpResponse> answer) {
      promise->set_value(std::move(answer));
    });
    return promise->get_future();
  }

  HttpResponse Send(const std::string& method, const std::string& target,
                    const std::string& body = "", std::vector<std::string> headers = {}) {
    return Begin(method, target, body, std::move(headers)).get().value();
  }

  std::string Initiate(const std::string& name, std::vector<std::string> headers = {}) {
    const std::string xml = Send("POST", name + "?uploads", "", std::move(headers)).body;
    const std::vector<std::string> before = absl::StrSplit(xml, "<UploadId>");
    const std::vector<std::string> after = absl::StrSplit(before.at(1), "</UploadId>");
    return after.at(0);
  }

  nlohmann::json Stats() { return nlohmann::json::parse(Send("GET", "/-/stats").body); }

  SinkSettings settings_;
  std::unique_ptr<SinkServer> server_;
  HttpLoop http_;
};

TEST_F(SinkTest, TellsSizeAndCrc64OfAnObject) {
  const std::string bytes(3'000'000, 'x');
  const HttpResponse put = Send("PUT", "/bucket/a%20key", bytes, {"x-oss-meta-mark: m"});
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.Header("x-oss-hash-crc64ecma"), absl::StrCat(Crc64(bytes)));
  const HttpResponse head = Send("HEAD", "/bucket/a%20key");
  EXPECT_EQ(head.Header("content-length"), "3000000");
  EXPECT_EQ(head.Header("x-oss-meta-mark"), "m");
  EXPECT_EQ(head.Header("etag"), put.Header("etag"));
  const auto object =
      nlohmann::json::parse(Send("GET", "/-/object?bucket=bucket&key=a%20key").body);
  EXPECT_EQ(object.at("size"), 3'000'000);
  EXPECT_EQ(object.at("crc64"), Crc64(bytes));
}

TEST_F(SinkTest, CompletesAnUploadOfTheListedParts) {
  const std::string id = Initiate("/bucket/key", {"x-oss-meta-mark: m"});
  const std::string part = absl::StrCat("/bucket/key?uploadId=", id, "&partNumber=");
  const std::string first = Send("PUT", part + "1", "one").Header("etag");
  const std::string second = Send("PUT", part + "3", "three").Header("etag");
  EXPECT_NE(first, second);
  const std::string list =
      absl::StrCat("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>", first,
                   "</ETag></Part><Part><PartNumber>3</PartNumber><ETag>", second,
                   "</ETag></Part></CompleteMultipartUpload>");
  EXPECT_EQ(Send("POST", "/bucket/key?uploadId=" + id, list).status, 200);
  const HttpResponse head = Send("HEAD", "/bucket/key");
  EXPECT_EQ(head.Header("content-length"), "8");
  EXPECT_EQ(head.Header("x-oss-hash-crc64ecma"), absl::StrCat(Crc64("onethree")));
  EXPECT_EQ(head.Header("x-oss-meta-mark"), "m");
  EXPECT_EQ(Send("POST", "/bucket/key?uploadId=" + id, list).status, 404);
  const auto stats = Stats();
  EXPECT_EQ(stats.at("parts"), 2);
  EXPECT_EQ(stats.at("objects"), 1);
  EXPECT_EQ(stats.at("bytes"), 8);
  EXPECT_EQ(stats.at("errors"), 1);
}

TEST_F(SinkTest, RefusesAListWithAnotherEtag) {
  const std::string id = Initiate("/bucket/key");
  Send("PUT", absl::StrCat("/bucket/key?uploadId=", id, "&partNumber=1"), "one");
  EXPECT_EQ(Send("POST", "/bucket/key?uploadId=" + id,
                 "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"0\"</ETag>"
                 "</Part></CompleteMultipartUpload>")
                .status,
            400);
}

TEST_F(SinkTest, ForgetsAnAbortedUpload) {
  const std::string id = Initiate("/bucket/key");
  EXPECT_EQ(Send("DELETE", "/bucket/key?uploadId=" + id).status, 204);
  EXPECT_EQ(Send("DELETE", "/bucket/key?uploadId=" + id).status, 404);
}

TEST_F(SinkTest, AnswersLate) {
  settings_.latency_ms = 20;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Send("PUT", "/bucket/key", "bytes").status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(20));
}

TEST_F(SinkTest, ReadsAStalledBodyWhenItIsToldTo) {
  EXPECT_EQ(Send("POST", "/-/control?stall=true").status, 200);
  // More than a socket holds.
  auto put = Begin("PUT", "/bucket/key", std::string(64'000'000, 'x'));
  EXPECT_EQ(Send("HEAD", "/bucket/key").status, 404);
  EXPECT_EQ(Send("POST", "/-/control?stall=false").status, 200);
  EXPECT_EQ(put.get()->status, 200);
}

TEST_F(SinkTest, SaysWhatItDoesNotDo) {
  EXPECT_EQ(Send("GET", "/bucket/key").status, 501);
  EXPECT_EQ(Send("GET", "/bucket?uploads").status, 501);
  EXPECT_EQ(Send("POST", "/-/control?latency_ms=-1").status, 400);
}

}  // namespace
}  // namespace penstock::bench
