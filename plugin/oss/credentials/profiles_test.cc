#include "plugin/oss/credentials/profiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "plugin/oss/credentials/test_files.h"

namespace penstock::oss {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kIni[] = R"(# of a tool
[default]
type = access_key
access_key_id = id
access_key_secret=se=cret

; roles
[ role ]
type = ram_role_arn
access_key_id = id
access_key_secret = secret
role_arn = acs:ram::1:role/r
role_session_name = night
[ecs]
type = ecs_ram_role
role_name = uploads
[temporary]
type = sts
access_key_id = STS.x
access_key_secret = secret
security_token = token
[incomplete]
type = access_key
access_key_id = id
[odd]
type = rsa_key_pair
)";

absl::StatusOr<SourceSpec> Ini(const std::string& profile, const std::string& text = kIni) {
  return ReadIniProfile(text, "/the/file", profile);
}

TEST(IniProfileTest, ReadsEachType) {
  EXPECT_EQ(std::get<Credentials>(Ini("").value().origin), (Credentials{"id", "se=cret", ""}));
  EXPECT_EQ(std::get<Credentials>(Ini("temporary").value().origin),
            (Credentials{"STS.x", "secret", "token"}));
  EXPECT_EQ(std::get<EcsRamRole>(Ini("ecs").value().origin).role_name, "uploads");
  const SourceSpec role = Ini("role").value();
  EXPECT_EQ(std::get<Credentials>(role.origin), (Credentials{"id", "secret", ""}));
  ASSERT_EQ(role.roles.size(), 1u);
  EXPECT_EQ(role.roles[0].arn, "acs:ram::1:role/r");
  EXPECT_EQ(role.roles[0].session_name, "night");
  EXPECT_EQ(role.roles[0].duration_seconds, 3600);
}

TEST(IniProfileTest, ReadsAnOidcRoleAndItsToken) {
  const SourceSpec spec =
      Ini("o", absl::StrCat("[o]\r\ntype = oidc_role_arn\r\nrole_arn = acs:ram::1:role/r\r\n"
                            "oidc_provider_arn = p\r\noidc_token_file_path = ",
                            WriteFile("ini_token", "ey\n"), "\r\n"))
          .value();
  const auto& oidc = std::get<OidcRole>(spec.origin);
  EXPECT_EQ(oidc.token, "ey");
  EXPECT_EQ(oidc.provider_arn, "p");
  EXPECT_EQ(oidc.role.arn, "acs:ram::1:role/r");
}

TEST(IniProfileTest, SaysWhatIsWrongAndWhere) {
  const std::pair<absl::Status, const char*> rows[] = {
      {Ini("none").status(), "\"none\""},
      {Ini("incomplete").status(), "access_key_secret"},
      {Ini("odd").status(), "rsa_key_pair"},
      {Ini("", "[default]\nhush\n").status(), "line 2"},
      {Ini("", "[default]\ntype = access_key\naccess_key_id = i\naccess_key_secret = hu sh\n")
           .status(),
       "access_key_secret"},
      {Ini("", "[default]\ntype = ecs_ram_role\nrole_name = a/b\n").status(), "role_name"}};
  for (const auto& [status, says] : rows) {
    EXPECT_EQ(ErrorReason(status), "BAD_REMOTE_OPTION") << says;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(says), HasSubstr("/the/file"), Not(HasSubstr("hu"))));
  }
}

std::string Config(const std::string& profiles, const std::string& current = "a") {
  return absl::StrCat(R"({"current": ")", current, R"(", "profiles": [)", profiles, "]}");
}

absl::StatusOr<SourceSpec> Cli(const std::string& profiles, const std::string& profile = "") {
  return ReadCliProfile(Config(profiles), "/the/file", profile);
}

constexpr char kAk[] =
    R"({"name": "a", "mode": "AK", "access_key_id": "id", "access_key_secret": "secret",)"
    R"( "sts_token": "", "ram_role_arn": "", "expired_seconds": 0})";

TEST(CliProfileTest, ReadsEachMode) {
  EXPECT_EQ(std::get<Credentials>(Cli(kAk).value().origin), (Credentials{"id", "secret", ""}));
  const std::string sts =
      R"({"name": "b", "mode": "StsToken", "access_key_id": "i", "access_key_secret": "s",)"
      R"( "sts_token": "t"})";
  EXPECT_EQ(std::get<Credentials>(Cli(absl::StrCat(kAk, ",", sts), "b").value().origin),
            (Credentials{"i", "s", "t"}));
  const std::string ecs = R"({"name": "a", "mode": "EcsRamRole", "ram_role_name": ""})";
  EXPECT_EQ(std::get<EcsRamRole>(Cli(ecs).value().origin).role_name, "");
  const std::string oidc = absl::StrCat(
      R"({"name": "a", "mode": "OIDC", "oidc_provider_arn": "p", "oidc_token_file": ")",
      WriteFile("cli_token", "ey"),
      R"(", "ram_role_arn": "acs:ram::1:role/r", "ram_session_name": "n"})");
  const SourceSpec spec = Cli(oidc).value();
  EXPECT_EQ(std::get<OidcRole>(spec.origin).token, "ey");
  EXPECT_EQ(std::get<OidcRole>(spec.origin).role.session_name, "n");
}

TEST(CliProfileTest, ReadsARoleAndWhatItIsAssumedWith) {
  const SourceSpec spec =
      Cli(R"({"name": "a", "mode": "RamRoleArn", "access_key_id": "i", "access_key_secret": "s",)"
          R"( "ram_role_arn": "acs:ram::1:role/r", "ram_session_name": "n", "expired_seconds": 900,)"
          R"( "external_id": "e", "policy": "{}"})")
          .value();
  EXPECT_EQ(std::get<Credentials>(spec.origin).access_key_id, "i");
  ASSERT_EQ(spec.roles.size(), 1u);
  EXPECT_EQ(spec.roles[0].arn, "acs:ram::1:role/r");
  EXPECT_EQ(spec.roles[0].session_name, "n");
  EXPECT_EQ(spec.roles[0].external_id, "e");
  EXPECT_EQ(spec.roles[0].policy, "{}");
  EXPECT_EQ(spec.roles[0].duration_seconds, 900);
}

TEST(CliProfileTest, FollowsAChainOfRolesFromItsSource) {
  const std::string chain = absl::StrCat(
      R"({"name": "c", "mode": "ChainableRamRoleArn", "source_profile": "b", "ram_role_arn": "r2"},)",
      R"({"name": "b", "mode": "ChainableRamRoleArn", "source_profile": "a", "ram_role_arn": "r1"},)",
      kAk);
  const SourceSpec spec = Cli(chain, "c").value();
  EXPECT_EQ(std::get<Credentials>(spec.origin).access_key_id, "id");
  ASSERT_EQ(spec.roles.size(), 2u);
  EXPECT_EQ(spec.roles[0].arn, "r1");
  EXPECT_EQ(spec.roles[1].arn, "r2");
}

TEST(CliProfileTest, SaysWhatIsWrongAndWhere) {
  const std::string circle =
      R"({"name": "a", "mode": "ChainableRamRoleArn", "source_profile": "a", "ram_role_arn": "r"})";
  const std::pair<absl::Status, const char*> rows[] = {
      {ReadCliProfile("{", "/the/file", "").status(), "JSON"},
      {ReadCliProfile("{}", "/the/file", "").status(), "not there"},
      {ReadCliProfile(R"({"current": 7, "profiles": {"hush": 1}})", "/the/file", "x").status(),
       "\"x\""},
      {Cli(kAk, "b").status(), "\"b\""},
      {Cli(circle).status(), "source_profile"},
      {Cli(R"({"name": "a", "mode": "External", "process_command": "hush"})").status(),
       "\"External\""},
      {Cli(R"({"name": "a"})").status(), "mode \"\""},
      {Cli(R"({"name": "a", "mode": "AK", "access_key_id": "i", "access_key_secret": ["hush"]})")
           .status(),
       "access_key_secret"},
      {Cli(R"({"name": "a", "mode": "StsToken", "access_key_id": "i", "access_key_secret": "s"})")
           .status(),
       "sts_token"},
      {Cli(R"({"name": "a", "mode": "RamRoleArn", "access_key_id": "i", "access_key_secret": "s",)"
           R"( "ram_role_arn": "r", "expired_seconds": 7})")
           .status(),
       "expired_seconds"},
      {Cli(R"({"name": "a", "mode": "OIDC", "oidc_provider_arn": "p", "ram_role_arn": "r"})")
           .status(),
       "oidc_token_file"}};
  for (const auto& [status, says] : rows) {
    EXPECT_EQ(ErrorReason(status), "BAD_REMOTE_OPTION") << says;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(says), HasSubstr("/the/file"), Not(HasSubstr("hush"))));
  }
}

}  // namespace
}  // namespace penstock::oss
