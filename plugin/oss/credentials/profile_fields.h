#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_PROFILE_FIELDS_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_PROFILE_FIELDS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "plugin/oss/credentials/fetcher.h"

namespace penstock::oss {

// One profile of a file while it is turned into a SourceSpec. Both formats say the same with other
// names; the fields are asked for by name. Remembers the first error.
class ProfileFields {
 public:
  // The text of a field; empty when the profile does not have it.
  using Lookup = std::function<std::string(const std::string& field)>;

  ProfileFields(std::string place, Lookup lookup)
      : place_(std::move(place)), lookup_(std::move(lookup)) {}

  // The error so far, and one that a reader found itself.
  const absl::Status& status() const { return status_; }
  void Fail(const std::string& problem);

  std::string Text(const std::string& field) const { return lookup_(field); }

  // A field that must be there, as one word.
  std::string Word(const std::string& field);

  Credentials AccessKey();                                // access_key_id, access_key_secret
  Credentials Temporary(const std::string& token_field);  // and the token in `token_field`
  EcsRamRole Ecs(const std::string& role_field);
  RamRole Role(const std::string& arn_field, const std::string& session_field,
               const std::string& duration_field);
  OidcRole Oidc(RamRole role, const std::string& provider_field, const std::string& file_field);

 private:
  const std::string place_;  // "profile \"x\" of /path"
  const Lookup lookup_;
  absl::Status status_;
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_PROFILE_FIELDS_H_
