#include "plugin/oss/credentials/fetcher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace penstock::oss {
namespace {

absl::Status WithRemedy(const absl::Status& error, const std::string& remedy) {
  if (remedy.empty()) return error;
  return MakeError(error.code(), ErrorReason(error),
                   absl::StrCat(std::string(error.message()), "; ", remedy), ErrorMetadataOf(error),
                   RetryDelay(error));
}

}  // namespace

CredentialFetcher::CredentialFetcher(SourceReader read, FetcherSettings settings,
                                     const BackendEnvironment& environment)
    : read_(std::move(read)),
      settings_(std::move(settings)),
      blocking_(*environment.blocking),
      http_(*environment.executor),
      sts_{settings_.sts_url, &http_, environment.clock, environment.random} {}

void CredentialFetcher::Fetch(Done<IssuedCredentials> done) {
  Done<IssuedCredentials> advising =
      [this, done = std::move(done)](absl::StatusOr<IssuedCredentials> issued) mutable {
        if (!issued.ok()) issued = WithRemedy(issued.status(), settings_.remedy);
        std::move(done)(std::move(issued));
      };
  blocking_.Post([this, done = std::move(advising)]() mutable {
    absl::StatusOr<SourceSpec> spec = read_();
    if (spec.ok()) {
      FetchOrigin(*std::move(spec), std::move(done));
    } else {
      std::move(done)(spec.status());
    }
  });
}

void CredentialFetcher::FetchOrigin(SourceSpec spec, Done<IssuedCredentials> done) {
  Done<IssuedCredentials> next = [this, roles = std::move(spec.roles), done = std::move(done)](
                                     absl::StatusOr<IssuedCredentials> issued) mutable {
    if (issued.ok()) {
      AssumeRoles(std::move(roles), 0, *std::move(issued), std::move(done));
    } else {
      std::move(done)(std::move(issued));
    }
  };
  if (const auto* credentials = std::get_if<Credentials>(&spec.origin)) {
    std::move(next)(IssuedCredentials{*credentials, absl::InfiniteFuture()});
  } else if (const auto* ecs = std::get_if<EcsRamRole>(&spec.origin)) {
    FetchFromMetadata(http_, settings_.metadata, ecs->role_name, std::move(next));
  } else {
    const auto& oidc = std::get<OidcRole>(spec.origin);
    AssumeRoleWithOidc(sts_, oidc.role, oidc.provider_arn, oidc.token, std::move(next));
  }
}

void CredentialFetcher::AssumeRoles(std::vector<RamRole> roles, size_t next,
                                    IssuedCredentials issued, Done<IssuedCredentials> done) {
  if (next == roles.size()) {
    std::move(done)(std::move(issued));
    return;
  }
  const RamRole role = roles[next];
  AssumeRole(sts_, role, issued.credentials,
             [this, roles = std::move(roles), next,
              done = std::move(done)](absl::StatusOr<IssuedCredentials> assumed) mutable {
               if (assumed.ok()) {
                 AssumeRoles(std::move(roles), next + 1, *std::move(assumed), std::move(done));
               } else {
                 std::move(done)(std::move(assumed));
               }
             });
}

}  // namespace penstock::oss
