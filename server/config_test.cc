#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kMinimal[] = R"(
[store]
path = "/var/lib/penstock/sessions.db"
[remotes.disk]
backend = "local"
root = "/srv"
)";

TEST(ParseConfigTest, FillsInDefaults) {
  const auto config = ParseConfig(kMinimal, "test.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->listen, ElementsAre("127.0.0.1:7070"));
  EXPECT_EQ(config->memory_budget, int64_t{2} << 30);
  EXPECT_EQ(config->linger, absl::Seconds(60));
  EXPECT_EQ(config->part_age, absl::Seconds(30));
  EXPECT_EQ(config->idle_ttl, absl::Hours(7 * 24));
  EXPECT_EQ(config->retention, absl::Hours(7 * 24));
  EXPECT_EQ(config->reap_interval, absl::Minutes(1));
  EXPECT_EQ(config->store_path, "/var/lib/penstock/sessions.db");
  EXPECT_EQ(config->remotes.at("disk").backend, "local");
  EXPECT_EQ(config->remotes.at("disk").options.at("root"), "/srv");
}

TEST(ParseConfigTest, ReadsEveryKey) {
  const auto config = ParseConfig(R"(
[server]
listen = ["127.0.0.1:1", "unix:/run/p.sock"]
insecure = true
bdp_probe = true
memory_budget = "512MiB"
upload_rate = "10MiB"
max_connections = 16
parallel_parts = 8
max_parallel_parts = 32
claims_per_minute = 100
drain_timeout = "5s"
idle_timeout = "1m"
progress_interval = "500ms"
[sessions]
linger = "0"
part_age = "10s"
idle_ttl = "24h"
retention = "48h"
reap_interval = "5s"
[store]
path = "s.db"
[log]
level = "debug"
format = "json"
[remotes.hangzhou]
backend = "oss"
region = "cn-hangzhou"
buckets = ["one", "two"]
number = 7
flag = true
)",
                                  "test.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->listen, ElementsAre("127.0.0.1:1", "unix:/run/p.sock"));
  EXPECT_TRUE(config->insecure);
  EXPECT_TRUE(config->bdp_probe);
  EXPECT_EQ(config->memory_budget, 512 << 20);
  EXPECT_EQ(config->upload_rate, 10 << 20);
  EXPECT_EQ(config->max_connections, 16);
  EXPECT_EQ(config->parallel_parts, 8);
  EXPECT_EQ(config->max_parallel_parts, 32);
  EXPECT_EQ(config->claims_per_minute, 100);
  EXPECT_EQ(config->drain_timeout, absl::Seconds(5));
  EXPECT_EQ(config->idle_timeout, absl::Minutes(1));
  EXPECT_EQ(config->progress_interval, absl::Milliseconds(500));
  EXPECT_EQ(config->linger, absl::ZeroDuration());
  EXPECT_EQ(config->part_age, absl::Seconds(10));
  EXPECT_EQ(config->idle_ttl, absl::Hours(24));
  EXPECT_EQ(config->retention, absl::Hours(48));
  EXPECT_EQ(config->reap_interval, absl::Seconds(5));
  EXPECT_EQ(config->log_level, log::Level::kDebug);
  EXPECT_TRUE(config->log_json);
  const OptionValues& options = config->remotes.at("hangzhou").options;
  EXPECT_EQ(options.at("buckets"), "one,two");
  EXPECT_EQ(options.at("number"), "7");
  EXPECT_EQ(options.at("flag"), "true");
}

struct BadConfig {
  const char* name;
  const char* text;
  const char* message;
};

class ParseConfigErrorTest : public testing::TestWithParam<BadConfig> {};

TEST_P(ParseConfigErrorTest, SaysWhatAndWhere) {
  const auto config = ParseConfig(std::string(GetParam().text) + kMinimal, "test.toml");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(ErrorReason(config.status()), "BAD_CONFIG");
  EXPECT_THAT(std::string(config.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ParseConfigErrorTest,
    testing::Values(
        BadConfig{"UnknownTable", "[serer]\n", "test.toml:1:2: `serer` is unknown here"},
        BadConfig{"UnknownKey", "[server]\nlisten_on = 3\n",
                  "test.toml:2:1: `server.listen_on` is unknown here"},
        BadConfig{"WrongType", "[server]\ninsecure = \"yes\"\n",
                  "`server.insecure`: expected true or false, got \"yes\""},
        BadConfig{"TooSmall", "[server]\nmemory_budget = \"1MiB\"\n", "at least 64MiB"},
        BadConfig{"OutOfRange", "[server]\nparallel_parts = 0\n", "a number from 1 to 64"},
        BadConfig{"NoDuration", "[server]\ndrain_timeout = 30\n", "a duration such as"},
        BadConfig{"NegativeLinger", "[sessions]\nlinger = \"-1s\"\n",
                  "test.toml:2:10: `sessions.linger`: expected a duration such as \"30s\" or "
                  "\"10m\", at least 0"},
        BadConfig{"NoPartAge", "[sessions]\npart_age = \"0\"\n", "at least 1s"},
        BadConfig{"NoIdleTtl", "[sessions]\nidle_ttl = \"0\"\n", "`sessions.idle_ttl`: expected"},
        BadConfig{"EndlessIdleTtl", "[sessions]\nidle_ttl = \"inf\"\n", "got \"inf\""},
        BadConfig{"DaysAreNoUnit", "[sessions]\nretention = \"7d\"\n", "got \"7d\""},
        BadConfig{"ReapsTooOften", "[sessions]\nreap_interval = \"10ms\"\n", "at least 100ms"},
        BadConfig{"UnknownSessionsKey", "[sessions]\nttl = \"1h\"\n",
                  "`sessions.ttl` is unknown here; known are idle_ttl, linger"},
        BadConfig{"NoList", "[server]\nlisten = \"127.0.0.1:1\"\n", "a list of strings"},
        BadConfig{"BadLevel", "[log]\nlevel = \"loud\"\n", "debug, info, warning, error or off"},
        BadConfig{"BadFormat", "[log]\nformat = \"xml\"\n", "text or json"},
        BadConfig{"NoBackend", "[remotes.x]\nroot = \"/\"\n", "the kind of backend"},
        BadConfig{"BadRemoteName", "[remotes.\"a b\"]\nbackend = \"local\"\n",
                  "a name of letters, digits"},
        BadConfig{"NestedOption", "[remotes.x.y]\nz = 1\n", "a string, a number"},
        BadConfig{"Syntax", "[server\n", "test.toml:1:"}),
    [](const auto& row) { return row.param.name; });

TEST(ParseConfigTest, NeedsAStoreAndARemote) {
  EXPECT_THAT(std::string(ParseConfig("", "t").status().message()), HasSubstr("store.path"));
  EXPECT_THAT(std::string(ParseConfig("[store]\npath = \"x\"\n", "t").status().message()),
              HasSubstr("at least one remote"));
}

TEST(LoadConfigTest, SaysWhichFileIsMissing) {
  const absl::Status status = LoadConfig("/nonexistent/penstock.toml").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nonexistent/penstock.toml"));
}

TEST(PrintConfigTest, ReadsBackAndMasksSecrets) {
  Registry registry;
  BackendInfo info;
  info.name = "vault";
  OptionInfo plain;
  plain.name = "place";
  OptionInfo secret;
  secret.name = "key_file";
  secret.secret = true;
  info.options = {plain, secret};
  registry.Add(std::move(info));

  auto config = ParseConfig(kMinimal, "t");
  ASSERT_TRUE(config.ok());
  config->remotes["safe"] = {
      "vault", {{"place", "here \"quoted\""}, {"key_file", "/etc/key"}, {"key", "in clear"}}};
  const std::string printed = PrintConfig(*config, registry);
  EXPECT_THAT(printed, testing::Not(HasSubstr("/etc/key")));
  EXPECT_THAT(printed, testing::Not(HasSubstr("in clear"))) << "an option that is unknown";
  const auto again = ParseConfig(printed, "printed");
  ASSERT_TRUE(again.ok()) << again.status() << printed;
  EXPECT_EQ(again->remotes.at("safe").options.at("place"), "here \"quoted\"");
  EXPECT_EQ(again->remotes.at("safe").options.at("key_file"), "***");
  EXPECT_EQ(again->listen, config->listen);
  EXPECT_EQ(again->drain_timeout, config->drain_timeout);
}

TEST(PrintConfigTest, QuotesOptionsThatAreNoBareKeys) {
  Registry registry;
  BackendInfo info;
  info.name = "local";
  for (const char* name : {"two words", "", "root"}) {
    info.options.emplace_back();
    info.options.back().name = name;
  }
  registry.Add(std::move(info));
  auto config = ParseConfig(kMinimal, "t");
  ASSERT_TRUE(config.ok());
  config->remotes["disk"].options["two words"] = "x";
  config->remotes["disk"].options[""] = "y";
  const auto again = ParseConfig(PrintConfig(*config, registry), "printed");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->remotes.at("disk").options, config->remotes.at("disk").options);
}

// Every value differs from its default, so that one that is not printed is missed.
TEST(PrintConfigTest, TellsHowSessionsLive) {
  auto config = ParseConfig(kMinimal, "t");
  ASSERT_TRUE(config.ok());
  config->linger = absl::ZeroDuration();
  config->part_age = absl::Seconds(11);
  config->idle_ttl = absl::Hours(12);
  config->retention = absl::Hours(13);
  config->reap_interval = absl::Seconds(14);
  const auto again = ParseConfig(PrintConfig(*config, Registry()), "printed");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->linger, absl::ZeroDuration());
  EXPECT_EQ(again->part_age, absl::Seconds(11));
  EXPECT_EQ(again->idle_ttl, absl::Hours(12));
  EXPECT_EQ(again->retention, absl::Hours(13));
  EXPECT_EQ(again->reap_interval, absl::Seconds(14));
}

}  // namespace
}  // namespace penstock
