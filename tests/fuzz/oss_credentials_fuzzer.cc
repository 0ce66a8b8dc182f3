// What services and files say about credentials: any text is read or refused, and what is read is
// what its users rely on.

#include "plugin/oss/credentials/issued_reply.h"
#include "plugin/oss/credentials/profiles.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock::oss {
namespace {

void CheckIssued(const absl::StatusOr<IssuedCredentials>& issued) {
  if (!issued.ok()) return;
  FUZZ_CHECK(IsWord(issued->credentials.access_key_id));
  FUZZ_CHECK(IsWord(issued->credentials.access_key_secret));
  FUZZ_CHECK(IsWord(issued->credentials.security_token));
  FUZZ_CHECK(issued->expiration != absl::InfiniteFuture());
}

void CheckSpec(const absl::StatusOr<SourceSpec>& spec) {
  if (!spec.ok()) return;
  if (const auto* credentials = std::get_if<Credentials>(&spec->origin)) {
    FUZZ_CHECK(IsWord(credentials->access_key_id));
    FUZZ_CHECK(IsWord(credentials->access_key_secret));
  }
  if (const auto* ecs = std::get_if<EcsRamRole>(&spec->origin)) {
    FUZZ_CHECK(ecs->role_name.empty() || IsRoleName(ecs->role_name));
  }
  for (const RamRole& role : spec->roles) {
    FUZZ_CHECK(IsWord(role.arn));
    FUZZ_CHECK(role.duration_seconds >= kMinRoleDuration);
    FUZZ_CHECK(role.duration_seconds <= kMaxRoleDuration);
  }
}

void CheckText(const std::string& text) {
  CheckIssued(ParseMetadataReply(text));
  CheckIssued(ParseStsReply(text));
  ParseStsError(text);
  // A profile of this kind names a file, which is then read.
  if (text.find("token_file") != std::string::npos) return;
  for (const char* profile : {"", "a", "b"}) {
    CheckSpec(ReadIniProfile(text, "/file", profile));
    CheckSpec(ReadCliProfile(text, "/file", profile));
  }
}

}  // namespace
}  // namespace penstock::oss

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  penstock::oss::CheckText(penstock::Text(data, size));
  return 0;
}
