#ifndef PENSTOCK_PLUGIN_OSS_SIGNER_H_
#define PENSTOCK_PLUGIN_OSS_SIGNER_H_

#include "absl/time/time.h"
#include "plugin/oss/credentials.h"
#include "plugin/oss/signature.h"
#include "plugin/oss/signing_keys.h"

namespace penstock::oss {

enum class SignatureVersion { kV1, kV4 };

// Signs the requests of a remote, with the version it is configured for. Thread-safe.
class Signer {
 public:
  Signer(SignatureVersion version, SigningScope scope);

  // See SignHeaders and SignQuery of signature.h and signature_v1.h.
  void SignHeaders(SigningInput& input, const Credentials& credentials, absl::Time time);
  void SignQuery(SigningInput& input, const Credentials& credentials, absl::Time time,
                 absl::Duration expires);

  const SigningKeys& keys() const { return keys_; }

 private:
  const SignatureVersion version_;
  const SigningScope scope_;
  SigningKeys keys_;
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_SIGNER_H_
