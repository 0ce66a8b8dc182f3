#include "plugin/oss/credentials/local_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "plugin/oss/credentials/test_files.h"

namespace penstock::oss {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(LocalSourcesTest, FilesGiveTheirWordsWithoutLineEnds) {
  const auto credentials =
      ReadConfiguredFiles({{"access_key_id_file", WriteFile("id", "id\n")},
                           {"access_key_secret_file", WriteFile("secret", " secret\r\n")},
                           {"security_token_file", WriteFile("token", "token")}});
  EXPECT_EQ(credentials.value(), (Credentials{"id", "secret", "token"}));
}

TEST(LocalSourcesTest, FilesNameTheOptionThatIsWrongAndNeverTheSecret) {
  const std::string odd = WriteFile("odd", "hush hush");
  const std::string large = WriteFile("large", std::string(2 << 20, 'x'));
  const std::pair<OptionValues, const char*> rows[] = {
      {{{"access_key_id", "id"}}, "access_key_secret_file"},
      {{{"access_key_secret_file", odd}}, "access_key_id"},
      {{{"access_key_id", "id"}, {"access_key_id_file", odd}}, "access_key_id"},
      {{{"access_key_id", "i d"}, {"access_key_secret_file", odd}}, "access_key_id"},
      {{{"access_key_id", "id"}, {"access_key_secret_file", odd}}, "access_key_secret_file"},
      {{{"access_key_id", "id"}, {"access_key_secret_file", large}}, "access_key_secret_file"},
      {{{"access_key_id", "id"}, {"access_key_secret_file", testing::TempDir()}},
       "access_key_secret_file"},
      {{{"access_key_id", "id"}, {"access_key_secret_file", "/nowhere"}},
       "access_key_secret_file"}};
  for (const auto& [values, option] : rows) {
    const absl::Status status = ReadConfiguredFiles(values).status();
    EXPECT_EQ(ErrorReason(status), "BAD_REMOTE_OPTION") << testing::PrintToString(values);
    EXPECT_EQ(ErrorMetadataOf(status)["option"], option) << testing::PrintToString(values);
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hush")));
  }
}

TEST(LocalSourcesTest, TheEnvironmentHasTwoSetsOfNamesAndOssComesFirst) {
  std::map<std::string, std::string> set = {{"ALIBABA_CLOUD_ACCESS_KEY_ID", "a"},
                                            {"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "b"},
                                            {"ALIBABA_CLOUD_SECURITY_TOKEN", "c"}};
  EXPECT_EQ(ReadEnvironment(Variables(set)).value(), (Credentials{"a", "b", "c"}));
  set["OSS_ACCESS_KEY_ID"] = "id";
  set["OSS_ACCESS_KEY_SECRET"] = "secret";
  EXPECT_EQ(ReadEnvironment(Variables(set)).value(), (Credentials{"id", "secret", ""}));
  set["OSS_SESSION_TOKEN"] = "token";
  EXPECT_EQ(ReadEnvironment(Variables(set)).value(), (Credentials{"id", "secret", "token"}));
  EXPECT_TRUE(EnvironmentHasCredentials(Variables(set)));
  EXPECT_FALSE(EnvironmentHasCredentials(Variables({{"OSS_SESSION_TOKEN", "token"}})));
}

TEST(LocalSourcesTest, TheEnvironmentNamesTheVariableThatIsWrong) {
  const std::pair<std::map<std::string, std::string>, const char*> rows[] = {
      {{}, "OSS_ACCESS_KEY_ID"},
      {{{"OSS_ACCESS_KEY_ID", "i"}}, "OSS_ACCESS_KEY_SECRET"},
      {{{"OSS_ACCESS_KEY_SECRET", "hush"}}, "OSS_ACCESS_KEY_ID"},
      {{{"ALIBABA_CLOUD_ACCESS_KEY_ID", "i"}}, "ALIBABA_CLOUD_ACCESS_KEY_SECRET"},
      {{{"OSS_ACCESS_KEY_ID", "i"}, {"OSS_ACCESS_KEY_SECRET", "hush hush"}},
       "OSS_ACCESS_KEY_SECRET"},
      {{{"OSS_ACCESS_KEY_ID", "i"},
        {"OSS_ACCESS_KEY_SECRET", "s"},
        {"OSS_SESSION_TOKEN", "hu\nsh"}},
       "OSS_SESSION_TOKEN"}};
  for (const auto& [set, name] : rows) {
    const absl::Status status = ReadEnvironment(Variables(set)).status();
    EXPECT_EQ(ErrorReason(status), "BAD_REMOTE_OPTION");
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string("variable ") + name));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hu")));
  }
}

}  // namespace
}  // namespace penstock::oss
