#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_CACHE_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_CACHE_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "plugin/backend.h"
#include "plugin/oss/credentials/provider.h"
#include "plugin/registry.h"

namespace penstock::oss {

// The credentials of a remote, as one provider gives them. One fetch at a time serves all who
// need one: they wait for it together, and nobody fetches after it only because they waited.
// Credentials that near their end are fetched anew by whoever uses them, and serve until the new
// ones are there. Thread-safe.
//
//   Get      good credentials, near their end or not: at once        (near their end: fetch)
//   Await    none, or ended: with the answer of the fetch            (fetch)
//   Renew    refused by OSS: others known? those. Else as Await      (fetch)
//
// After a fetch that failed there is a pause before the next one, and Await answers with the error
// meanwhile; after a renewal too, and Renew answers with what it brought: neither a source in
// trouble nor one whose tokens OSS never takes is stormed. Credentials without an end stand in
// files or the environment: no pause for those.
class CredentialCache {
 public:
  // `initial`: what the provider gave already. What `environment` names must outlive the cache.
  CredentialCache(std::unique_ptr<CredentialProvider> provider,
                  std::optional<IssuedCredentials> initial, const BackendEnvironment& environment);

  // Stops.
  ~CredentialCache();
  CredentialCache(const CredentialCache&) = delete;
  CredentialCache& operator=(const CredentialCache&) = delete;

  // Null when there are none that are good now.
  CredentialsPtr Get();

  // Good ones, or why there are none: UNAVAILABLE with a retry delay, or PERMISSION_DENIED.
  // `done` never runs from within this call.
  void Await(Done<CredentialsPtr> done);

  // The same, after OSS refused `refused`. The same pointer again says that the source has no
  // others.
  void Renew(const CredentialsPtr& refused, Done<CredentialsPtr> done);

  // Answers all who wait, and all who come later, with an error, and waits for the fetch under way.
  void Stop();

 private:
  using Waiters = std::vector<Done<CredentialsPtr>>;

  bool IsGood(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsPaused(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Pause(absl::Time now, absl::Duration pause) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Sets what Get tells from now on. UNAVAILABLE when these have ended already.
  absl::Status Keep(IssuedCredentials issued, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Await, and with `refused` Renew.
  void WaitFor(const CredentialsPtr& refused, Done<CredentialsPtr> done);

  // What can be answered without a fetch.
  std::optional<absl::StatusOr<CredentialsPtr>> KnownAnswer(const CredentialsPtr& refused,
                                                            absl::Time now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void BeginFetch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);  // and then, without the lock:
  void Fetch();
  void OnFetched(absl::StatusOr<IssuedCredentials> issued);
  absl::StatusOr<CredentialsPtr> Judge(absl::StatusOr<IssuedCredentials> issued, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const std::unique_ptr<CredentialProvider> provider_;
  const BackendEnvironment environment_;

  Mutex mutex_;  // guards what follows
  CredentialsPtr current_ ABSL_GUARDED_BY(mutex_);
  absl::Time expiration_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();    // of current_
  absl::Time refresh_time_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();  // near its end
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool fetching_ ABSL_GUARDED_BY(mutex_) = false;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;      // fetches whose answer was not passed on to all
  bool renewing_ ABSL_GUARDED_BY(mutex_) = false;  // somebody waits because of a refusal
  Waiters waiters_ ABSL_GUARDED_BY(mutex_);        // for the fetch under way
  absl::Status error_ ABSL_GUARDED_BY(mutex_);     // of the last fetch
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;       // in a row
  absl::Time pause_start_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time pause_end_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_CACHE_H_
