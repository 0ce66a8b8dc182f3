// How requests flow: their connections, their turns, and the way they take.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "base/clock.h"
#include "base/http/fake_tls_server.h"
#include "base/notification.h"
#include "plugin/oss/fake_oss.h"
#include "plugin/oss/signature.h"
#include "tests/support/temp_dir.h"

namespace penstock::oss {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class FlowTest : public OssBackendTest {
 protected:
  // Begins `count` uploads at once and answers how many of them were let go before any was
  // answered: those that were signed before the clock went on.
  int LetGoAtOnce(int count) {
    Notification gate;
    Intercept([&gate](FakeExchange&) {
      gate.WaitForNotification();
      return false;
    });
    Expect(std::vector<Reply>(count, kPartStored));
    const size_t before = requests().size();
    std::vector<std::promise<absl::StatusOr<std::string>>> answers(count);
    for (auto& answer : answers) {
      backend_->UploadPart(kObject, "ID", 7, MakeBuffer("hello"), Into(answer));
    }
    AwaitHttpLoop();
    const std::string now = Stamp();
    clock_.Advance(1);
    gate.Notify();
    for (auto& answer : answers) EXPECT_TRUE(answer.get_future().get().ok());
    Intercept(nullptr);
    int let_go = 0;
    for (size_t i = before; i < requests().size(); ++i) let_go += Sent(i, "x-oss-date") == now;
    return let_go;
  }

  // Returns when the loop has begun whatever was sent before.
  void AwaitHttpLoop() {
    FakeHttpServer other([](FakeExchange& exchange) { exchange.Reply(200); });
    HttpRequest request;
    request.method = "GET";
    request.url = other.url();
    std::promise<absl::StatusOr<HttpResponse>> answer;
    http_.Send(std::move(request), Into(answer));
    EXPECT_TRUE(answer.get_future().get().ok());
  }

  std::string Stamp() const { return FormatSigningTime(clock_.Now()); }
};

TEST_F(FlowTest, ConnectionsAreReused) {
  for (int i = 0; i < 5; ++i) {
    Expect({kPartStored, Refusal(404, "NoSuchUpload"), kDescribed});
    EXPECT_TRUE(Upload("hello").ok());
    EXPECT_FALSE(Upload("hello").ok());
    EXPECT_TRUE(Stat().ok());
  }
  EXPECT_EQ(server_.connection_count(), 1);
}

TEST_F(FlowTest, APutOrCompleteWhoseConnectionEndsReachesOssOnce) {
  const std::function<absl::Status()> calls[] = {[this] { return Put("hello").status(); },
                                                 [this] { return Put("").status(); },
                                                 [this] { return Complete().status(); }};
  for (const auto& call : calls) {
    Expect({kPartStored});
    ASSERT_TRUE(Upload("hello").ok());  // leaves a connection that could be used again
    std::atomic<int> seen = 0;
    Intercept([&seen](FakeExchange& exchange) {
      exchange.ReadBody();
      ++seen;
      exchange.Close();
      return true;
    });
    EXPECT_EQ(ErrorReason(call()), kReasonUnavailable);
    EXPECT_EQ(seen, 1);
    Intercept(nullptr);
  }
}

TEST_F(FlowTest, AnswersOfProxiesAreToldAsTheyAre) {
  const Reply broken = {502, {}, "<html><h1>Bad gateway</h1></html>"};
  Expect({broken, kPartStored});
  EXPECT_TRUE(Upload("hello").ok());
  Expect({broken, broken, broken, broken});
  const absl::Status status = Upload("hello").status();
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("HTTP 502 (<html><h1>Bad gateway"));
  EXPECT_EQ(ErrorMetadataOf(status)["oss_message"], "<html><h1>Bad gateway</h1></html>");
}

TEST_F(FlowTest, AnErrorMayComeLateInAnAnswerThatBeganWell) {
  Expect({{200,
           {"x-oss-request-id: R1"},
           "\n \n \n<?xml version=\"1.0\"?>\n<Error><Code>NoSuchUpload</Code></Error>"}});
  EXPECT_EQ(ErrorReason(Complete().status()), kReasonNoSuchUpload);
}

class StallTest : public FlowTest {
 protected:
  static constexpr absl::Duration kStall = absl::Seconds(1);

  StallTest() { Configure({{"stall_timeout", absl::FormatDuration(kStall)}}); }
};

TEST_F(StallTest, AStalledConnectionIsDroppedAndTheRequestSentAgain) {
  const std::pair<const char*, std::function<void(FakeExchange&)>> stalls[] = {
      {"within the body", [](FakeExchange& exchange) { exchange.ReadSome(1000); }},
      {"before the answer", [](FakeExchange& exchange) { exchange.ReadBody(); }},
      {"within the answer", [](FakeExchange& exchange) {
         exchange.ReadBody();
         exchange.Write(
             "HTTP/1.1 200 OK\r\nx-oss-request-id: R0\r\nETag: \"E7\"\r\nContent-Length: "
             "10\r\n\r\n<x");
       }}};
  for (const auto& [name, stall] : stalls) {
    // Shared: the handler of a request that was given up may come late.
    struct Seen {
      std::atomic<int> count = 0;
      Notification dropped;
    };
    const auto seen = std::make_shared<Seen>();
    Intercept([seen, stall = stall](FakeExchange& exchange) {
      if (++seen->count > 1) return false;
      stall(exchange);
      exchange.WaitForClientToClose();
      seen->dropped.Notify();
      return true;
    });
    Expect(std::vector<Reply>(8, {200, {"ETag: \"E7\""}, ""}));
    // More than the sockets hold.
    const absl::StatusOr<std::string> etag = Upload(std::string(16 << 20, 'x'));
    EXPECT_TRUE(etag.ok()) << name << ": " << etag.status();
    EXPECT_GE(seen->count, 2) << name;  // more where the server was not let run for a while
    seen->dropped.WaitForNotification();
    Intercept(nullptr);
  }
}

TEST_F(StallTest, ARequestThatMovesOutlivesItsStallTimeout) {
  struct Seen {
    std::atomic<int> count = 0;
    std::promise<absl::Duration> longest;  // between two drops
  };
  std::shared_ptr<Seen> seen;
  absl::Duration longest;
  do {
    seen = std::make_shared<Seen>();
    Intercept([seen, begun = SteadyNow()](FakeExchange& exchange) {
      exchange.ReadBody();
      if (++seen->count > 1) return Give(exchange, kPartStored);
      const std::string drops(60, 'x');
      exchange.Write(absl::StrCat(
          "HTTP/1.1 200 OK\r\nx-oss-request-id: R0\r\nETag: \"E7\"\r\nContent-Length: ",
          drops.size(), "\r\n\r\n"));
      seen->longest.set_value(exchange.Drip(drops, absl::Milliseconds(25), begun));
      return true;
    });
    EXPECT_EQ(Upload("hello").value_or(""), "E7");
    longest = seen->longest.get_future().get();
  } while (seen->count > 1 && longest >= kStall / 2);  // of the server, which was not let run
  EXPECT_EQ(seen->count, 1);
}

class OneAtATimeTest : public FlowTest {
 protected:
  OneAtATimeTest() { Configure({{"max_requests", "1"}}); }
};

TEST_F(OneAtATimeTest, WhatWaitsIsSignedWhenItsTurnHasCome) {
  EXPECT_EQ(LetGoAtOnce(3), 1);
  EXPECT_EQ(server_.connection_count(), 1);
}

class FourAtATimeTest : public FlowTest {
 protected:
  FourAtATimeTest() { Configure({{"max_requests", "4"}}); }
};

TEST_F(FourAtATimeTest, ThrottlingLowersTheParallelismAndLoadRaisesItAgain) {
  EXPECT_EQ(LetGoAtOnce(8), 4);
  Expect({Refusal(503, "TotalQpsLimitExceeded"), kPartStored});
  ASSERT_TRUE(Upload("hello").ok());
  EXPECT_EQ(LetGoAtOnce(3), 2);
  EXPECT_EQ(LetGoAtOnce(3), 2);  // not at once
  while (LetGoAtOnce(8) < 4) {
  }
  EXPECT_EQ(LetGoAtOnce(8), 4);
}

TEST_F(FourAtATimeTest, AnAnswerThatWasDelayedOnPurposeLowersTheParallelism) {
  Reply slowed = kPartStored;
  slowed.headers.push_back("x-oss-qos-delay-time: 120");
  Expect({slowed});
  ASSERT_TRUE(Upload("hello").ok());
  EXPECT_EQ(LetGoAtOnce(8), 2);
}

TEST_F(FourAtATimeTest, OtherFailuresDoNot) {
  Expect({Refusal(500, "InternalError"), {0, {}, ""}, kPartStored});
  ASSERT_TRUE(Upload("hello").ok());
  Expect({Refusal(404, "NoSuchUpload")});
  ASSERT_FALSE(Upload("hello").ok());
  EXPECT_EQ(LetGoAtOnce(8), 4);
}

class V1Test : public FlowTest {
 protected:
  V1Test() { Configure({{"signature", "v1"}}); }
};

TEST_F(V1Test, SignsWithV1AndCorrectsItsDate) {
  Expect(
      {Refusal(403, "RequestTimeTooSkewed", {"Date: Sun, 17 Dec 2023 03:47:36 GMT"}), kPartStored});
  EXPECT_TRUE(Upload("hello").ok());
  EXPECT_EQ(Sent(0, "date"), "Sat, 16 Dec 2023 16:20:57 GMT");
  EXPECT_EQ(Sent(1, "date"), "Sun, 17 Dec 2023 03:47:36 GMT");
  EXPECT_THAT(Sent(1, "authorization"), StartsWith("OSS ak:"));
  EXPECT_EQ(Sent(1, "x-oss-date"), "");
  EXPECT_EQ(Sent(1, "x-oss-content-sha256"), "");
}

// A remote that is not at the server of the fixture.
class RouteTest : public testing::Test {
 protected:
  absl::Status Abort(OptionValues values) {
    values.insert({{"region", "cn-hangzhou"},
                   {"access_key_id", "ak"},
                   {"access_key_secret_file", WriteFile("secret", "sk")}});
    Registry registry;
    registry.Add(OssBackendInfo());
    auto backend =
        registry.Create("oss", values, {&http_, &executor_, &executor_, &clock_, &random_});
    if (!backend.ok()) return backend.status();
    std::promise<absl::Status> answer;
    (*backend)->AbortUpload(kObject, "ID", Into(answer));
    return answer.get_future().get();
  }

  std::string WriteFile(const std::string& name, const std::string& text) const {
    testing_support::WriteFile(directory_.File(name), text);
    return directory_.File(name);
  }

  const testing_support::TempDir directory_;
  FakeClock clock_;
  FakeRandom random_;
  FakeExecutor executor_;
  HttpLoop http_;
};

TEST_F(RouteTest, GoesThroughTheProxyOfTheRemote) {
  std::promise<std::string> seen;
  FakeHttpServer proxy([&seen](FakeExchange& exchange) {
    seen.set_value(exchange.target() + " " + exchange.Header("proxy-authorization"));
    Give(exchange, {204, {}, ""});
  });
  EXPECT_TRUE(Abort({{"endpoint", "http://oss.invalid"},
                     {"proxy", proxy.url()},
                     {"proxy_credentials_file", WriteFile("proxy", "user:word")}})
                  .ok());
  EXPECT_EQ(seen.get_future().get(),
            "http://bucket.oss.invalid/dir/key%201?uploadId=ID Basic dXNlcjp3b3Jk");
}

TEST_F(RouteTest, SaysThatTheProxyRefused) {
  FakeHttpServer proxy([](FakeExchange& exchange) { exchange.Reply(407); });
  const absl::Status status = Abort({{"endpoint", "https://oss.invalid"}, {"proxy", proxy.url()}});
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("proxy_credentials_file"));
}

TEST_F(RouteTest, TrustsTheCertificatesOfTheRemote) {
  FakeTlsServer server("x-oss-request-id: R0\r\n");
  const std::string endpoint = absl::StrCat("https://localhost:", server.port());
  EXPECT_TRUE(
      Abort({{"endpoint", endpoint}, {"ca_file", WriteFile("ca.pem", server.certificate())}}).ok());
  const absl::Status status = Abort({{"endpoint", endpoint}});
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("set the remote's ca_file"));
}

}  // namespace
}  // namespace penstock::oss
