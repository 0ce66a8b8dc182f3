// Requests whose bodies are limited in bytes per second. Where time matters, only lower bounds are
// asserted.

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "absl/time/clock.h"
#include "base/checksum.h"
#include "base/http/fake_http_server.h"
#include "base/http/http_loop.h"
#include "base/notification.h"

namespace penstock {
namespace {

using Answer = absl::StatusOr<HttpResponse>;

constexpr int64_t kKiB = 1024;
constexpr int64_t kPiece = 16 * kKiB;  // of slow limits
constexpr int64_t kBurst = RateLimit::kLeastBurst;

class StoppedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1'700'000'000); }
};

std::shared_ptr<RateLimit> Limit(int64_t rate, const Clock& clock = SystemClock()) {
  return std::make_shared<RateLimit>(rate, clock);
}

HttpRequest Put(const std::string& url, int64_t bytes, const std::shared_ptr<RateLimit>& limit) {
  HttpRequest request;
  request.method = "PUT";
  request.url = url;
  request.body = MakeBuffer(std::string(static_cast<size_t>(bytes), 'x'));
  request.throttle.Add(limit);
  return request;
}

std::future<Answer> Begin(HttpLoop& loop, HttpRequest request) {
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> future = promise->get_future();
  loop.Send(std::move(request),
            [promise](Answer answer) { promise->set_value(std::move(answer)); });
  return future;
}

void ReplyWithSize(FakeExchange& exchange) {
  exchange.Reply(200, {}, std::to_string(exchange.ReadBody().size()));
}

// What the limit, full at first and with a clock that stands, has given away.
void ExpectTaken(RateLimit& limit, int64_t bytes) {
  EXPECT_EQ(limit.Take(kBurst - bytes), absl::ZeroDuration());
  EXPECT_GT(limit.Take(1), absl::ZeroDuration());
}

TEST(HttpThrottleTest, CountsTheBytesOfBodies) {
  FakeHttpServer server(ReplyWithSize);
  const StoppedClock clock;
  const auto limit = Limit(kKiB, clock);
  HttpLoop loop;
  EXPECT_EQ(Begin(loop, Put(server.url(), 40'000, limit)).get()->body, "40000");
  EXPECT_EQ(Begin(loop, Put(server.url(), 0, limit)).get()->body, "0");
  ExpectTaken(*limit, 40'000);
}

TEST(HttpThrottleTest, CountsWhatIsSentAgain) {
  std::atomic<int> requests = 0;
  FakeHttpServer server([&](FakeExchange& exchange) {
    const std::string body = exchange.ReadBody();
    if (++requests == 2) {
      exchange.Close();  // of a reused connection, without an answer: libcurl begins anew
      return;
    }
    exchange.Reply(200, {}, std::to_string(body.size()));
  });
  const StoppedClock clock;
  const auto limit = Limit(kKiB, clock);
  HttpLoop loop;
  ASSERT_EQ(Begin(loop, Put(server.url(), kPiece, limit)).get()->body, "16384");
  const Answer answer = Begin(loop, Put(server.url(), kPiece, limit)).get();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(requests, 3);
  ExpectTaken(*limit, 3 * kPiece);
}

// A head whose body is still to come is no request that is sent twice.
TEST(HttpThrottleTest, SendsAgainWhatIsSentOnceAndHasNotBegun) {
  std::atomic<int> requests = 0;
  FakeHttpServer server([&](FakeExchange& exchange) {
    switch (++requests) {
      case 1:
        return ReplyWithSize(exchange);
      case 2:
        return exchange.Reset();
      default:
        exchange.Reply(403, {"Connection: close"}, exchange.Header("content-length"));
        exchange.WaitForClientToClose();
    }
  });
  HttpLoop loop;
  ASSERT_EQ(Begin(loop, Put(server.url(), 1, Limit(kKiB))).get()->body, "1");
  const StoppedClock clock;
  const auto limit = Limit(1, clock);
  limit->Take(kBurst);  // the first piece would be free in hours: however late it is broken off
  HttpRequest request = Put(server.url(), kPiece, limit);
  request.send_once = true;
  const Answer answer = Begin(loop, std::move(request)).get();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body, "16384");
  EXPECT_EQ(requests, 3);
}

TEST(HttpThrottleTest, GivesBackWhatAnEndedRequestHasNotSent) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.ReadSome(1000);
    exchange.Reply(403, {"Connection: close"}, "denied");
    exchange.WaitForClientToClose();
  });
  const StoppedClock clock;
  const auto limit = Limit(1, clock);
  limit->Take(kBurst - kPiece);
  HttpLoop loop;
  // The second piece would be free in five hours: an answer that is there is not waited for.
  const Answer answer = Begin(loop, Put(server.url(), kBurst, limit)).get();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 403);
  EXPECT_EQ(answer->body, "denied");
  EXPECT_EQ(limit->Take(0), absl::ZeroDuration());
}

TEST(HttpThrottleTest, NoticesABrokenConnectionWhileItWaits) {
  FakeHttpServer server([](FakeExchange& exchange) {
    exchange.ReadSome(1000);
    exchange.Reset();
  });
  HttpLoop loop;
  const Answer answer = Begin(loop, Put(server.url(), 2 * kBurst, Limit(1))).get();
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
}

TEST(HttpThrottleTest, RequestsShareTheirLimits) {
  constexpr int64_t kRate = 512 * kKiB;
  constexpr int kRequests = 4;
  FakeHttpServer server(ReplyWithSize);
  const auto process = Limit(kRate);
  HttpLoop loop;
  const absl::Time start = absl::Now();
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < kRequests; ++i) {
    HttpRequest request = Put(server.url(), kBurst, Limit(int64_t{1} << 30));
    request.throttle.Add(process);
    answers.push_back(Begin(loop, std::move(request)));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get()->body, std::to_string(kBurst));
  EXPECT_GE(absl::Now() - start,
            absl::Seconds(static_cast<double>((kRequests - 1) * kBurst) / kRate));
}

// Whose stall timeout is a fifth of the wait for a piece. What it sends is asked for, not how it
// ends: the server is a thread that may be slow to answer.
HttpRequest PutThatWaits(const std::string& url) {
  HttpRequest request = Put(url, kBurst + 2 * kPiece, Limit(64 * kKiB));
  request.stall_timeout = absl::Milliseconds(50);
  return request;
}

TEST(HttpThrottleTest, WhoWaitsForTheLimitIsNotStalled) {
  std::promise<int64_t> received;
  FakeHttpServer server(
      [&](FakeExchange& exchange) { received.set_value(std::ssize(exchange.ReadBody())); });
  HttpLoop loop;
  (void)Begin(loop, PutThatWaits(server.url())).get();
  EXPECT_GT(received.get_future().get(), kBurst);
}

// As after SIGSTOP, or in a VM that slept.
void StandStill(HttpLoop& loop, const std::string& url, absl::Duration duration) {
  HttpRequest request;
  request.method = "GET";
  request.url = url;
  request.on_start = [duration](HttpRequest&) { absl::SleepFor(duration); };
  EXPECT_TRUE(Begin(loop, std::move(request)).get().ok());
}

TEST(HttpThrottleTest, WhoWaitsWhileTheLoopStandsStillIsNotStalled) {
  Notification begun;
  std::promise<int64_t> received;
  FakeHttpServer server([&](FakeExchange& exchange) {
    if (exchange.method() == "GET") {
      exchange.Reply(200);
      return;
    }
    const int64_t first = std::ssize(exchange.ReadSome(kBurst));
    begun.Notify();
    received.set_value(first + std::ssize(exchange.ReadBody()));
  });
  HttpLoop loop;
  std::future<Answer> waits = Begin(loop, PutThatWaits(server.url()));
  begun.WaitForNotification();
  StandStill(loop, server.url(), absl::Milliseconds(10));   // a look at the times is due then
  StandStill(loop, server.url(), absl::Milliseconds(500));  // the wait, and five stall timeouts
  (void)waits.get();
  EXPECT_GT(received.get_future().get(), kBurst);
}

TEST(HttpThrottleTest, ALargeBodyLetsASmallOneHaveItsTurns) {
  Notification begun;
  FakeHttpServer server([&](FakeExchange& exchange) {
    if (exchange.target() == "/large") begun.Notify();
    ReplyWithSize(exchange);
  });
  const auto limit = Limit(64 * kKiB);
  std::future<Answer> large;
  {
    HttpLoop loop;
    large = Begin(loop, Put(server.url() + "/large", 4096 * kKiB, limit));  // a minute
    begun.WaitForNotification();
    EXPECT_EQ(Begin(loop, Put(server.url() + "/small", kPiece, limit)).get()->body, "16384");
    EXPECT_NE(large.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  }
  EXPECT_EQ(large.get().status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace penstock
