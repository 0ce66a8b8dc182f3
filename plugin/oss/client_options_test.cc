#include "plugin/oss/client_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temp_dir.h"

namespace penstock::oss {
namespace {

std::string PathOf(const std::string& name) {
  static const testing_support::TempDir directory;
  return directory.File(name);
}

std::string WriteFile(const std::string& name, const std::string& text) {
  testing_support::WriteFile(PathOf(name), text);
  return PathOf(name);
}

absl::StatusOr<ClientOptions> Create(OptionValues values) {
  values.emplace("region", "cn-hangzhou");
  return ClientOptions::Create(values);
}

TEST(ClientOptionsTest, HasDefaults) {
  const absl::StatusOr<ClientOptions> options = Create({});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->signature, SignatureVersion::kV4);
  ASSERT_NE(options->route, nullptr);
  EXPECT_EQ(options->route->proxy, "");
  EXPECT_EQ(options->route->ca_file, "");
  EXPECT_EQ(options->stall_timeout, absl::Seconds(30));
  EXPECT_EQ(options->max_requests, 128);
}

TEST(ClientOptionsTest, TakesWhatIsSaid) {
  const std::string ca_file = WriteFile("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  const std::string proxy_file = WriteFile("proxy", "user:pass:word\n");
  const absl::StatusOr<ClientOptions> options = Create({{"signature", "v1"},
                                                        {"ca_file", ca_file},
                                                        {"proxy", "Proxy.Example:3128"},
                                                        {"proxy_credentials_file", proxy_file},
                                                        {"stall_timeout", "1m30s"},
                                                        {"max_requests", "7"}});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->signature, SignatureVersion::kV1);
  EXPECT_EQ(options->route->ca_file, ca_file);
  EXPECT_EQ(options->route->proxy, "http://proxy.example:3128");
  EXPECT_EQ(options->route->proxy_credentials, "user:pass:word");
  EXPECT_EQ(options->stall_timeout, absl::Seconds(90));
  EXPECT_EQ(options->max_requests, 7);
}

TEST(ClientOptionsTest, RefusesWhatItCannotUse) {
  const std::string missing = PathOf("missing");
  const std::string no_pem = WriteFile("no_pem", "not a certificate");
  const std::string no_password = WriteFile("no_password", "useronly");
  const std::string two_lines = WriteFile("two_lines", "user:pass\nmore");
  const std::pair<OptionValues, const char*> rows[] = {
      {{{"signature", "v2"}}, "signature"},
      {{{"ca_file", missing}}, "ca_file"},
      {{{"ca_file", testing::TempDir()}}, "ca_file"},
      {{{"ca_file", no_pem}}, "ca_file"},
      {{{"proxy", "socks5://host:1"}}, "proxy"},
      {{{"proxy", "host:1/path"}}, "proxy"},
      {{{"proxy_credentials_file", no_pem}}, "proxy_credentials_file"},
      {{{"proxy", "host:1"}, {"proxy_credentials_file", missing}}, "proxy_credentials_file"},
      {{{"proxy", "host:1"}, {"proxy_credentials_file", no_password}}, "proxy_credentials_file"},
      {{{"proxy", "host:1"}, {"proxy_credentials_file", two_lines}}, "proxy_credentials_file"},
      {{{"stall_timeout", "0s"}}, "stall_timeout"},
      {{{"stall_timeout", "inf"}}, "stall_timeout"},
      {{{"stall_timeout", "30"}}, "stall_timeout"},
      {{{"max_requests", "0"}}, "max_requests"},
      {{{"max_requests", "many"}}, "max_requests"},
      {{{"endpoint", "ftp://host"}}, "endpoint"}};
  for (const auto& [values, option] : rows) {
    const absl::Status status = Create(values).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << testing::PrintToString(values);
    EXPECT_EQ(ErrorMetadataOf(status).at("option"), option) << testing::PrintToString(values);
  }
}

TEST(ClientOptionsTest, ShowsNoPasswordThatStandsInTheWrongPlace) {
  const absl::Status in_proxy = Create({{"proxy", "http://user:hunter2@host:1"}}).status();
  EXPECT_EQ(ErrorMetadataOf(in_proxy).at("option"), "proxy");
  EXPECT_THAT(std::string(in_proxy.message()), testing::HasSubstr("proxy_credentials_file"));
  const std::string file = WriteFile("hunter", "hunter2");
  const absl::Status in_file =
      Create({{"proxy", "host:1"}, {"proxy_credentials_file", file}}).status();
  for (const absl::Status& status : {in_proxy, in_file}) {
    EXPECT_THAT(status.ToString(), testing::Not(testing::HasSubstr("hunter2")));
  }
}

TEST(ClientOptionsTest, DescribesEveryOption) {
  for (const OptionInfo& option : ClientOptions::Options()) {
    EXPECT_NE(option.help, "") << option.name;
    EXPECT_EQ(option.secret, option.name == "proxy_credentials_file") << option.name;
  }
}

}  // namespace
}  // namespace penstock::oss
