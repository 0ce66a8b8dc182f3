#ifndef PENSTOCK_PLUGIN_OSS_FAKE_OSS_H_
#define PENSTOCK_PLUGIN_OSS_FAKE_OSS_H_

// For the tests of this folder: the backend in front of a server that answers what a test tells it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <fstream>
#include <functional>
#include <future>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/http/fake_http_server.h"
#include "base/http/http_loop.h"
#include "base/mutex.h"
#include "base/notification.h"
#include "plugin/backend.h"
#include "plugin/oss/oss.h"
#include "plugin/registry.h"

namespace penstock::oss {

inline const absl::Time kNow = absl::FromUnixSeconds(1702743657);
inline const ObjectName kObject = {"bucket", "dir/key 1"};

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return kNow + absl::Seconds(ahead_seconds_.load()); }
  void Advance(int64_t seconds) { ahead_seconds_ += seconds; }

 private:
  std::atomic<int64_t> ahead_seconds_ = 0;
};

// Always the same bytes: jitter is nearly its bound.
class FakeRandom final : public RandomSource {
 public:
  std::string Bytes(size_t count) override { return std::string(count, '\xff'); }
};

// Runs delayed work at once, unless told to hold it, and remembers the delays.
class FakeExecutor final : public Executor {
 public:
  void Post(Closure closure) override { pool_->Post(std::move(closure)); }
  void PostAfter(absl::Duration delay, Closure closure) override {
    MutexLock lock(&mutex_);
    delays_.push_back(absl::ToInt64Milliseconds(delay + absl::Milliseconds(0.5)));
    if (hold_ != nullptr) {
      held_.push_back(std::move(closure));
      hold_->Notify();
    } else {
      pool_->Post(std::move(closure));
    }
  }
  std::vector<int64_t> delays() const {
    MutexLock lock(&mutex_);
    return delays_;
  }
  void Hold(Notification& held) { hold_ = &held; }

 private:
  const std::unique_ptr<Executor> pool_ = MakeThreadPool(1);
  Notification* hold_ = nullptr;  // told of the closure that is held
  mutable Mutex mutex_;
  std::vector<int64_t> delays_ ABSL_GUARDED_BY(mutex_);
  std::vector<Closure> held_ ABSL_GUARDED_BY(mutex_);
};

// One answer of the fake OSS. Status 0: the connection breaks.
struct Reply {
  int status = 200;
  std::vector<std::string> headers;
  std::string body;
};

inline Reply Refusal(int status, const std::string& code, std::vector<std::string> headers = {}) {
  headers.push_back("x-oss-request-id: R1");
  return {status, std::move(headers), absl::StrCat("<Error><Code>", code, "</Code></Error>")};
}

// Answers with the request id that OSS gives all its answers, "R0" unless the reply has one.
inline bool Give(FakeExchange& exchange, Reply reply) {
  const auto has_id = [](const std::string& header) {
    return absl::StartsWith(header, "x-oss-request-id:");
  };
  if (std::none_of(reply.headers.begin(), reply.headers.end(), has_id) && reply.status < 300) {
    reply.headers.push_back("x-oss-request-id: R0");
  }
  return exchange.Reply(reply.status, reply.headers, reply.body);
}

template <typename T>
auto Into(std::promise<T>& promise) {
  return [&promise](auto answer) { promise.set_value(std::move(answer)); };
}

class OssBackendTest : public testing::Test {
 protected:
  OssBackendTest() : server_([this](FakeExchange& exchange) { Serve(exchange); }) {
    secret_file_ = absl::StrCat(testing::TempDir(), "/oss_backend_secret_", server_.port());
    WriteSecret("sk");
    Configure({});
  }

  // Makes the backend anew, with these options besides or instead of the usual ones.
  void Configure(OptionValues values) {
    values.insert({{"endpoint", server_.url()},
                   {"region", "cn-hangzhou"},
                   {"access_key_id", "ak"},
                   {"access_key_secret_file", secret_file_}});
    Registry registry;
    registry.Add(OssBackendInfo());
    auto backend =
        registry.Create("oss", values, {&http_, &executor_, &executor_, &clock_, &random_});
    EXPECT_TRUE(backend.ok()) << backend.status();
    backend_ = *std::move(backend);
  }

  void WriteSecret(const std::string& secret) {
    std::ofstream(secret_file_, std::ios::trunc) << secret;
  }

  // Sees every request before it is read. True: it has dealt with it.
  using Interceptor = std::function<bool(FakeExchange&)>;
  void Intercept(Interceptor interceptor) {
    MutexLock lock(&mutex_);
    interceptor_ = std::move(interceptor);
  }

  void Serve(FakeExchange& exchange) {
    Interceptor interceptor;
    {
      MutexLock lock(&mutex_);
      interceptor = interceptor_;
    }
    if (interceptor != nullptr && interceptor(exchange)) return;
    const std::string body = exchange.ReadBody();
    Reply reply;
    {
      MutexLock lock(&mutex_);
      requests_.push_back(exchange.method() + " " + exchange.target());
      headers_.push_back(exchange.headers());
      bodies_.push_back(body);
      if (replies_.empty()) {
        reply = Refusal(400, "NoMoreReplies");
      } else {
        reply = replies_.front();
        replies_.pop_front();
      }
    }
    if (reply.status == 0) {
      exchange.Reset();
    } else {
      Give(exchange, std::move(reply));
    }
  }

  void Expect(std::vector<Reply> replies) {
    MutexLock lock(&mutex_);
    replies_.assign(replies.begin(), replies.end());
  }

  std::vector<std::string> requests() {
    MutexLock lock(&mutex_);
    return requests_;
  }
  std::string Sent(size_t request, const std::string& header) {
    MutexLock lock(&mutex_);
    const auto it = headers_.at(request).find(header);
    return it == headers_.at(request).end() ? "" : it->second;
  }

  absl::StatusOr<std::string> Initiate(const ObjectAttributes& attributes = {}) {
    std::promise<absl::StatusOr<std::string>> answer;
    backend_->InitiateUpload(kObject, attributes, "mark", Into(answer));
    return answer.get_future().get();
  }
  absl::StatusOr<std::string> Upload(const std::string& body, const std::string& id = "ID") {
    std::promise<absl::StatusOr<std::string>> answer;
    backend_->UploadPart(kObject, id, 7, MakeBuffer(body), Into(answer));
    return answer.get_future().get();
  }
  absl::StatusOr<ObjectStat> Complete(const ObjectAttributes& attributes = {}) {
    std::promise<absl::StatusOr<ObjectStat>> answer;
    backend_->CompleteUpload(kObject, "ID", {{1, "A"}, {3, "B"}}, attributes, Into(answer));
    return answer.get_future().get();
  }
  absl::StatusOr<ObjectStat> Stat() {
    std::promise<absl::StatusOr<ObjectStat>> answer;
    backend_->Stat(kObject, Into(answer));
    return answer.get_future().get();
  }
  absl::Status Abort() {
    std::promise<absl::Status> answer;
    backend_->AbortUpload(kObject, "ID", Into(answer));
    return answer.get_future().get();
  }
  std::unique_ptr<PreparedPut> Prepare(const std::string& body) {
    return TryPrepare(body, {}).value();
  }
  absl::StatusOr<std::unique_ptr<PreparedPut>> TryPrepare(const std::string& body,
                                                          const ObjectAttributes& attributes) {
    std::promise<absl::StatusOr<std::unique_ptr<PreparedPut>>> answer;
    backend_->PreparePut(kObject, attributes, "mark", MakeBuffer(body), Into(answer));
    return answer.get_future().get();
  }
  absl::StatusOr<ObjectStat> Put(const std::string& body, const ObjectAttributes& attributes = {}) {
    const absl::StatusOr<std::unique_ptr<PreparedPut>> put = TryPrepare(body, attributes);
    if (!put.ok()) return put.status();
    std::promise<absl::StatusOr<ObjectStat>> answer;
    (*put)->Send(Into(answer));
    return answer.get_future().get();
  }

  Mutex mutex_;  // guards what follows
  Interceptor interceptor_ ABSL_GUARDED_BY(mutex_);
  std::deque<Reply> replies_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::multimap<std::string, std::string>> headers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> bodies_ ABSL_GUARDED_BY(mutex_);

  std::string secret_file_;
  FakeHttpServer server_;
  FakeClock clock_;
  FakeRandom random_;
  FakeExecutor executor_;
  HttpLoop http_;
  std::unique_ptr<Backend> backend_;
};

inline const Reply kPartStored = {
    200, {"ETag: \"E7\"", "x-oss-hash-crc64ecma: 11177612005948864433"}, ""};
inline const Reply kUnversioned = {200, {}, "<VersioningConfiguration/>"};
inline const Reply kInitiated = {
    200,
    {},
    "<InitiateMultipartUploadResult><UploadId>ID</UploadId></InitiateMultipartUploadResult>"};
inline const Reply kCompleted = {
    200,
    {"x-oss-request-id: R2"},
    "<CompleteMultipartUploadResult><ETag>\"E-2\"</ETag></CompleteMultipartUploadResult>"};
inline const Reply kDescribed = {200,
                                 {"ETag: \"E-2\"", "x-oss-hash-crc64ecma: 5",
                                  "x-oss-meta-penstock-mark: mark", "x-oss-request-id: R3"},
                                 "12345"};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_FAKE_OSS_H_
