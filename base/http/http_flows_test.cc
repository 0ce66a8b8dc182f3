#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/http/fake_http_server.h"
#include "base/http/http_loop.h"
#include "base/notification.h"

namespace penstock {
namespace {

using Answer = absl::StatusOr<HttpResponse>;

TEST(HttpFlowsTest, TakeTurnsForAConnection) {
  Notification arrived;
  Notification let_go;
  std::vector<std::string> order;  // one connection: one request at a time
  FakeHttpServer server([&](FakeExchange& exchange) {
    order.push_back(exchange.target());
    if (exchange.target() == "/fast0") {
      arrived.Notify();
      let_go.WaitForNotification();
    }
    exchange.Reply(200);
  });
  HttpLoopOptions options;
  options.max_connections = 1;
  HttpLoop loop(options);
  std::vector<std::future<Answer>> answers;
  const auto ask = [&](const std::string& flow, int number) {
    HttpRequest request;
    request.method = "GET";
    request.url = server.url() + "/" + flow + std::to_string(number);
    request.flow = flow;
    auto promise = std::make_shared<std::promise<Answer>>();
    answers.push_back(promise->get_future());
    loop.Send(std::move(request),
              [promise](Answer answer) { promise->set_value(std::move(answer)); });
  };
  ask("fast", 0);
  arrived.WaitForNotification();
  for (int i = 1; i < 4; ++i) ask("fast", i);
  ask("slow", 0);
  ask("slower", 0);
  let_go.Notify();
  for (auto& answer : answers) EXPECT_TRUE(answer.get().ok());
  EXPECT_THAT(order,
              testing::ElementsAre("/fast0", "/fast1", "/slow0", "/slower0", "/fast2", "/fast3"));
}

}  // namespace
}  // namespace penstock
