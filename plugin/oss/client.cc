#include "plugin/oss/client.h"

#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "plugin/object_rules.h"
#include "plugin/oss/replies.h"
#include "plugin/oss/retry.h"

namespace penstock::oss {
namespace {

// A clock that is still wrong after this many corrections is not going to be right.
constexpr int kMaxClockCorrections = 2;

// Names go into host names and paths: nothing is built from one that was not checked. Without its
// key or upload id a DELETE would remove something else.
absl::Status CheckNames(const OssRequest& request) {
  if (request.of_service) return absl::OkStatus();
  PENSTOCK_RETURN_IF_ERROR(CheckBucketName(request.bucket));
  if (!request.of_bucket) PENSTOCK_RETURN_IF_ERROR(CheckKey(request.key));
  const auto upload_id = request.query.find("uploadId");
  if (upload_id == request.query.end() || !upload_id->second.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, kReasonRejected,
                   "an upload id must not be empty");
}

// Whose requests take turns with those of others: an object's.
std::string FlowOf(const OssRequest& request) {
  return absl::StrCat(request.bucket, "/", request.key);
}

// Only what OSS says counts: somebody on the way may answer 200 to anything.
bool SaysSuccess(const HttpResponse& answer) {
  if (answer.status < 200 || answer.status > 299 || !IsOfOss(answer)) return false;
  if (answer.status == 203) return true;  // CallbackFailed: stored all the same
  OssError ignored;
  return !absl::StrContains(answer.body, "<Error") || !ParseErrorBody(answer.body, ignored);
}

// OSS says so of requests that it served late on purpose.
bool WasSlowed(const HttpResponse& answer) {
  int64_t delay_ms = 0;
  return absl::SimpleAtoi(answer.Header("x-oss-qos-delay-time"), &delay_ms) && delay_ms > 0;
}

// Refusals that a change of the configured files may have mended already, for the next call.
bool MayBeOldCredentials(const OssError& error) {
  return error.code == "InvalidAccessKeyId" || error.code == "SignatureDoesNotMatch";
}

}  // namespace

OssClient::Ticket::Ticket(OssClient& client) : client_(client) {
  MutexLock lock(&client_.mutex_);
  ++client_.under_way_;
}

OssClient::Ticket::~Ticket() {
  MutexLock lock(&client_.mutex_);
  --client_.under_way_;
}

OssClient::OssClient(ClientOptions options, std::unique_ptr<CredentialCache> credentials,
                     const BackendEnvironment& environment)
    : options_(std::move(options)),
      credentials_(std::move(credentials)),
      environment_(environment),
      signer_(options_.signature, options_.endpoint.scope()),
      clock_(*environment.clock),
      limiter_(options_.max_requests, *environment.executor) {}

OssClient::~OssClient() {
  std::map<int64_t, CallPtr> sleeping;
  {
    MutexLock lock(&sleepers_->mutex);
    sleepers_->closed = true;
    sleeping.swap(sleepers_->calls);
  }
  for (auto& [id, call] : sleeping) {
    absl::Status error = std::move(call->error);
    Finish(std::move(call), std::move(error));
  }
  credentials_->Stop();
  MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return under_way_ == 0; };
  mutex_.Await(idle);
}

void OssClient::Post(Closure closure) {
  auto ticket = std::make_unique<Ticket>(*this);
  environment_.executor->Post([ticket = std::move(ticket), closure = std::move(closure)]() mutable {
    std::move(closure)();
    closure = nullptr;  // gone before the ticket
  });
}

bool OssClient::ending() const {
  MutexLock lock(&sleepers_->mutex);
  return sleepers_->closed;
}

void OssClient::Call(OssRequest request, Repeat repeat, Check check, Done<HttpResponse> done) {
  if (absl::Status status = CheckNames(request); !status.ok()) {
    Post([status = std::move(status), done = std::move(done)]() mutable {
      std::move(done)(std::move(status));
    });
    return;
  }
  auto call = std::make_unique<PendingCall>(*this);
  call->request = std::move(request);
  call->repeat = repeat;
  call->check = std::move(check);
  call->done = std::move(done);
  Start(std::move(call));
}

void OssClient::SendSigned(SignedRequest request, Check check, Done<HttpResponse> done) {
  auto call = std::make_unique<PendingCall>(*this);
  call->request.method = request.http.method;
  call->request.bucket = std::move(request.bucket);
  call->request.key = std::move(request.key);
  call->credentials = std::move(request.credentials);
  call->presigned = std::move(request.http);
  call->check = std::move(check);
  call->done = std::move(done);
  Start(std::move(call));
}

void OssClient::Sign(OssRequest request, Done<SignedRequest> done) {
  credentials_->Await([this, ticket = std::make_unique<Ticket>(*this), request = std::move(request),
                       done = std::move(done)](absl::StatusOr<CredentialsPtr> credentials) mutable {
    if (credentials.ok()) {
      HttpRequest http = MakeHttpRequest(request);
      AddSignature(request, **credentials, http);
      // Looked at last: the time in the signature is no later.
      std::move(done)(SignedRequest{std::move(http), request.bucket, request.key,
                                    environment_.clock->Now(), *credentials});
    } else {
      std::move(done)(credentials.status());
    }
    done = nullptr;  // gone before the ticket
  });
}

HttpRequest OssClient::MakeHttpRequest(const OssRequest& request) const {
  HttpRequest http;
  http.method = request.method;
  http.url = request.of_service ? options_.endpoint.ServiceUrl(request.query)
                                : options_.endpoint.Url(request.bucket, request.key, request.query);
  http.body = request.body;
  http.max_content_bytes = request.max_content_bytes;
  http.route = options_.route;
  http.throttle = environment_.sends;
  http.stall_timeout = request.stall_timeout.value_or(options_.stall_timeout);
  return http;
}

void OssClient::AddSignature(const OssRequest& request, const Credentials& credentials,
                             HttpRequest& http) {
  SigningInput input{request.method, request.bucket,  request.key,
                     request.query,  request.headers, {}};
  signer_.SignHeaders(input, credentials, clock_.Now());
  for (const auto& [name, value] : input.headers) {
    http.headers.push_back(absl::StrCat(name, ": ", value));
  }
}

void OssClient::Start(CallPtr call) {
  const std::string flow = FlowOf(call->request);
  limiter_.Acquire(flow, [this, call = std::move(call)](RequestLimiter::Slot slot) mutable {
    call->slot = std::move(slot);
    if (call->presigned.has_value()) {
      HttpRequest http = *std::exchange(call->presigned, std::nullopt);
      Transmit(std::move(call), std::move(http));
    } else {
      Attempt(std::move(call));
    }
  });
}

void OssClient::Attempt(CallPtr call) {
  if (CredentialsPtr credentials = credentials_->Get(); credentials != nullptr) {
    Send(std::move(call), std::move(credentials));
    return;
  }
  credentials_->Await(
      [this, call = std::move(call)](absl::StatusOr<CredentialsPtr> credentials) mutable {
        if (credentials.ok()) {
          Send(std::move(call), *std::move(credentials));
          return;
        }
        call->error = credentials.status();
        EndTurn(*call, RequestLimiter::Outcome::kOther);
        const bool final = call->error.code() != absl::StatusCode::kUnavailable;
        OnFailure(std::move(call), final ? RetryClass::kNever : RetryClass::kBackoff);
      });
}

void OssClient::Send(CallPtr call, CredentialsPtr credentials) {
  call->credentials = std::move(credentials);
  HttpRequest http = MakeHttpRequest(call->request);
  // It may wait for a connection once more: the signature is made when it has one. The call lives
  // in the same transfer's callback.
  http.on_start = [this, call = call.get()](HttpRequest& started) {
    AddSignature(call->request, *call->credentials, started);
  };
  Transmit(std::move(call), std::move(http));
}

void OssClient::Transmit(CallPtr call, HttpRequest http) {
  http.flow = FlowOf(call->request);
  http.send_once = call->repeat != Repeat::kFreely;
  environment_.http->Send(
      std::move(http), [this, call = std::move(call)](absl::StatusOr<HttpResponse> answer) mutable {
        OnAnswer(std::move(call), std::move(answer));
      });
}

void OssClient::OnAnswer(CallPtr call, absl::StatusOr<HttpResponse> answer) {
  if (!answer.ok()) {
    const absl::StatusCode code = answer.status().code();
    EndTurn(*call, RequestLimiter::Outcome::kOther);
    call->error = NoAnswerStatus(answer.status());
    LogFailure(*call);
    const bool final =
        code == absl::StatusCode::kCancelled || code == absl::StatusCode::kInvalidArgument;
    OnFailure(std::move(call), final ? RetryClass::kNever : RetryClass::kBackoff);
    return;
  }
  if (!SaysSuccess(*answer)) {
    OnRefusal(std::move(call), *answer);
    return;
  }
  EndTurn(*call,
          WasSlowed(*answer) ? RequestLimiter::Outcome::kSlowed : RequestLimiter::Outcome::kServed);
  call->error = call->check == nullptr ? absl::OkStatus() : call->check(*answer);
  if (call->error.ok()) {
    Finish(std::move(call), std::move(answer));
  } else {
    LogFailure(*call);
    OnFailure(std::move(call), RetryClass::kBackoff);
  }
}

void OssClient::OnRefusal(CallPtr call, const HttpResponse& answer) {
  const OssError error = ParseError(answer, call->request.method == "HEAD");
  call->error = ToStatus(error);
  LogFailure(*call);
  const RetryClass retry = Classify(error);
  EndTurn(*call, retry == RetryClass::kThrottled ? RequestLimiter::Outcome::kThrottled
                                                 : RequestLimiter::Outcome::kOther);
  if (retry == RetryClass::kClock) {
    OnSkew(std::move(call), clock_.Correct(answer, error));
  } else if (retry == RetryClass::kCredentials || MayBeOldCredentials(error)) {
    RenewCredentials(std::move(call), retry);
  } else {
    OnFailure(std::move(call), retry);
  }
}

void OssClient::OnFailure(CallPtr call, RetryClass retry) {
  const bool again = retry != RetryClass::kNever && call->repeat == Repeat::kFreely &&
                     ++call->failures < kMaxAttempts;
  if (again) {
    const absl::Duration wait = RetryWait(retry, call->failures, Random());
    Sleep(std::move(call), wait);
  } else {
    absl::Status error = std::move(call->error);
    Finish(std::move(call), std::move(error));
  }
}

void OssClient::OnSkew(CallPtr call, bool corrected) {
  const bool again = corrected && call->repeat != Repeat::kNever &&
                     ++call->clock_corrections <= kMaxClockCorrections;
  if (again) {
    Start(std::move(call));
  } else {
    absl::Status error = std::move(call->error);
    Finish(std::move(call), std::move(error));
  }
}

void OssClient::RenewCredentials(CallPtr call, RetryClass retry) {
  const CredentialsPtr refused = call->credentials;
  credentials_->Renew(refused, [this, call = std::move(call),
                                retry](absl::StatusOr<CredentialsPtr> renewed) mutable {
    OnRenewed(std::move(call), retry, std::move(renewed));
  });
}

void OssClient::OnRenewed(CallPtr call, RetryClass retry, absl::StatusOr<CredentialsPtr> renewed) {
  const bool token_refused = retry == RetryClass::kCredentials;
  const bool never = call->repeat == Repeat::kNever;
  if (token_refused && renewed.ok() && !never && !std::exchange(call->renewed, true)) {
    Start(std::move(call));
    return;
  }
  absl::Status error = std::move(call->error);
  if (renewed.ok() && *renewed != call->credentials && never) {
    error = MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable,
                      absl::StrCat(std::string(error.message()), "; they were renewed just now"),
                      ErrorMetadataOf(error), absl::ZeroDuration());
  } else if (!renewed.ok() && token_refused) {
    // The source's error decides: one that cannot be reached now may give a good token later.
    error = MakeError(
        renewed.status().code(), ErrorReason(renewed.status()),
        absl::StrCat(std::string(error.message()), "; ", std::string(renewed.status().message())),
        ErrorMetadataOf(error), RetryDelay(renewed.status()));
  }
  Finish(std::move(call), std::move(error));
}

void OssClient::Sleep(CallPtr call, absl::Duration wait) {
  int64_t id = 0;
  {
    MutexLock lock(&sleepers_->mutex);
    if (!sleepers_->closed) {
      id = ++sleepers_->last_id;
      sleepers_->calls.emplace(id, std::exchange(call, nullptr));
    }
  }
  if (call != nullptr) {
    absl::Status error = std::move(call->error);
    Finish(std::move(call), std::move(error));
    return;
  }
  environment_.executor->PostAfter(wait, [this, sleepers = sleepers_, id] {
    CallPtr woken;
    {
      MutexLock lock(&sleepers->mutex);
      const auto it = sleepers->calls.find(id);
      if (it == sleepers->calls.end()) return;  // the client is gone, or going
      woken = std::move(it->second);
      sleepers->calls.erase(it);
    }
    Start(std::move(woken));
  });
}

void OssClient::Finish(CallPtr call, absl::StatusOr<HttpResponse> result) {
  Done<HttpResponse> done = std::move(call->done);
  std::move(done)(std::move(result));
}

void OssClient::EndTurn(PendingCall& call, RequestLimiter::Outcome outcome) {
  using Outcome = RequestLimiter::Outcome;
  if (outcome == Outcome::kSlowed || outcome == Outcome::kThrottled) ++slowdowns_;
  if (!call.slot.Report(outcome)) return;
  log::Info("OSS is throttling: fewer requests at a time",
            {{"endpoint", options_.endpoint.host()}, {"limit", absl::StrCat(limiter_.limit())}});
}

void OssClient::LogFailure(const PendingCall& call) const {
  log::Fields fields = {{"endpoint", options_.endpoint.host()},
                        {"method", call.request.method},
                        {"bucket", call.request.bucket},
                        {"key", call.request.key}};
  for (auto& field : log::FieldsOf(call.error)) fields.push_back(std::move(field));
  log::Info("request to OSS failed", fields);
}

double OssClient::Random() {
  const std::string bytes = environment_.random->Bytes(sizeof(uint32_t));
  uint32_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number / 4294967296.0;
}

}  // namespace penstock::oss
