#include "plugin/oss/credentials/credential_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/error.h"
#include "base/notification.h"
#include "plugin/oss/credentials/fake_cloud.h"

namespace penstock::oss {
namespace {

using Answer = absl::StatusOr<CredentialsPtr>;

absl::Status Unreachable() {
  return MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable, "silent", {},
                   absl::Seconds(1));
}

// Holds each fetch until the test answers it.
class ScriptedProvider final : public CredentialProvider {
 public:
  void Fetch(Done<IssuedCredentials> done) override {
    MutexLock lock(&mutex_);
    EXPECT_TRUE(pending_ == nullptr) << "two fetches at a time";
    ++fetches_;
    if (cancelled_) {
      executor_->Post([done = std::move(done)]() mutable { std::move(done)(Unreachable()); });
    } else {
      pending_ = std::move(done);
    }
  }
  void Cancel() override {
    Done<IssuedCredentials> pending;
    {
      MutexLock lock(&mutex_);
      cancelled_ = true;
      pending = std::exchange(pending_, nullptr);
    }
    if (pending != nullptr) std::move(pending)(Unreachable());
  }

  int fetches() {
    MutexLock lock(&mutex_);
    return fetches_;
  }
  // Answers the fetch that is, or soon will be, under way.
  void Give(absl::StatusOr<IssuedCredentials> issued) {
    Done<IssuedCredentials> pending;
    {
      MutexLock lock(&mutex_);
      const auto there = [this]()
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return pending_ != nullptr; };
      mutex_.Await(there);
      pending = std::exchange(pending_, nullptr);
    }
    std::move(pending)(std::move(issued));
  }

 private:
  const std::unique_ptr<Executor> executor_ = MakeThreadPool(1);
  Mutex mutex_;  // guards what follows
  Done<IssuedCredentials> pending_ ABSL_GUARDED_BY(mutex_);
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  int fetches_ ABSL_GUARDED_BY(mutex_) = 0;
};

class CredentialCacheTest : public testing::Test {
 protected:
  CredentialCacheTest() { Make(std::nullopt); }

  void Make(std::optional<IssuedCredentials> initial) {
    cache_.reset();
    auto provider = std::make_unique<ScriptedProvider>();
    provider_ = provider.get();
    BackendEnvironment environment;
    environment.executor = executor_.get();
    environment.clock = &clock_;
    cache_ =
        std::make_unique<CredentialCache>(std::move(provider), std::move(initial), environment);
  }

  IssuedCredentials Issue(const std::string& id, absl::Duration life) {
    return {{id, "secret", "token"}, clock_.Now() + life};
  }

  std::future<Answer> Await() {
    auto promise = std::make_shared<std::promise<Answer>>();
    cache_->Await([promise](Answer answer) { promise->set_value(std::move(answer)); });
    return promise->get_future();
  }
  std::future<Answer> Renew(const CredentialsPtr& refused) {
    auto promise = std::make_shared<std::promise<Answer>>();
    cache_->Renew(refused, [promise](Answer answer) { promise->set_value(std::move(answer)); });
    return promise->get_future();
  }
  // Fetches credentials that last for `life`.
  CredentialsPtr Fetch(const std::string& id, absl::Duration life) {
    std::future<Answer> answer = Await();
    provider_->Give(Issue(id, life));
    return answer.get().value();
  }

  const std::unique_ptr<Executor> executor_ = MakeThreadPool(1);
  SettableClock clock_;
  ScriptedProvider* provider_ = nullptr;
  std::unique_ptr<CredentialCache> cache_;
};

TEST_F(CredentialCacheTest, OneFetchServesAllWhoWait) {
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  Mutex mutex;
  std::vector<Answer> answers;
  BlockingCounter asked(kThreads);
  BlockingCounter answered(kThreads * kEach);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        EXPECT_EQ(cache_->Get(), nullptr);
        cache_->Await([&](Answer answer) {
          {
            MutexLock lock(&mutex);
            answers.push_back(std::move(answer));
          }
          answered.DecrementCount();
        });
      }
      asked.DecrementCount();
    });
  }
  asked.Wait();
  provider_->Give(Issue("a", absl::Hours(1)));
  answered.Wait();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(provider_->fetches(), 1);
  const CredentialsPtr current = cache_->Get();
  MutexLock lock(&mutex);
  for (const Answer& answer : answers) EXPECT_EQ(answer.value(), current);
}

TEST_F(CredentialCacheTest, NobodyFetchesOnlyBecauseTheyWaited) {
  Fetch("a", absl::Hours(1));
  clock_.Advance(absl::Hours(1));
  std::future<Answer> first = Await();
  std::future<Answer> second = Await();
  provider_->Give(Issue("b", absl::Hours(1)));
  EXPECT_EQ(first.get().value()->access_key_id, "b");
  EXPECT_EQ(second.get().value()->access_key_id, "b");
  EXPECT_EQ(Await().get().value()->access_key_id, "b");
  EXPECT_EQ(provider_->fetches(), 2);
}

TEST_F(CredentialCacheTest, RefreshesNearTheEndWhileThePresentOnesServe) {
  const CredentialsPtr a = Fetch("a", absl::Hours(1));
  clock_.Advance(absl::Minutes(44));
  EXPECT_EQ(cache_->Get(), a);
  EXPECT_EQ(provider_->fetches(), 1);
  clock_.Advance(absl::Minutes(1));  // a quarter of an hour is left
  EXPECT_EQ(cache_->Get(), a);
  EXPECT_EQ(cache_->Get(), a);
  EXPECT_EQ(Await().get().value(), a);
  EXPECT_EQ(provider_->fetches(), 2);
  provider_->Give(Issue("b", absl::Hours(1)));
  EXPECT_EQ(cache_->Get()->access_key_id, "b");
  EXPECT_EQ(provider_->fetches(), 2);
}

TEST_F(CredentialCacheTest, AFailedRefreshLeavesThePresentOnesAndIsRepeatedAfterAPause) {
  const CredentialsPtr a = Fetch("a", absl::Hours(1));
  clock_.Advance(absl::Minutes(50));
  EXPECT_EQ(cache_->Get(), a);
  provider_->Give(Unreachable());
  EXPECT_EQ(cache_->Get(), a);
  EXPECT_EQ(provider_->fetches(), 2);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(cache_->Get(), a);
  EXPECT_EQ(provider_->fetches(), 3);
  provider_->Give(Unreachable());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(cache_->Get(), a);
  EXPECT_EQ(provider_->fetches(), 3);  // the second pause is longer
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(cache_->Get(), a);
  EXPECT_EQ(provider_->fetches(), 4);
  provider_->Give(Issue("b", absl::Hours(1)));
  EXPECT_EQ(cache_->Get()->access_key_id, "b");
}

TEST_F(CredentialCacheTest, ARefreshThatBringsTheSameIsNotRepeatedAtOnce) {
  const CredentialsPtr a = Fetch("a", absl::Minutes(10));
  clock_.Advance(absl::Minutes(8));
  EXPECT_EQ(cache_->Get(), a);
  provider_->Give(Issue("a", absl::Minutes(2)));
  EXPECT_EQ(cache_->Get(), a);
  clock_.Advance(absl::Seconds(89));
  EXPECT_EQ(cache_->Get(), a);
  EXPECT_EQ(provider_->fetches(), 2);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(cache_->Get(), a);
  EXPECT_EQ(provider_->fetches(), 3);
}

TEST_F(CredentialCacheTest, WithoutGoodOnesAnErrorIsTheAnswerUntilThePauseEnds) {
  std::future<Answer> first = Await();
  std::future<Answer> second = Await();
  provider_->Give(Unreachable());
  EXPECT_EQ(first.get().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(RetryDelay(second.get().status()), absl::Seconds(1));
  EXPECT_EQ(Await().get().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(provider_->fetches(), 1);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Fetch("a", absl::Hours(1))->access_key_id, "a");
}

TEST_F(CredentialCacheTest, PausesGrowAndAreTold) {
  for (const int seconds : {1, 2, 4, 8, 16, 30, 30}) {
    std::future<Answer> answer = Await();
    provider_->Give(Unreachable());
    EXPECT_EQ(RetryDelay(answer.get().status()), absl::Seconds(seconds));
    clock_.Advance(absl::Seconds(seconds));
  }
  Fetch("a", absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  std::future<Answer> answer = Await();
  provider_->Give(Unreachable());
  EXPECT_EQ(RetryDelay(answer.get().status()), absl::Seconds(1));
}

TEST_F(CredentialCacheTest, AClockThatWasSetBackEndsThePause) {
  clock_.Advance(absl::Hours(5));
  std::future<Answer> answer = Await();
  provider_->Give(Unreachable());
  EXPECT_FALSE(answer.get().ok());
  clock_.Advance(-absl::Hours(5));
  EXPECT_EQ(Fetch("a", absl::Hours(1))->access_key_id, "a");
}

TEST_F(CredentialCacheTest, ARefusalOfTheSourceHasNoRetryDelay) {
  std::future<Answer> answer = Await();
  provider_->Give(MakeError(absl::StatusCode::kPermissionDenied, kReasonDenied, "no role"));
  EXPECT_EQ(ErrorReason(answer.get().status()), kReasonDenied);
  const absl::Status again = Await().get().status();
  EXPECT_EQ(again.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(RetryDelay(again), std::nullopt);
}

TEST_F(CredentialCacheTest, AFaultOfTheConfigurationIsNotTheRequestsFault) {
  std::future<Answer> answer = Await();
  provider_->Give(MakeError(absl::StatusCode::kInvalidArgument, "BAD_REMOTE_OPTION", "gone",
                            {{"option", "oidc_token_file"}}));
  const absl::Status status = answer.get().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrorReason(status), kReasonDenied);
  EXPECT_EQ(ErrorMetadataOf(status).at("option"), "oidc_token_file");
}

TEST_F(CredentialCacheTest, CredentialsThatHaveEndedAlreadyAreNone) {
  std::future<Answer> answer = Await();
  provider_->Give(Issue("old", -absl::Seconds(1)));
  const absl::Status status = answer.get().status();
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("clock"));
  EXPECT_EQ(cache_->Get(), nullptr);
}

TEST_F(CredentialCacheTest, RenewFetchesOnceForAllWhoWereRefused) {
  const CredentialsPtr a = Fetch("a", absl::Hours(1));
  clock_.Advance(absl::Minutes(1));
  std::future<Answer> first = Renew(a);
  std::future<Answer> second = Renew(a);
  provider_->Give(Issue("b", absl::Hours(1)));
  const CredentialsPtr b = first.get().value();
  EXPECT_EQ(b->access_key_id, "b");
  EXPECT_EQ(second.get().value(), b);
  EXPECT_EQ(Renew(a).get().value(), b);  // somebody else has done it
  EXPECT_EQ(provider_->fetches(), 2);
}

TEST_F(CredentialCacheTest, RenewAnswersTheSamePointerWhenThereAreNoOthers) {
  const CredentialsPtr a = Fetch("a", absl::Hours(1));
  clock_.Advance(absl::Minutes(1));
  std::future<Answer> answer = Renew(a);
  provider_->Give(Issue("a", absl::Hours(1)));
  EXPECT_EQ(answer.get().value(), a);
  EXPECT_EQ(Renew(a).get().value(), a);  // and nobody asks again in this second
  EXPECT_EQ(provider_->fetches(), 2);
}

TEST_F(CredentialCacheTest, RenewTellsWhyItCouldNot) {
  const CredentialsPtr a = Fetch("a", absl::Hours(1));
  clock_.Advance(absl::Minutes(1));
  std::future<Answer> answer = Renew(a);
  provider_->Give(Unreachable());
  EXPECT_EQ(answer.get().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(cache_->Get(), a);
}

TEST_F(CredentialCacheTest, CredentialsOfFilesAreReadAgainWithoutAPause) {
  Make(IssuedCredentials{{"a", "secret", ""}});
  const CredentialsPtr a = cache_->Get();
  for (int i = 0; i < 3; ++i) {
    std::future<Answer> answer = Renew(a);
    provider_->Give(absl::InvalidArgumentError("cannot be read"));
    EXPECT_FALSE(answer.get().ok());
    EXPECT_EQ(cache_->Get(), a);
  }
  std::future<Answer> answer = Renew(a);
  provider_->Give(IssuedCredentials{{"b", "secret", ""}});
  EXPECT_EQ(answer.get().value(), cache_->Get());
  EXPECT_EQ(provider_->fetches(), 4);
}

TEST_F(CredentialCacheTest, StopEndsTheFetchAndAllWhoWait) {
  std::future<Answer> answer = Await();
  cache_->Stop();
  EXPECT_EQ(answer.get().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Await().get().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Renew(nullptr).get().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(provider_->fetches(), 1);
}

}  // namespace
}  // namespace penstock::oss
