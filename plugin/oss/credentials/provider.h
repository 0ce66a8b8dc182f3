#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_PROVIDER_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_PROVIDER_H_

#include "absl/time/time.h"
#include "plugin/backend.h"
#include "plugin/oss/credentials.h"

namespace penstock::oss {

// Credentials as a source gave them.
struct IssuedCredentials {
  Credentials credentials;
  absl::Time expiration = absl::InfiniteFuture();  // infinite: they do not end, or do not say when
};

// Where credentials come from. Knows nothing of those it gave before: CredentialCache keeps them.
class CredentialProvider {
 public:
  virtual ~CredentialProvider() = default;

  // Asks the source. UNAVAILABLE with a retry delay when it cannot be reached or talks nonsense;
  // every other error is its refusal, or a fault of the configuration, and says what to do.
  // REQUIRES: the fetch before has been answered; the provider outlives this one.
  virtual void Fetch(Done<IssuedCredentials> done) = 0;

  // Makes the fetch under way, if any, and every later one end soon.
  virtual void Cancel() = 0;
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_PROVIDER_H_
