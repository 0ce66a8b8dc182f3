#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_FETCHER_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_FETCHER_H_

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "plugin/oss/credentials/credential_http.h"
#include "plugin/oss/credentials/metadata.h"
#include "plugin/oss/credentials/provider.h"
#include "plugin/oss/credentials/sts.h"
#include "plugin/registry.h"

namespace penstock::oss {

// The RAM role of this ECS instance.
struct EcsRamRole {
  std::string role_name;  // empty: whichever is attached
};

// A role that a token of an identity provider stands for.
struct OidcRole {
  RamRole role;
  std::string provider_arn;
  std::string token;
};

// What a source says where credentials come from: from where first, and the roles to assume with
// these, one after the other.
struct SourceSpec {
  std::variant<Credentials, EcsRamRole, OidcRole> origin;
  std::vector<RamRole> roles;
};

// Reads files and the environment, anew each time, and may block.
using SourceReader = std::function<absl::StatusOr<SourceSpec>()>;

struct FetcherSettings {
  MetadataSettings metadata;
  std::string sts_url;
  std::string remedy;  // ends every error; empty: none
};

// Reads a SourceSpec on the blocking executor and does what it says:
//
//   spec = read()
//   issued = spec.origin, from its text, the metadata service or the STS
//   for each role: issued = AssumeRole(role, issued.credentials)
class CredentialFetcher final : public CredentialProvider {
 public:
  CredentialFetcher(SourceReader read, FetcherSettings settings,
                    const BackendEnvironment& environment);

  void Fetch(Done<IssuedCredentials> done) override;
  void Cancel() override { http_.Close(); }

 private:
  void FetchOrigin(SourceSpec spec, Done<IssuedCredentials> done);
  void AssumeRoles(std::vector<RamRole> roles, size_t next, IssuedCredentials issued,
                   Done<IssuedCredentials> done);

  const SourceReader read_;
  const FetcherSettings settings_;
  Executor& blocking_;
  CredentialHttp http_;
  const StsSettings sts_;
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_FETCHER_H_
