#include "plugin/oss/signer.h"

#include <utility>

#include "plugin/oss/signature_v1.h"

namespace penstock::oss {

Signer::Signer(SignatureVersion version, SigningScope scope)
    : version_(version), scope_(std::move(scope)) {}

void Signer::SignHeaders(SigningInput& input, const Credentials& credentials, absl::Time time) {
  if (version_ == SignatureVersion::kV1) {
    SignHeadersV1(input, credentials, time);
  } else {
    oss::SignHeaders(input, credentials, scope_, time, keys_);
  }
}

void Signer::SignQuery(SigningInput& input, const Credentials& credentials, absl::Time time,
                       absl::Duration expires) {
  if (version_ == SignatureVersion::kV1) {
    SignQueryV1(input, credentials, time, expires);
  } else {
    oss::SignQuery(input, credentials, scope_, time, expires, keys_);
  }
}

}  // namespace penstock::oss
