#include "plugin/oss/credentials/credential_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "base/error.h"
#include "plugin/oss/credentials/credential_options.h"
#include "plugin/oss/credentials/fake_cloud.h"
#include "plugin/oss/credentials/test_files.h"

namespace penstock::oss {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Set = std::map<std::string, std::string>;

constexpr char kRole[] = "acs:ram::1:role/r";

class CredentialSourceTest : public testing::Test {
 protected:
  CredentialSourceTest() {
    home_ = absl::StrCat(testing::TempDir(), "/oss_home_", getpid(), "_",
                         testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(home_);
    std::filesystem::create_directory(home_);
  }
  ~CredentialSourceTest() override {
    EXPECT_THAT(cloud_.complaints(), IsEmpty());
    std::filesystem::remove_all(home_);
  }

  absl::Status Make(OptionValues values, Set set = {}) {
    BackendEnvironment environment;
    environment.executor = executor_.get();
    environment.blocking = executor_.get();
    environment.clock = &clock_;
    environment.random = &SecureRandom();
    values.emplace("metadata_endpoint", cloud_.url());
    values.emplace("sts_endpoint", cloud_.url());
    set.emplace("HOME", home_);
    cache_.reset();
    auto made = MakeCredentials(values, Variables(std::move(set)), environment);
    if (!made.ok()) return made.status();
    cache_ = *std::move(made);
    return absl::OkStatus();
  }

  absl::StatusOr<CredentialsPtr> Await() {
    std::promise<absl::StatusOr<CredentialsPtr>> promise;
    cache_->Await([&promise](absl::StatusOr<CredentialsPtr> answer) {
      promise.set_value(std::move(answer));
    });
    return promise.get_future().get();
  }

  // The id of the access key, or the error.
  std::string IdOf(const OptionValues& values, const Set& set = {}) {
    if (absl::Status status = Make(values, set); !status.ok()) return status.ToString();
    const absl::StatusOr<CredentialsPtr> answer = Await();
    return answer.ok() ? (*answer)->access_key_id : answer.status().ToString();
  }

  void WriteHome(const std::string& folder, const std::string& name, const std::string& text) {
    std::filesystem::create_directory(absl::StrCat(home_, "/", folder));
    std::ofstream(absl::StrCat(home_, "/", folder, "/", name), std::ios::trunc) << text;
  }
  void WriteIni(const std::string& profile = "default") {
    WriteHome(
        ".alibabacloud", "credentials",
        absl::StrCat("[", profile,
                     "]\ntype = access_key\naccess_key_id = of-ini\naccess_key_secret = s\n"));
  }
  void WriteCli(const std::string& mode = "AK") {
    WriteHome(".aliyun", "config.json",
              absl::StrCat(R"({"current": "c", "profiles": [{"name": "c", "mode": ")", mode,
                           R"(", "access_key_id": "of-cli", "access_key_secret": "s"}]})"));
  }

  const std::unique_ptr<Executor> executor_ = MakeThreadPool(1);
  SettableClock clock_;
  FakeCloud cloud_{clock_};
  std::string home_;
  std::unique_ptr<CredentialCache> cache_;
};

TEST_F(CredentialSourceTest, TheChainTakesTheFirstThatIsThere) {
  EXPECT_EQ(IdOf({}), "STS.1");
  WriteIni();
  EXPECT_EQ(IdOf({}), "of-ini");
  WriteCli();
  EXPECT_EQ(IdOf({}), "of-cli");
  EXPECT_EQ(IdOf({}, {{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true"}}), "of-ini");
  Set set = {{"ALIBABA_CLOUD_ROLE_ARN", kRole},
             {"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "p"},
             {"ALIBABA_CLOUD_OIDC_TOKEN_FILE", WriteFile("chain_token", "ey")}};
  EXPECT_EQ(IdOf({}, set), "STS.2");
  EXPECT_EQ(cloud_.requests().back(), "POST AssumeRoleWithOIDC");
  set["ALIBABA_CLOUD_ACCESS_KEY_ID"] = "of-alibaba";
  set["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "s";
  EXPECT_EQ(IdOf({}, set), "of-alibaba");
  set["OSS_ACCESS_KEY_ID"] = "of-oss";
  set["OSS_ACCESS_KEY_SECRET"] = "s";
  EXPECT_EQ(IdOf({}, set), "of-oss");
  EXPECT_EQ(IdOf({{"credentials", "auto"},
                  {"access_key_id", "of-files"},
                  {"access_key_secret_file", WriteFile("chain_secret", "s")}},
                 set),
            "of-files");
}

TEST_F(CredentialSourceTest, EachKindCanBeAskedForByName) {
  WriteIni();
  WriteCli();
  const Set set = {{"OSS_ACCESS_KEY_ID", "of-oss"}, {"OSS_ACCESS_KEY_SECRET", "s"}};
  EXPECT_EQ(IdOf({{"credentials", "environment"}}, set), "of-oss");
  EXPECT_EQ(IdOf({{"credentials", "profile"}}, set), "of-ini");
  EXPECT_EQ(IdOf({{"credentials", "cli_profile"}, {"profile", "c"}}, set), "of-cli");
  EXPECT_EQ(IdOf({{"credentials", "ecs_ram_role"}, {"ram_role_name", "uploads"}}, set), "STS.1");
  EXPECT_EQ(IdOf({{"credentials", "oidc"},
                  {"oidc_role_arn", kRole},
                  {"oidc_provider_arn", "p"},
                  {"oidc_token_file", WriteFile("kind_token", "ey")},
                  {"role_duration", "1800"}},
                 set),
            "STS.2");
  EXPECT_EQ(cloud_.sts_fields()["DurationSeconds"], "1800");
  EXPECT_EQ(IdOf({{"credentials", "files"},
                  {"access_key_id", "of-files"},
                  {"access_key_secret_file", WriteFile("kind_secret", "s")}},
                 set),
            "of-files");
}

TEST_F(CredentialSourceTest, ProfilesAreFoundWhereVariablesAndOptionsSay) {
  WriteIni("named");
  WriteCli();
  // A name that only the other file of the chain has.
  EXPECT_EQ(IdOf({}, {{"ALIBABA_CLOUD_PROFILE", "named"}}), "of-ini");
  const std::string ini = WriteFile(
      "elsewhere", "[x]\ntype = access_key\naccess_key_id = of-x\naccess_key_secret = s\n");
  EXPECT_EQ(IdOf({{"credentials", "profile"}, {"credentials_file", ini}, {"profile", "x"}}),
            "of-x");
  EXPECT_EQ(IdOf({{"credentials", "profile"}},
                 {{"ALIBABA_CLOUD_CREDENTIALS_FILE", ini}, {"ALIBABA_CLOUD_PROFILE", "x"}}),
            "of-x");
  const std::string cli =
      WriteFile("cli.json", R"({"current": "y", "profiles": [{"name": "y", "mode": "AK",)"
                            R"( "access_key_id": "of-y", "access_key_secret": "s"}]})");
  EXPECT_EQ(IdOf({{"credentials", "cli_profile"}}, {{"ALIBABA_CLOUD_CONFIG_FILE", cli}}), "of-y");
}

TEST_F(CredentialSourceTest, ARoleIsAssumedWithAnySource) {
  EXPECT_EQ(IdOf({{"role_arn", kRole},
                  {"role_session_name", "night"},
                  {"role_external_id", "e"},
                  {"role_duration", "900"}},
                 {{"OSS_ACCESS_KEY_ID", "of-oss"}, {"OSS_ACCESS_KEY_SECRET", "source-secret"}}),
            "STS.1");
  FakeCloud::Fields fields = cloud_.sts_fields();
  EXPECT_EQ(fields["AccessKeyId"], "of-oss");
  EXPECT_EQ(fields["RoleArn"], kRole);
  EXPECT_EQ(fields["RoleSessionName"], "night");
  EXPECT_EQ(fields["ExternalId"], "e");
  EXPECT_EQ(fields["DurationSeconds"], "900");
  FakeCloud::Behaviour behaviour;
  behaviour.sts_secret = "s2";
  cloud_.Behave(behaviour);
  EXPECT_EQ(IdOf({{"credentials", "ecs_ram_role"}, {"role_arn", kRole}}), "STS.3");
}

TEST_F(CredentialSourceTest, OidcReadsItsTokenAgainForEachFetch) {
  const std::string token = WriteFile("rotated_token", "first");
  ASSERT_TRUE(Make({{"credentials", "oidc"},
                    {"oidc_role_arn", kRole},
                    {"oidc_provider_arn", "p"},
                    {"oidc_token_file", token}})
                  .ok());
  WriteFile("rotated_token", "second");
  ASSERT_TRUE(Await().ok());
  EXPECT_EQ(cloud_.sts_fields()["OIDCToken"], "second");
  clock_.Advance(absl::Hours(1));
  WriteFile("rotated_token", "third");
  ASSERT_TRUE(Await().ok());
  EXPECT_EQ(cloud_.sts_fields()["OIDCToken"], "third");
}

TEST_F(CredentialSourceTest, StartsWithoutTheNetworkAndSaysSoToTheRequest) {
  std::string dead;
  {
    const FakeHttpServer server([](FakeExchange&) {});
    dead = server.url();
  }
  ASSERT_TRUE(Make({{"metadata_endpoint", dead}}).ok());
  const absl::Status status = Await().status();
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(dead), HasSubstr("OSS_ACCESS_KEY_ID")));
}

TEST_F(CredentialSourceTest, FixedCredentialsAreThereAtOnce) {
  ASSERT_TRUE(Make({}, {{"OSS_ACCESS_KEY_ID", "id"}, {"OSS_ACCESS_KEY_SECRET", "s"}}).ok());
  ASSERT_NE(cache_->Get(), nullptr);
  EXPECT_EQ(cache_->Get()->access_key_id, "id");
  EXPECT_THAT(cloud_.requests(), IsEmpty());
}

TEST_F(CredentialSourceTest, HardenedModeIsEnforcedWhereTheEnvironmentSaysSo) {
  FakeCloud::Behaviour behaviour;
  behaviour.token_status = 404;
  cloud_.Behave(behaviour);
  EXPECT_THAT(IdOf({}, {{"ALIBABA_CLOUD_IMDSV1_DISABLED", "true"}}), HasSubstr("HTTP 404"));
  EXPECT_EQ(IdOf({}, {{"ALIBABA_CLOUD_IMDSV1_DISABLED", "false"},
                      {"ALIBABA_CLOUD_ECS_METADATA", "uploads"}}),
            "STS.1");
  EXPECT_THAT(cloud_.requests(),
              ElementsAre("PUT /latest/api/token", "PUT /latest/api/token",
                          "GET /latest/meta-data/ram/security-credentials/uploads"));
}

TEST_F(CredentialSourceTest, RefusesWhatCannotWorkAtTheStart) {
  WriteCli("CloudSSO");
  const Set oss = {{"OSS_ACCESS_KEY_ID", "i"}, {"OSS_ACCESS_KEY_SECRET", "s"}};
  const std::string token = WriteFile("start_token", "ey");
  struct Row {
    OptionValues values;
    Set set;
    const char* option;
    const char* says;
  };
  const Row rows[] = {
      {{{"credentials", "magic"}}, oss, "credentials", "ecs_ram_role"},
      {{{"credentials", "environment"}}, {}, "credentials", "OSS_ACCESS_KEY_ID"},
      {{}, {{"OSS_ACCESS_KEY_ID", "i"}}, "credentials", "OSS_ACCESS_KEY_SECRET"},
      {{{"credentials", "files"}}, oss, "access_key_id", "access_key_id_file"},
      {{{"access_key_secret_file", "/nowhere"}, {"access_key_id", "i"}},
       oss,
       "access_key_secret_file",
       "/nowhere"},
      {{{"credentials", "oidc"}, {"access_key_id", "i"}}, oss, "access_key_id", "files"},
      {{{"access_key_id", "i"}, {"profile", "p"}}, oss, "profile", "cli_profile"},
      {{{"credentials_file", "/x"}}, oss, "credentials_file", "cli_profile"},
      {{{"credentials", "oidc"}}, oss, "oidc_role_arn", "ALIBABA_CLOUD_ROLE_ARN"},
      {{{"credentials", "oidc"}, {"oidc_role_arn", kRole}}, oss, "oidc_provider_arn", "OIDC"},
      {{{"credentials", "oidc"}, {"oidc_role_arn", kRole}, {"oidc_provider_arn", "p"}},
       oss,
       "oidc_token_file",
       "OIDC"},
      {{{"credentials", "oidc"},
        {"oidc_role_arn", kRole},
        {"oidc_provider_arn", "p"},
        {"oidc_token_file", "/nowhere"}},
       oss,
       "oidc_token_file",
       "/nowhere"},
      {{{"credentials", "cli_profile"}}, oss, "profile", "CloudSSO"},
      {{}, {}, "profile", "CloudSSO"},
      {{{"credentials", "profile"}}, oss, "credentials_file", ".alibabacloud"},
      {{{"credentials", "profile"}}, {{"HOME", ""}}, "credentials_file", "HOME"},
      {{{"credentials", "ecs_ram_role"}, {"ram_role_name", "a/b"}}, oss, "ram_role_name", "name"},
      {{{"credentials", "ecs_ram_role"}},
       {{"ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"}},
       "credentials",
       "ALIBABA_CLOUD_ECS_METADATA_DISABLED"},
      {{{"role_arn", "uploads"}}, oss, "role_arn", "acs:ram"},
      {{{"role_session_name", "a b"}}, oss, "role_session_name", "64"},
      {{{"role_duration", "60"}}, oss, "role_duration", "900"},
      {{{"role_duration", "1h"}}, oss, "role_duration", "1h"},
      {{{"sts_endpoint", "https://sts/x"}}, oss, "sts_endpoint", "path"},
      {{{"metadata_endpoint", "ftp://x"}}, oss, "metadata_endpoint", "http"},
      {{{"metadata_endpoint", "http://"}}, oss, "metadata_endpoint", "http"}};
  for (const Row& row : rows) {
    const absl::Status status = Make(row.values, row.set);
    EXPECT_EQ(ErrorReason(status), "BAD_REMOTE_OPTION") << row.option << ": " << status;
    EXPECT_EQ(ErrorMetadataOf(status)["option"], row.option) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.says));
  }
}

TEST(CredentialOptionsTest, TheStsIsWhereOptionOrEnvironmentSay) {
  const Set region = {{"ALIBABA_CLOUD_STS_REGION", "cn-beijing"}};
  Set vpc = region;
  vpc["ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"] = "TRUE";
  EXPECT_EQ(StsUrl({}, Variables({})).value(), "https://sts.aliyuncs.com");
  EXPECT_EQ(StsUrl({}, Variables(region)).value(), "https://sts.cn-beijing.aliyuncs.com");
  EXPECT_EQ(StsUrl({}, Variables(vpc)).value(), "https://sts-vpc.cn-beijing.aliyuncs.com");
  EXPECT_EQ(StsUrl({{"sts_endpoint", "sts.internal:8443"}}, Variables(vpc)).value(),
            "https://sts.internal:8443");
  EXPECT_EQ(StsUrl({{"sts_endpoint", "http://[::1]:80/"}}, Variables(vpc)).value(),
            "http://[::1]:80");
}

TEST(CredentialOptionsTest, EveryOptionIsDescribed) {
  for (const OptionInfo& option : CredentialOptions()) {
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_FALSE(option.required) << option.name;
    const bool of_secret = option.name == "access_key_secret_file" ||
                           option.name == "security_token_file" ||
                           option.name == "credentials_file" || option.name == "oidc_token_file";
    EXPECT_EQ(option.secret, of_secret) << option.name;
  }
}

}  // namespace
}  // namespace penstock::oss
