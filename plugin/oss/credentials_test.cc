#include "plugin/oss/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"

namespace penstock::oss {
namespace {

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + "/oss_credentials_" + name;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  return path;
}

CredentialSource::Environment Variables(std::map<std::string, std::string> values) {
  return [values](const std::string& name) {
    const auto it = values.find(name);
    return it == values.end() ? std::string() : it->second;
  };
}

TEST(CredentialsTest, ComeFromTheEnvironmentByDefault) {
  const auto source = CredentialSource::Create({}, Variables({{"OSS_ACCESS_KEY_ID", "id"},
                                                              {"OSS_ACCESS_KEY_SECRET", "secret"},
                                                              {"OSS_SESSION_TOKEN", "token"}}));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(*(*source)->Get(), (Credentials{"id", "secret", "token"}));
}

TEST(CredentialsTest, ComeFromFilesWithoutTheirLineEnds) {
  const auto source =
      CredentialSource::Create({{"access_key_id_file", WriteFile("id", "id\n")},
                                {"access_key_secret_file", WriteFile("secret", " secret\r\n")},
                                {"security_token_file", WriteFile("token", "token")}},
                               Variables({{"OSS_ACCESS_KEY_ID", "ignored"}}));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(*(*source)->Get(), (Credentials{"id", "secret", "token"}));
}

TEST(CredentialsTest, AreReadAgainUnlessOthersAreKnownAlready) {
  const std::string secret = WriteFile("rotated", "old");
  const auto source = CredentialSource::Create(
      {{"access_key_id", "id"}, {"access_key_secret_file", secret}}, Variables({}));
  ASSERT_TRUE(source.ok()) << source.status();
  const auto first = (*source)->Get();
  ASSERT_TRUE((*source)->Reload(first).ok());
  EXPECT_EQ((*source)->Get(), first);  // nothing new
  WriteFile("rotated", "new");
  ASSERT_TRUE((*source)->Reload(first).ok());
  const auto second = (*source)->Get();
  EXPECT_EQ(second->access_key_secret, "new");
  WriteFile("rotated", "newer");
  ASSERT_TRUE((*source)->Reload(first).ok());
  EXPECT_EQ((*source)->Get(), second);  // `first` has been replaced by somebody else
}

TEST(CredentialsTest, StayWhenTheirFilesCannotBeRead) {
  const std::string secret = WriteFile("broken", "good");
  const auto source = CredentialSource::Create(
      {{"access_key_id", "id"}, {"access_key_secret_file", secret}}, Variables({}));
  ASSERT_TRUE(source.ok()) << source.status();
  const auto first = (*source)->Get();
  WriteFile("broken", "");
  EXPECT_FALSE((*source)->Reload(first).ok());
  EXPECT_EQ((*source)->Get(), first);
}

TEST(CredentialsTest, NameTheOptionThatIsMissingAndNeverTheSecret) {
  const std::string odd = WriteFile("odd", "hush hush");
  const std::pair<OptionValues, const char*> rows[] = {
      {{}, "access_key_id"},
      {{{"access_key_id", "id"}}, "access_key_secret_file"},
      {{{"access_key_secret_file", odd}}, "access_key_id"},
      {{{"access_key_id", "id"}, {"access_key_id_file", odd}}, "access_key_id"},
      {{{"access_key_id", "i d"}, {"access_key_secret_file", odd}}, "access_key_id"},
      {{{"access_key_id", "id"}, {"access_key_secret_file", odd}}, "access_key_secret_file"},
      {{{"access_key_id", "id"}, {"access_key_secret_file", "/nowhere"}},
       "access_key_secret_file"}};
  for (const auto& [values, option] : rows) {
    const absl::Status status = CredentialSource::Create(values, Variables({})).status();
    EXPECT_EQ(ErrorReason(status), "BAD_REMOTE_OPTION") << testing::PrintToString(values);
    EXPECT_EQ(ErrorMetadataOf(status)["option"], option) << testing::PrintToString(values);
    EXPECT_THAT(std::string(status.message()), testing::Not(testing::HasSubstr("hush")));
  }
}

}  // namespace
}  // namespace penstock::oss
