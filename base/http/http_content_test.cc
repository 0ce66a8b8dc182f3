// Answers whose body is collected in a buffer: HttpRequest::max_content_bytes.

#include <gtest/gtest.h>

#include <future>

#include "base/checksum.h"
#include "base/http/fake_http_server.h"
#include "base/http/http_loop.h"

namespace penstock {
namespace {

using Answer = absl::StatusOr<HttpResponse>;

Answer Get(HttpLoop& loop, const std::string& url, int64_t max_content_bytes) {
  HttpRequest request;
  request.method = "GET";
  request.url = url;
  request.max_content_bytes = max_content_bytes;
  std::promise<Answer> promise;
  loop.Send(std::move(request),
            [&promise](Answer answer) { promise.set_value(std::move(answer)); });
  return promise.get_future().get();
}

TEST(HttpContentTest, CollectsMoreThanOtherAnswersMayHave) {
  std::string bytes(6'000'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  FakeHttpServer server([&](FakeExchange& exchange) { exchange.Reply(206, {}, bytes); });
  HttpLoopOptions options;
  options.max_response_bytes = 1000;
  HttpLoop loop(options);
  const Answer answer = Get(loop, server.url(), static_cast<int64_t>(bytes.size()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "");
  ASSERT_NE(answer->content, nullptr);
  EXPECT_EQ(answer->content->crc64(), Crc64(bytes));
  EXPECT_EQ(answer->content->ToString(), bytes);
}

TEST(HttpContentTest, HasALimitOfItsOwn) {
  FakeHttpServer server([](FakeExchange& exchange) { exchange.Reply(200, {}, "0123456789"); });
  HttpLoop loop;
  EXPECT_EQ(Get(loop, server.url(), 10)->content->size(), 10);
  EXPECT_EQ(Get(loop, server.url(), 9).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(HttpContentTest, LeavesErrorsAndOtherRequestsTheirBody) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.Reply(exchange.target() == "/error" ? 404 : 200, {}, "text");
  });
  HttpLoop loop;
  for (const Answer& answer :
       {Get(loop, server.url() + "/error", 100), Get(loop, server.url() + "/", 0)}) {
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->content, nullptr);
    EXPECT_EQ(answer->body, "text");
  }
}

TEST(HttpContentTest, BeginsAnewAfterAnInterimAnswer) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.Write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    exchange.Reply(200, {}, "final");
  });
  HttpLoop loop;
  EXPECT_EQ(Get(loop, server.url(), 100)->content->ToString(), "final");
}

TEST(HttpContentTest, IsAnErrorWhereItIsCutShort) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.Write("HTTP/1.1 206 Partial Content\r\nContent-Length: 100\r\n\r\nonly this");
    exchange.Close();
  });
  HttpLoop loop;
  EXPECT_EQ(Get(loop, server.url(), 100).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace penstock
