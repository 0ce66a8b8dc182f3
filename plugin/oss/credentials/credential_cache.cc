#include "plugin/oss/credentials/credential_cache.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"
#include "plugin/oss/credentials/source_errors.h"

namespace penstock::oss {
namespace {

// "Near the end" is the last quarter of a life, and not more than this.
constexpr absl::Duration kLongestEarly = absl::Minutes(15);

// Pauses after fetches that failed: this, doubled each time.
constexpr absl::Duration kFirstPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Seconds(30);
constexpr int kMostDoublings = 5;

// Not earlier than this after a fetch: the metadata service gives the same ones until it has
// others.
constexpr absl::Duration kLeastLife = absl::Seconds(30);

// Between two fetches because OSS refused a token.
constexpr absl::Duration kRenewPause = absl::Seconds(1);

absl::Status Stopped() {
  return SourceUnavailable("the remote's source", "this process is going down");
}

// A request can do nothing about a fault of the configuration, whoever finds it.
absl::Status ForRequests(const absl::Status& error) {
  if (error.code() == absl::StatusCode::kUnavailable ||
      error.code() == absl::StatusCode::kPermissionDenied) {
    return error;
  }
  return MakeError(absl::StatusCode::kPermissionDenied, kReasonDenied,
                   absl::StrCat("no credentials: ", std::string(error.message())),
                   ErrorMetadataOf(error));
}

// The error, to be tried again when the pause is over.
absl::Status AfterPause(const absl::Status& error, absl::Duration pause) {
  return RetryDelay(error).has_value() ? WithRetryDelay(error, pause) : error;
}

}  // namespace

CredentialCache::CredentialCache(std::unique_ptr<CredentialProvider> provider,
                                 std::optional<IssuedCredentials> initial,
                                 const BackendEnvironment& environment)
    : provider_(std::move(provider)), environment_(environment) {
  if (!initial.has_value()) return;
  MutexLock lock(&mutex_);
  error_ = Keep(*std::move(initial), environment_.clock->Now());
}

CredentialCache::~CredentialCache() { Stop(); }

bool CredentialCache::IsGood(absl::Time now) const {
  return current_ != nullptr && now < expiration_;
}

// The clock may be set back: a pause that began in the future is none.
bool CredentialCache::IsPaused(absl::Time now) const {
  const bool of_files = current_ != nullptr && expiration_ == absl::InfiniteFuture();
  return !of_files && pause_start_ <= now && now < pause_end_;
}

void CredentialCache::Pause(absl::Time now, absl::Duration pause) {
  pause_start_ = now;
  pause_end_ = now + pause;
}

absl::Status CredentialCache::Keep(IssuedCredentials issued, absl::Time now) {
  if (issued.expiration <= now) {
    return SourceUnavailable(
        "the remote's source",
        absl::StrCat("it gave some that ended at ", absl::FormatTime(issued.expiration),
                     ", and this machine's clock says ", absl::FormatTime(now)));
  }
  // The same again keep their pointer: those who compare would take another for news.
  if (current_ == nullptr || *current_ != issued.credentials) {
    current_ = std::make_shared<const Credentials>(std::move(issued.credentials));
  }
  expiration_ = issued.expiration;
  refresh_time_ = absl::InfiniteFuture();
  if (expiration_ != absl::InfiniteFuture()) {
    const absl::Duration early = std::min((expiration_ - now) / 4, kLongestEarly);
    refresh_time_ = std::max(expiration_ - early, now + kLeastLife);
  }
  return absl::OkStatus();
}

CredentialsPtr CredentialCache::Get() {
  CredentialsPtr result;
  bool fetch = false;
  {
    MutexLock lock(&mutex_);
    const absl::Time now = environment_.clock->Now();
    if (!IsGood(now)) return nullptr;
    result = current_;
    fetch = now >= refresh_time_ && !fetching_ && !stopped_ && !IsPaused(now);
    if (fetch) BeginFetch();
  }
  if (fetch) Fetch();
  return result;
}

void CredentialCache::Await(Done<CredentialsPtr> done) { WaitFor(nullptr, std::move(done)); }

void CredentialCache::Renew(const CredentialsPtr& refused, Done<CredentialsPtr> done) {
  WaitFor(refused, std::move(done));
}

void CredentialCache::WaitFor(const CredentialsPtr& refused, Done<CredentialsPtr> done) {
  std::optional<absl::StatusOr<CredentialsPtr>> answer;
  bool fetch = false;
  {
    MutexLock lock(&mutex_);
    answer = KnownAnswer(refused, environment_.clock->Now());
    if (!answer.has_value()) {
      waiters_.push_back(std::exchange(done, nullptr));
      if (refused != nullptr) renewing_ = true;
      fetch = !fetching_;
      if (fetch) BeginFetch();
    }
  }
  if (fetch) {
    Fetch();
  } else if (answer.has_value()) {
    environment_.executor->Post([done = std::move(done), answer = *std::move(answer)]() mutable {
      std::move(done)(std::move(answer));
    });
  }
}

std::optional<absl::StatusOr<CredentialsPtr>> CredentialCache::KnownAnswer(
    const CredentialsPtr& refused, absl::Time now) const {
  if (stopped_) return Stopped();
  if (IsGood(now) && current_ != refused) return current_;
  if (fetching_ || !IsPaused(now)) return std::nullopt;
  if (!error_.ok()) return AfterPause(error_, pause_end_ - now);
  // Fetched just now. Those that ended meanwhile are no answer.
  if (IsGood(now)) return current_;
  return std::nullopt;
}

void CredentialCache::BeginFetch() {
  fetching_ = true;
  ++under_way_;
}

void CredentialCache::Fetch() {
  provider_->Fetch(
      [this](absl::StatusOr<IssuedCredentials> issued) { OnFetched(std::move(issued)); });
}

void CredentialCache::OnFetched(absl::StatusOr<IssuedCredentials> issued) {
  Waiters waiters;
  absl::StatusOr<CredentialsPtr> answer;
  {
    MutexLock lock(&mutex_);
    answer = Judge(std::move(issued), environment_.clock->Now());
    fetching_ = false;
    waiters.swap(waiters_);
  }
  if (!answer.ok()) log::Warning("credentials not fetched", log::FieldsOf(answer.status()));
  for (Done<CredentialsPtr>& done : waiters) std::move(done)(answer);
  waiters.clear();
  MutexLock lock(&mutex_);
  --under_way_;
}

absl::StatusOr<CredentialsPtr> CredentialCache::Judge(absl::StatusOr<IssuedCredentials> issued,
                                                      absl::Time now) {
  const bool renewed = std::exchange(renewing_, false);
  error_ = issued.ok() ? Keep(*std::move(issued), now) : ForRequests(issued.status());
  if (error_.ok()) {
    failures_ = 0;
    Pause(now, renewed ? kRenewPause : absl::ZeroDuration());
    return current_;
  }
  const absl::Duration pause = std::min(kFirstPause * (1 << failures_), kLongestPause);
  failures_ = std::min(failures_ + 1, kMostDoublings);
  Pause(now, pause);
  return AfterPause(error_, pause);
}

void CredentialCache::Stop() {
  Waiters waiters;
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    waiters.swap(waiters_);
  }
  for (Done<CredentialsPtr>& done : waiters) std::move(done)(Stopped());
  provider_->Cancel();
  MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return under_way_ == 0; };
  mutex_.Await(idle);
}

}  // namespace penstock::oss
