#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_ISSUED_REPLY_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_ISSUED_REPLY_H_

// What the metadata service and the STS answer, in JSON. Pure functions. No error shows what stood
// in a field.

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plugin/oss/credentials/provider.h"

namespace penstock::oss {

// True for what fits into a header: one word of printable ASCII characters, not too long.
bool IsWord(std::string_view text);

// {"Code": "Success", "AccessKeyId": ..., "AccessKeySecret": ..., "SecurityToken": ...,
// "Expiration": "2026-11-27T12:00:00Z"}. FAILED_PRECONDITION names another Code, INVALID_ARGUMENT
// what is wrong with the rest.
absl::StatusOr<IssuedCredentials> ParseMetadataReply(std::string_view body);

// {"Credentials": {the same four fields}}. INVALID_ARGUMENT.
absl::StatusOr<IssuedCredentials> ParseStsReply(std::string_view body);

// An error of the STS; fields that it does not tell are empty.
struct StsError {
  std::string code;
  std::string message;  // may repeat what was sent, secrets included
  std::string request_id;
};
StsError ParseStsError(std::string_view body);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_ISSUED_REPLY_H_
