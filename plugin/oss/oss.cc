#include "plugin/oss/oss.h"

#include <cstdlib>
#include <utility>

#include "base/status_macros.h"
#include "plugin/object_rules.h"
#include "plugin/oss/client_options.h"
#include "plugin/oss/credentials/credential_options.h"
#include "plugin/oss/credentials/credential_source.h"
#include "plugin/oss/explain.h"
#include "plugin/oss/object_headers.h"
#include "plugin/oss/object_policy.h"
#include "plugin/oss/oss_backend.h"

namespace penstock {
namespace {

std::string GetEnvironment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

absl::StatusOr<std::unique_ptr<Backend>> Create(const OptionValues& values,
                                                const BackendEnvironment& environment) {
  PENSTOCK_ASSIGN_OR_RETURN(oss::ClientOptions client_options, oss::ClientOptions::Create(values));
  PENSTOCK_ASSIGN_OR_RETURN(auto credentials,
                            oss::MakeCredentials(values, GetEnvironment, environment));
  PENSTOCK_ASSIGN_OR_RETURN(oss::ObjectPolicy policy, oss::ObjectPolicy::Create(values));
  return oss::MakeOssBackend(std::move(client_options), std::move(credentials),
                             RemoteRestriction(values), std::move(policy), environment);
}

}  // namespace

BackendInfo OssBackendInfo() {
  BackendInfo info;
  info.name = "oss";
  info.description = "Alibaba Cloud Object Storage Service";
  for (const auto& options : {oss::ClientOptions::Options(), oss::CredentialOptions(),
                              RemoteRestriction::Options(), oss::ObjectPolicy::Options()}) {
    info.options.insert(info.options.end(), options.begin(), options.end());
  }
  info.object_options = oss::ObjectOptions();
  info.create = Create;
  info.explain = oss::Explain;
  return info;
}

}  // namespace penstock
