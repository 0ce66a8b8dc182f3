#ifndef PENSTOCK_PLUGIN_OSS_CLIENT_H_
#define PENSTOCK_PLUGIN_OSS_CLIENT_H_

// Requests to OSS: signs them when their turn has come, sends them, and sends them again where that
// does no harm and can help. Knows no operation.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/buffer.h"
#include "base/http/http_loop.h"
#include "base/mutex.h"
#include "plugin/backend.h"
#include "plugin/oss/client_options.h"
#include "plugin/oss/credentials.h"
#include "plugin/oss/credentials/credential_cache.h"
#include "plugin/oss/errors.h"
#include "plugin/oss/request_limiter.h"
#include "plugin/oss/signature.h"
#include "plugin/oss/signer.h"
#include "plugin/oss/signing_clock.h"
#include "plugin/registry.h"

namespace penstock::oss {

struct OssRequest {
  std::string method;
  std::string bucket;
  std::string key;
  bool of_bucket = false;   // about the bucket, without a key
  bool of_service = false;  // about the service, without a bucket either
  Query query;
  Headers headers;                     // besides what signing adds
  std::shared_ptr<const Buffer> body;  // null: none

  // Without a byte for so long an attempt has failed; nullopt: the remote's. However long it takes,
  // an attempt that moves goes on.
  std::optional<absl::Duration> stall_timeout;

  // As HttpRequest::max_content_bytes.
  int64_t max_content_bytes = 0;
};

// When a request may be sent again.
enum class Repeat {
  kFreely,     // it may have its effect twice
  kIfRefused,  // only after an answer that says it had none
  kNever,      // whatever happens, its caller decides
};

// A request that is ready to be sent.
struct SignedRequest {
  HttpRequest http;
  std::string bucket;
  std::string key;
  absl::Time time;  // of this machine's clock, when it was signed
  CredentialsPtr credentials;
};

// Thread-safe. The destructor ends what waits to be sent again with its last error, what waits for
// credentials with one that says so, and waits for the rest.
class OssClient {
 public:
  // Judges an answer that says success: whether it is complete, and what was stored is what was
  // sent. An error is tried again like a failed request.
  using Check = std::function<absl::Status(const HttpResponse&)>;

  OssClient(ClientOptions options, std::unique_ptr<CredentialCache> credentials,
            const BackendEnvironment& environment);
  ~OssClient();
  OssClient(const OssClient&) = delete;
  OssClient& operator=(const OssClient&) = delete;

  // Sends `request`, signed anew for each attempt. Answers what OSS answered once it says success
  // and `check` (may be null) agrees, else an error with a reason of plugin/backend.h. `done` never
  // runs from within this call.
  void Call(OssRequest request, Repeat repeat, Check check, Done<HttpResponse> done);

  // Signs `request` for SendSigned, as soon as there are credentials. `done` never runs from within
  // this call.
  void Sign(OssRequest request, Done<SignedRequest> done);

  // Sends one attempt that was signed before, when its turn has come, and never again: at most one
  // copy of it reaches OSS. A refusal for the clock or the credentials mends these and is
  // UNAVAILABLE: a request that is signed now can do better.
  void SendSigned(SignedRequest request, Check check, Done<HttpResponse> done);

  // Runs `closure` soon; the destructor waits for it.
  void Post(Closure closure);

  // Whether the destructor waits already: what consists of many requests ends early then.
  bool ending() const;

  // How many answers so far said that OSS slows down or throttles.
  int64_t slowdowns() const { return slowdowns_; }

  const Endpoint& endpoint() const { return options_.endpoint; }

 private:
  // Counts one thing under way for as long as it lives.
  class Ticket {
   public:
    explicit Ticket(OssClient& client);
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    OssClient& client_;
  };

  struct PendingCall {
    explicit PendingCall(OssClient& client) : ticket(client) {}

    const Ticket ticket;        // first, so that it is given back after all else is gone
    RequestLimiter::Slot slot;  // while it is under way
    OssRequest request;
    std::optional<HttpRequest> presigned;  // the one attempt, where it was signed before
    Repeat repeat = Repeat::kNever;
    Check check;
    Done<HttpResponse> done;
    int failures = 0;
    int clock_corrections = 0;
    bool renewed = false;        // credentials, once
    CredentialsPtr credentials;  // of the last attempt
    absl::Status error;          // of the last attempt
  };
  using CallPtr = std::unique_ptr<PendingCall>;

  // Calls that wait to be sent again. Outlives the client for the closures that would wake them.
  struct Sleepers {
    Mutex mutex;  // guards what follows
    bool closed ABSL_GUARDED_BY(mutex) = false;
    int64_t last_id ABSL_GUARDED_BY(mutex) = 0;
    std::map<int64_t, CallPtr> calls ABSL_GUARDED_BY(mutex);
  };

  HttpRequest MakeHttpRequest(const OssRequest& request) const;
  void AddSignature(const OssRequest& request, const Credentials& credentials, HttpRequest& http);

  // An attempt begins by waiting for its turn, and then for credentials where there are none.
  void Start(CallPtr call);
  void Attempt(CallPtr call);
  void Send(CallPtr call, CredentialsPtr credentials);
  void Transmit(CallPtr call, HttpRequest http);

  void OnAnswer(CallPtr call, absl::StatusOr<HttpResponse> answer);
  void OnRefusal(CallPtr call, const HttpResponse& answer);
  void OnFailure(CallPtr call, RetryClass retry);
  void OnSkew(CallPtr call, bool corrected);
  void RenewCredentials(CallPtr call, RetryClass retry);
  void OnRenewed(CallPtr call, RetryClass retry, absl::StatusOr<CredentialsPtr> renewed);
  void Sleep(CallPtr call, absl::Duration wait);

  // Gives the call's turn back, with what its answer says about OSS's load.
  void EndTurn(PendingCall& call, RequestLimiter::Outcome outcome);
  void LogFailure(const PendingCall& call) const;

  static void Finish(CallPtr call, absl::StatusOr<HttpResponse> result);

  double Random();

  // Constant after construction.
  const ClientOptions options_;
  const std::unique_ptr<CredentialCache> credentials_;
  const BackendEnvironment environment_;

  // Thread-safe by themselves.
  Signer signer_;
  SigningClock clock_;
  RequestLimiter limiter_;
  std::atomic<int64_t> slowdowns_ = 0;
  const std::shared_ptr<Sleepers> sleepers_ = std::make_shared<Sleepers>();

  Mutex mutex_;  // guards what follows
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CLIENT_H_
