// Requests to OSS whose credentials come from a service and end: nobody who puts an object notices.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/notification.h"
#include "plugin/oss/credentials/fake_cloud.h"
#include "plugin/oss/fake_oss.h"

namespace penstock::oss {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kTokenHeader[] = "x-oss-security-token";

// Where it is later, by whole seconds, when delayed work runs.
class PassingTimeExecutor final : public Executor {
 public:
  explicit PassingTimeExecutor(SettableClock& clock) : clock_(clock) {}

  void Post(Closure closure) override { pool_->Post(std::move(closure)); }
  void PostAfter(absl::Duration delay, Closure closure) override {
    clock_.Advance(absl::Ceil(delay, absl::Seconds(1)));
    pool_->Post(std::move(closure));
  }

 private:
  SettableClock& clock_;
  const std::unique_ptr<Executor> pool_ = MakeThreadPool(1);
};

// The backend of OssBackendTest with the credentials of a RAM role, and a clock that tests set.
class OssCredentialsTest : public OssBackendTest {
 protected:
  OssCredentialsTest() { Make(cloud_.url(), server_.url()); }
  ~OssCredentialsTest() override {
    backend_.reset();  // before the clock
    EXPECT_THAT(cloud_.complaints(), IsEmpty());
  }

  void Make(const std::string& metadata_endpoint, const std::string& endpoint,
            HttpLoop* http = nullptr, Executor* executor = nullptr) {
    Registry registry;
    registry.Add(OssBackendInfo());
    auto backend = registry.Create(
        "oss",
        {{"endpoint", endpoint},
         {"region", "cn-hangzhou"},
         {"credentials", "ecs_ram_role"},
         {"ram_role_name", "uploads"},
         {"metadata_endpoint", metadata_endpoint}},
        {http == nullptr ? &http_ : http, executor == nullptr ? &executor_ : executor, &executor_,
         &time_, &random_});
    ASSERT_TRUE(backend.ok()) << backend.status();
    backend_ = *std::move(backend);
  }

  SettableClock time_;
  FakeCloud cloud_{time_};
};

TEST_F(OssCredentialsTest, RequestsAtTheStartWaitForOneFetch) {
  constexpr int kParts = 16;
  Expect(std::vector<Reply>(kParts, kPartStored));
  std::vector<std::promise<absl::StatusOr<std::string>>> answers(kParts);
  for (int i = 0; i < kParts; ++i) {
    backend_->UploadPart(kObject, "ID", i + 1, MakeBuffer("hello"), Into(answers[i]));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get_future().get().value(), "E7");
  for (int i = 0; i < kParts; ++i) EXPECT_EQ(Sent(i, kTokenHeader), "t1");
  EXPECT_EQ(cloud_.issued(), 1);
}

TEST_F(OssCredentialsTest, AnUploadThatOutlivesItsTokenDoesNotNotice) {
  Expect({kInitiated});
  ASSERT_TRUE(Initiate().ok());
  constexpr int kParts = 12;
  for (int i = 0; i < kParts; ++i) {  // half an hour each, of tokens that last an hour
    Expect({kPartStored});
    EXPECT_EQ(Upload("hello").value(), "E7");
    time_.Advance(absl::Minutes(30));
  }
  Expect({kCompleted, kDescribed});
  EXPECT_TRUE(Complete().ok());
  EXPECT_EQ(Sent(0, kTokenHeader), "t1");
  EXPECT_EQ(Sent(kParts + 1, kTokenHeader), absl::StrCat("t", cloud_.issued()));
  EXPECT_GE(cloud_.issued(), 6);
  EXPECT_EQ(requests().size(), kParts + 3u);  // nothing was refused
}

TEST_F(OssCredentialsTest, EachRefusalOfATokenIsMendedOnce) {
  int before = 0;
  for (const char* code :
       {"SecurityTokenExpired", "InvalidSecurityToken", "AccessKeyIdAndSecurityTokenNotMatch"}) {
    Expect({Refusal(403, code), kPartStored});
    EXPECT_EQ(Upload("hello").value(), "E7") << code;
    EXPECT_NE(Sent(before + 1, kTokenHeader), Sent(before, kTokenHeader)) << code;
    time_.Advance(absl::Seconds(1));
    Expect({Refusal(403, code), Refusal(403, code), kPartStored});
    EXPECT_EQ(ErrorReason(Upload("hello").status()), kReasonDenied) << code;
    before += 4;
    EXPECT_EQ(requests().size(), static_cast<size_t>(before));
    time_.Advance(absl::Seconds(1));
  }
}

TEST_F(OssCredentialsTest, ManyWhoseTokenIsRefusedFetchOnce) {
  constexpr int kParts = 16;
  std::atomic<int> refused = 0;
  const FakeHttpServer oss([&refused](FakeExchange& exchange) {
    exchange.ReadBody();
    const bool old = exchange.Header(kTokenHeader) == "t1";
    if (old) ++refused;
    const Reply reply = old ? Refusal(403, "SecurityTokenExpired") : kPartStored;
    Give(exchange, reply);
  });
  Make(cloud_.url(), oss.url());
  std::vector<std::promise<absl::StatusOr<std::string>>> answers(kParts);
  for (int i = 0; i < kParts; ++i) {
    backend_->UploadPart(kObject, "ID", i + 1, MakeBuffer("hello"), Into(answers[i]));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get_future().get().value(), "E7");
  EXPECT_GT(refused, 1);
  EXPECT_EQ(cloud_.issued(), 2);
  backend_.reset();  // before the server
}

TEST_F(OssCredentialsTest, CredentialsDoNotWaitBehindParts) {
  Notification release;
  const FakeHttpServer oss([&release](FakeExchange& exchange) {
    if (exchange.ReadBody() == "slow") release.WaitForNotification();
    Give(exchange, kPartStored);
  });
  HttpLoopOptions options;
  options.max_connections = 1;
  HttpLoop narrow(options);
  Make(cloud_.url(), oss.url(), &narrow);
  ASSERT_TRUE(Upload("hello").ok());
  time_.Advance(absl::Minutes(50));
  std::promise<absl::StatusOr<std::string>> answer;
  backend_->UploadPart(kObject, "ID", 7, MakeBuffer("slow"), Into(answer));
  EXPECT_TRUE(cloud_.AwaitIssued(2));
  release.Notify();
  EXPECT_FALSE(answer.get_future().get().ok());  // its CRC-64 is that of "hello"
  backend_.reset();                              // before loop and server
}

TEST_F(OssCredentialsTest, ASourceThatCannotBeReachedIsWorthAnotherAttempt) {
  std::string dead;
  {
    const FakeHttpServer server([](FakeExchange&) {});
    dead = server.url();
  }
  Make(dead, server_.url());
  const absl::Status status = Upload("hello").status();
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_EQ(RetryDelay(status), absl::Seconds(1));
  EXPECT_THAT(std::string(status.message()), HasSubstr(dead));
  EXPECT_EQ(ErrorReason(Stat().status()), kReasonUnavailable);
  std::promise<absl::StatusOr<std::unique_ptr<PreparedPut>>> put;
  backend_->PreparePut(kObject, {}, "mark", MakeBuffer("x"), Into(put));
  EXPECT_EQ(ErrorReason(put.get_future().get().status()), kReasonUnavailable);
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(OssCredentialsTest, ASourceThatFailsForAMomentIsNotNoticed) {
  std::atomic<int> asked = 0;
  const FakeHttpServer metadata([&asked](FakeExchange& exchange) {
    if (exchange.method() == "PUT") {
      exchange.Reply(404);
    } else if (++asked == 1) {
      exchange.Reply(500);
    } else {
      exchange.Reply(200, {},
                     R"({"Code": "Success", "AccessKeyId": "i", "AccessKeySecret": "s",)"
                     R"( "SecurityToken": "t", "Expiration": "2033-01-01T00:00:00Z"})");
    }
  });
  PassingTimeExecutor executor(time_);
  Make(metadata.url(), server_.url(), nullptr, &executor);
  Expect({kPartStored});
  EXPECT_EQ(Upload("hello").value(), "E7");
  EXPECT_EQ(asked, 2);
  backend_.reset();  // before the executor
}

TEST_F(OssCredentialsTest, ASourceThatSaysNoIsNot) {
  FakeCloud::Behaviour behaviour;
  behaviour.role = "";
  cloud_.Behave(behaviour);
  const absl::Status status = Upload("hello").status();
  EXPECT_EQ(ErrorReason(status), kReasonDenied);
  EXPECT_EQ(RetryDelay(status), std::nullopt);
  EXPECT_THAT(std::string(status.message()), HasSubstr("RAM role"));
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(OssCredentialsTest, ARefusedTokenWhoseSourceIsDownIsWorthAnotherAttempt) {
  Expect({kPartStored});
  ASSERT_TRUE(Upload("hello").ok());
  FakeCloud::Behaviour behaviour;
  behaviour.metadata_reply = "down";
  behaviour.metadata_status = 503;
  cloud_.Behave(behaviour);
  Expect({Refusal(403, "SecurityTokenExpired")});
  const absl::Status status = Upload("hello").status();
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_TRUE(RetryDelay(status).has_value());
  EXPECT_EQ(ErrorMetadataOf(status).at("oss_code"), "SecurityTokenExpired");
  EXPECT_THAT(std::string(status.message()), HasSubstr("metadata service"));
}

TEST_F(OssCredentialsTest, PutIsSignedWithTheTokenOfItsTime) {
  Expect({kPartStored});
  EXPECT_TRUE(Put("hello").ok());
  time_.Advance(absl::Hours(2));
  Expect({kPartStored});
  EXPECT_TRUE(Put("hello").ok());
  EXPECT_EQ(Sent(0, kTokenHeader), "t1");
  EXPECT_EQ(Sent(1, kTokenHeader), "t2");
}

TEST_F(OssCredentialsTest, TheEndOfTheBackendEndsWhoWaitsForCredentials) {
  std::promise<void> asked;
  const FakeHttpServer silent([&asked](FakeExchange& exchange) {
    asked.set_value();
    exchange.WaitForClientToClose();
  });
  Make(silent.url(), server_.url());
  std::promise<absl::StatusOr<std::string>> answer;
  backend_->UploadPart(kObject, "ID", 7, MakeBuffer("hello"), Into(answer));
  asked.get_future().wait();
  backend_.reset();
  EXPECT_EQ(ErrorReason(answer.get_future().get().status()), kReasonUnavailable);
}

}  // namespace
}  // namespace penstock::oss
