#include "base/http/http_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>

#include "absl/time/clock.h"
#include "base/checksum.h"
#include "base/clock.h"
#include "base/http/fake_http_server.h"
#include "base/mutex.h"
#include "base/notification.h"

namespace penstock {
namespace {

using Answer = absl::StatusOr<HttpResponse>;

// A body that no socket buffer holds.
constexpr size_t kBig = 32 * 1024 * 1024;

HttpRequest Request(const std::string& method, const std::string& url,
                    std::shared_ptr<const Buffer> body = nullptr) {
  HttpRequest request;
  request.method = method;
  request.url = url;
  request.body = std::move(body);
  return request;
}

std::future<Answer> Begin(HttpLoop& loop, HttpRequest request) {
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> future = promise->get_future();
  loop.Send(std::move(request),
            [promise](Answer answer) { promise->set_value(std::move(answer)); });
  return future;
}

Answer Do(HttpLoop& loop, HttpRequest request) { return Begin(loop, std::move(request)).get(); }

std::shared_ptr<const Buffer> BigBody() {
  std::string bytes(kBig, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  return MakeBuffer(bytes);
}

TEST(HttpLoopTest, ReusesConnections) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.ReadBody();
    exchange.Reply(200, {}, exchange.target());
  });
  HttpLoop loop;
  for (int i = 0; i < 20; ++i) {
    const std::string path = "/" + std::to_string(i);
    const Answer answer = Do(loop, Request("PUT", server.url() + path, MakeBuffer("body")));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->body, path);
  }
  EXPECT_EQ(server.connection_count(), 1);
}

TEST(HttpLoopTest, SendsBigBodiesWithTheirLengthAndNothingOfItsOwn) {
  std::string crc64;
  std::multimap<std::string, std::string> headers;
  FakeHttpServer server([&](FakeExchange& exchange) {
    headers = exchange.headers();
    crc64 = std::to_string(Crc64(exchange.ReadBody()));
    exchange.Reply(200, {"X-Crc: " + crc64});
  });
  HttpLoop loop;
  const auto body = BigBody();
  HttpRequest request = Request("PUT", server.url() + "/a", body);
  request.headers = {"X-Note: one"};
  const Answer answer = Do(loop, std::move(request));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->Header("x-crc"), std::to_string(body->crc64()));
  EXPECT_EQ(headers.find("content-length")->second, std::to_string(kBig));
  EXPECT_EQ(headers.find("x-note")->second, "one");
  EXPECT_EQ(headers.count("expect"), 0u);
  EXPECT_EQ(headers.count("transfer-encoding"), 0u);
  EXPECT_EQ(headers.count("content-type"), 0u);
}

TEST(HttpLoopTest, SendsEveryMethodAsItIs) {
  FakeHttpServer server([](FakeExchange& exchange) {
    const std::string body = exchange.ReadBody();
    exchange.Reply(200,
                   {"Seen: " + exchange.method() + "|" + exchange.Header("content-length") + "|" +
                    exchange.Header("content-type") + "|" + exchange.target()},
                   body);
  });
  HttpLoop loop;
  const std::string url = server.url() + "/a/../b%20c//d?uploads&x=%2F";
  const std::string target = "/a/../b%20c//d?uploads&x=%2F";
  EXPECT_EQ(Do(loop, Request("HEAD", url))->Header("seen"), "HEAD|||" + target);
  EXPECT_EQ(Do(loop, Request("GET", url))->Header("seen"), "GET|||" + target);
  EXPECT_EQ(Do(loop, Request("DELETE", url))->Header("seen"), "DELETE|||" + target);
  EXPECT_EQ(Do(loop, Request("POST", url))->Header("seen"), "POST|0||" + target);
  EXPECT_EQ(Do(loop, Request("PUT", url, MakeBuffer("")))->Header("seen"), "PUT|0||" + target);
  HttpRequest post = Request("POST", url, MakeBuffer("abc"));
  post.headers = {"Content-Type: text/plain"};
  const Answer answer = Do(loop, std::move(post));
  EXPECT_EQ(answer->Header("seen"), "POST|3|text/plain|" + target);
  EXPECT_EQ(answer->body, "abc");
}

TEST(HttpLoopTest, LowersHeaderNamesAndKeepsEveryValue) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.Write("HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n");
    exchange.Reply(200, {"ETag: \"AbC\"", "X-Twice: 1", "x-twice:2"});
  });
  HttpLoop loop;
  const Answer answer = Do(loop, Request("GET", server.url()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->Header("etag"), "\"AbC\"");
  EXPECT_EQ(answer->headers.count("x-twice"), 2u);
  EXPECT_EQ(answer->Header("x-interim"), "");
}

TEST(HttpLoopTest, DoesNotFollowRedirects) {
  FakeHttpServer server(
      [](FakeExchange& exchange) { exchange.Reply(302, {"Location: http://127.0.0.1:1/"}); });
  HttpLoop loop;
  EXPECT_EQ(Do(loop, Request("GET", server.url()))->status, 302);
}

TEST(HttpLoopTest, TakesAnAnswerThatComesBeforeTheBodyIsSent) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.ReadSome(1000);
    exchange.Reply(403, {"Connection: close"}, "denied");
    exchange.WaitForClientToClose();
  });
  HttpLoop loop;
  const Answer answer = Do(loop, Request("PUT", server.url(), BigBody()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 403);
  EXPECT_EQ(answer->body, "denied");
}

TEST(HttpLoopTest, GoesOnSendingWhenWhatCameIsNoAnswerYet) {
  FakeHttpServer server([](FakeExchange& exchange) {
    std::string body = exchange.ReadSome(1000);
    exchange.Write("HTTP/1.1 102 Processing\r\n\r\n");
    body += exchange.ReadBody();
    exchange.Reply(200, {}, std::to_string(Crc64(body)));
  });
  HttpLoop loop;
  const auto body = BigBody();
  const Answer answer = Do(loop, Request("PUT", server.url(), body));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, std::to_string(body->crc64()));
}

TEST(HttpLoopTest, AnswersUnavailableWhenTheConnectionBreaks) {
  std::atomic<int> requests = 0;
  FakeHttpServer server([&](FakeExchange& exchange) {
    ++requests;
    exchange.ReadSome(1000);
    exchange.Reset();
  });
  HttpLoop loop;
  const Answer answer = Do(loop, Request("PUT", server.url(), BigBody()));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(requests, 1);
}

TEST(HttpLoopTest, RewindsTheBodyWhenAReusedConnectionHasEnded) {
  std::atomic<int> requests = 0;
  FakeHttpServer server([&](FakeExchange& exchange) {
    if (++requests == 2) {
      exchange.Close();  // as a server does that has just given up an idle connection
      return;
    }
    exchange.Reply(200, {}, exchange.ReadBody());
  });
  HttpLoop loop;
  ASSERT_EQ(Do(loop, Request("PUT", server.url(), MakeBuffer("first")))->body, "first");
  const Answer answer = Do(loop, Request("PUT", server.url(), MakeBuffer("second")));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "second");
  EXPECT_EQ(requests, 3);
}

TEST(HttpLoopTest, SendsOnceWhereAReusedConnectionEndsBeforeTheAnswer) {
  std::atomic<int> requests = 0;
  FakeHttpServer server([&](FakeExchange& exchange) {
    const std::string body = exchange.ReadBody();
    if (++requests % 2 == 1) {
      exchange.Reply(200, {}, body);
    } else {
      exchange.Close();  // it may have done what was asked
    }
  });
  HttpLoop loop;
  for (const std::string& body : {std::string("small"), std::string(1 << 20, 'x'), std::string()}) {
    const int before = requests;
    ASSERT_TRUE(Do(loop, Request("PUT", server.url(), MakeBuffer("first"))).ok());
    HttpRequest request = Request("PUT", server.url(), MakeBuffer(body));
    request.send_once = true;
    EXPECT_EQ(Do(loop, std::move(request)).status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(requests, before + 2);
  }
}

// The request was carried out, for all that anybody knows.
TEST(HttpLoopTest, AnAnswerThatIsNoHttpIsNoMistakeOfTheCaller) {
  for (const char* answer : {"what is this?\r\n\r\n", "HTTP/4.2 200 OK\r\n\r\n"}) {
    FakeHttpServer server([&](FakeExchange& exchange) {
      exchange.ReadBody();
      exchange.Write(answer);
      exchange.Close();
    });
    HttpLoop loop;
    const Answer got = Do(loop, Request("PUT", server.url(), MakeBuffer("body")));
    EXPECT_EQ(got.status().code(), absl::StatusCode::kUnavailable) << answer << got.status();
  }
}

TEST(HttpLoopTest, SendsOnceOverAConnectionThatServedBefore) {
  FakeHttpServer server(
      [](FakeExchange& exchange) { exchange.Reply(200, {}, exchange.ReadBody()); });
  HttpLoop loop;
  for (const char* body : {"first", "second", "third"}) {
    HttpRequest request = Request("PUT", server.url(), MakeBuffer(body));
    request.send_once = true;
    EXPECT_EQ(Do(loop, std::move(request))->body, body);
  }
  EXPECT_EQ(server.connection_count(), 1);
}

TEST(HttpLoopTest, OpensNewConnectionsWithinItsLimit) {
  constexpr int kRequests = 10;
  FakeHttpServer server(
      [](FakeExchange& exchange) { exchange.Reply(200, {}, exchange.ReadBody()); });
  HttpLoopOptions options;
  options.max_connections = 2;
  HttpLoop loop(options);
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < kRequests; ++i) {
    HttpRequest request = Request("PUT", server.url(), MakeBuffer(""));
    request.send_once = true;
    answers.push_back(Begin(loop, std::move(request)));
  }
  for (int i = 0; i < kRequests; ++i) EXPECT_EQ(answers[i].get()->status, 200);
  EXPECT_EQ(server.connection_count(), kRequests);
}

TEST(HttpLoopTest, StartsARequestWhenItsTurnHasCome) {
  Notification arrived;
  Notification let_go;
  FakeHttpServer server([&](FakeExchange& exchange) {
    if (exchange.target() == "/first") {
      arrived.Notify();
      let_go.WaitForNotification();
    }
    exchange.Reply(200, {}, exchange.target() + exchange.Header("x-note"));
  });
  HttpLoopOptions options;
  options.max_connections = 1;
  HttpLoop loop(options);
  std::atomic<bool> started = false;
  std::future<Answer> first = Begin(loop, Request("GET", server.url() + "/first"));
  HttpRequest request = Request("GET", "to be set");
  request.on_start = [&](HttpRequest& now) {
    started = true;
    now.url = server.url() + "/second";
    now.headers = {"X-Note: signed"};
  };
  std::future<Answer> second = Begin(loop, std::move(request));
  arrived.WaitForNotification();
  EXPECT_FALSE(started);
  let_go.Notify();
  EXPECT_EQ(first.get()->body, "/first");
  EXPECT_EQ(second.get()->body, "/secondsigned");
}

TEST(HttpLoopTest, AnswersUnavailableWhenTheAnswerIsCutShort) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    exchange.Close();
  });
  HttpLoop loop;
  EXPECT_EQ(Do(loop, Request("GET", server.url())).status().code(), absl::StatusCode::kUnavailable);
}

TEST(HttpLoopTest, AnswersUnavailableWhenNobodyListens) {
  std::string url;
  {
    FakeHttpServer server([](FakeExchange&) {});
    url = server.url();
  }
  HttpLoop loop;
  EXPECT_EQ(Do(loop, Request("GET", url)).status().code(), absl::StatusCode::kUnavailable);
}

TEST(HttpLoopTest, EndsARequestThatStalls) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.ReadSome(1000);
    exchange.WaitForClientToClose();
  });
  HttpLoop loop;
  HttpRequest request = Request("GET", server.url());
  request.stall_timeout = absl::Milliseconds(50);
  EXPECT_EQ(Do(loop, std::move(request)).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(HttpLoopTest, LetsARequestThatMovesOutliveTheStallTimeout) {
  constexpr absl::Duration kStall = absl::Milliseconds(300);
  const std::string drops(30, 'x');
  Answer answer;
  absl::Duration longest;
  do {
    longest = absl::InfiniteDuration();  // where it is not even accepted
    const absl::Duration begun = SteadyNow();
    FakeHttpServer server([&](FakeExchange& exchange) {
      exchange.Write("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n");
      longest = exchange.Drip(drops, absl::Milliseconds(20), begun);
    });
    HttpLoop loop;
    HttpRequest request = Request("GET", server.url());
    request.stall_timeout = kStall;
    answer = Do(loop, std::move(request));
  } while (!answer.ok() && longest >= kStall / 2);  // of the server, which was not let run
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, drops);
}

TEST(HttpLoopTest, EndsARequestThatTakesTooLongThoughItMoves) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (exchange.Write("x")) absl::SleepFor(absl::Milliseconds(5));
  });
  HttpLoop loop;
  HttpRequest request = Request("GET", server.url());
  request.total_timeout = absl::Milliseconds(100);
  EXPECT_EQ(Do(loop, std::move(request)).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(HttpLoopTest, RefusesAnswersThatAreTooLarge) {
  FakeHttpServer server([](FakeExchange& exchange) {
    const size_t size = exchange.target() == "/fits" ? 1000 : 1001;
    exchange.Reply(200, {}, std::string(size, 'x'));
  });
  HttpLoopOptions options;
  options.max_response_bytes = 1000;
  HttpLoop loop(options);
  EXPECT_EQ(Do(loop, Request("GET", server.url() + "/fits"))->body.size(), 1000u);
  EXPECT_EQ(Do(loop, Request("GET", server.url() + "/more")).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(HttpLoopTest, RefusesOtherProtocolsAndBadRequests) {
  HttpLoop loop;
  for (const char* url : {"ftp://127.0.0.1/", "file:///etc/hostname", "http://"}) {
    EXPECT_EQ(Do(loop, Request("GET", url)).status().code(), absl::StatusCode::kInvalidArgument)
        << url;
  }
  HttpRequest request = Request("GET", "http://127.0.0.1:1/");
  request.headers = {"X-Note: a\r\nX-Injected: b"};
  EXPECT_EQ(Do(loop, std::move(request)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(HttpLoopTest, KeepsToItsConnectionsAndAnswersEverybody) {
  constexpr int kConnections = 4;
  constexpr int kRequests = 200;
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  FakeHttpServer server([&](FakeExchange& exchange) {
    const int now = ++running;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    const std::string body = exchange.ReadBody();
    --running;
    exchange.Reply(200, {}, body);
  });
  HttpLoopOptions options;
  options.max_connections = kConnections;
  HttpLoop loop(options);
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < kRequests; ++i) {
    answers.push_back(Begin(loop, Request("PUT", server.url(),
                                          MakeBuffer(std::string(5000, 'a') + std::to_string(i)))));
  }
  for (int i = 0; i < kRequests; ++i) {
    const Answer answer = answers[i].get();
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->body, std::string(5000, 'a') + std::to_string(i));
  }
  EXPECT_LE(most, kConnections);
  EXPECT_LE(server.connection_count(), kConnections);
}

TEST(HttpLoopTest, CountsTheTotalTimeoutWhileWaitingForAConnection) {
  FakeHttpServer server([](FakeExchange& exchange) { exchange.WaitForClientToClose(); });
  HttpLoopOptions options;
  options.max_connections = 1;
  HttpLoop loop(options);
  std::future<Answer> first = Begin(loop, Request("GET", server.url()));
  HttpRequest request = Request("GET", server.url());
  request.total_timeout = absl::Milliseconds(50);
  EXPECT_EQ(Do(loop, std::move(request)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(first.wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

TEST(HttpLoopTest, DestructorCancelsWhatIsUnderWayAndWaiting) {
  Notification arrived;
  FakeHttpServer server([&](FakeExchange& exchange) {
    arrived.Notify();
    exchange.WaitForClientToClose();
  });
  std::vector<std::future<Answer>> answers;
  {
    HttpLoopOptions options;
    options.max_connections = 1;
    HttpLoop loop(options);
    for (int i = 0; i < 3; ++i) answers.push_back(Begin(loop, Request("GET", server.url())));
    arrived.WaitForNotification();
  }
  for (auto& answer : answers) {
    EXPECT_EQ(answer.get().status().code(), absl::StatusCode::kCancelled);
  }
}

TEST(HttpLoopTest, CallbacksMaySend) {
  FakeHttpServer server([](FakeExchange& exchange) { exchange.Reply(200, {}, exchange.target()); });
  HttpLoop loop;
  std::promise<Answer> second;
  loop.Send(Request("GET", server.url() + "/one"), [&](const Answer&) {
    loop.Send(Request("GET", server.url() + "/two"),
              [&](Answer answer) { second.set_value(std::move(answer)); });
  });
  EXPECT_EQ(second.get_future().get()->body, "/two");
}

}  // namespace
}  // namespace penstock
