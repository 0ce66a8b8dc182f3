#include "client/derived_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/error.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

using ::testing::MatchesRegex;

constexpr char kSecret[] = "a secret of the user";

TokenFacts Facts() {
  return {"hangzhou",
          "bucket",
          "some/key",
          {1234567890123, absl::FromUnixNanos(1'700'000'000'123'456'789)}};
}

// Computed by an independent implementation (Python's hmac): a change would strand every upload
// that is under way.
TEST(DeriveTokenTest, IsStable) {
  EXPECT_EQ(DeriveToken(kSecret, Facts()), "-QEI5cM5EuuPsz3ValxMypzomjv0yFUnW71fDY7OHLQ");
}

TEST(DeriveTokenTest, FollowsFromEveryFact) {
  std::set<std::string> tokens = {DeriveToken(kSecret, Facts()),
                                  DeriveToken("another secret, as long", Facts())};
  TokenFacts facts = Facts();
  facts.remote = "beijing";
  tokens.insert(DeriveToken(kSecret, facts));
  facts = Facts();
  facts.bucket = "other";
  tokens.insert(DeriveToken(kSecret, facts));
  facts = Facts();
  facts.key = "some/other";
  tokens.insert(DeriveToken(kSecret, facts));
  facts = Facts();
  facts.file.size += 1;
  tokens.insert(DeriveToken(kSecret, facts));
  facts = Facts();
  facts.file.modified += absl::Nanoseconds(1);
  tokens.insert(DeriveToken(kSecret, facts));
  EXPECT_EQ(tokens.size(), 7u);
}

TEST(DeriveTokenTest, KeepsFieldsApart) {
  TokenFacts a = Facts();
  TokenFacts b = Facts();
  a.bucket = "ab";
  a.key = "c";
  b.bucket = "a";
  b.key = "bc";
  EXPECT_NE(DeriveToken(kSecret, a), DeriveToken(kSecret, b));
}

TEST(RandomTokenTest, HasTheFormOfASessionToken) {
  const std::string token = RandomToken(SecureRandom());
  EXPECT_THAT(token, MatchesRegex("[A-Za-z0-9_-]{43}"));
  EXPECT_NE(token, RandomToken(SecureRandom()));
}

class TokenSecretTest : public ::testing::Test {
 protected:
  const testing_support::TempDir directory_;
  const std::string folder_ = directory_.File("config");  // not there yet
  const std::string path_ = folder_ + "/penstock/token-secret";
};

TEST_F(TokenSecretTest, IsCreatedForTheUserAloneAndKept) {
  const auto created = LoadTokenSecretFile(path_, SecureRandom());
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_THAT(*created, MatchesRegex("[0-9a-f]{64}"));
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_EQ(*LoadTokenSecretFile(path_, SecureRandom()), *created);
  const auto entries = std::filesystem::directory_iterator(folder_ + "/penstock");
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);  // no drafts are left
}

TEST_F(TokenSecretTest, IsOneForProcessesThatStartTogether) {
  std::vector<std::string> secrets(8);
  std::vector<std::thread> threads;
  for (std::string& secret : secrets) {
    threads.emplace_back([&] { secret = *LoadTokenSecretFile(path_, SecureRandom()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(secrets.begin(), secrets.end()).size(), 1u);
}

TEST_F(TokenSecretTest, IsRefusedWhenOthersCanReadIt) {
  ASSERT_TRUE(LoadTokenSecretFile(path_, SecureRandom()).ok());
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_EQ(ErrorReason(LoadTokenSecretFile(path_, SecureRandom()).status()),
            "TOKEN_SECRET_EXPOSED");
}

TEST_F(TokenSecretTest, IsRefusedWhenShort) {
  std::filesystem::create_directories(folder_ + "/penstock");
  std::ofstream(path_) << "short\n";
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  EXPECT_EQ(ErrorReason(LoadTokenSecretFile(path_, SecureRandom()).status()), "BAD_TOKEN_SECRET");
}

TEST_F(TokenSecretTest, ComesFromTheEnvironmentFirst) {
  setenv("PENSTOCK_TOKEN_SECRET", "shared between machines", 1);
  EXPECT_EQ(*LoadTokenSecret(SecureRandom()), "shared between machines");
  unsetenv("PENSTOCK_TOKEN_SECRET");
  setenv("XDG_CONFIG_HOME", folder_.c_str(), 1);
  const auto secret = LoadTokenSecret(SecureRandom());
  ASSERT_TRUE(secret.ok()) << secret.status();
  EXPECT_EQ(*secret, *LoadTokenSecretFile(path_, SecureRandom()));
  unsetenv("XDG_CONFIG_HOME");
}

}  // namespace
}  // namespace penstock
