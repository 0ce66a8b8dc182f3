#include "client/cli/token_choice.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "tests/support/temp_dir.h"

namespace penstock::cli {
namespace {

class TokenChoiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    unsetenv("PENSTOCK_TOKEN");
    setenv("PENSTOCK_TOKEN_SECRET", "the secret of this test", 1);
    std::ofstream(file_) << "content";
    std::ofstream(token_file_) << "token-in-a-file-\n";
  }

  const Destination destination_ = {"hangzhou", "bucket", "key"};
  const testing_support::TempDir directory_;
  const std::string file_ = directory_.File("file");
  const std::string token_file_ = directory_.File("token");
  TokenOptions options_;
};

TEST_F(TokenChoiceTest, TheOptionStandsAboveTheFileAndTheEnvironment) {
  setenv("PENSTOCK_TOKEN", "token-of-the-env", 1);
  EXPECT_EQ((*GivenToken(options_))->token, "token-of-the-env");
  EXPECT_EQ((*GivenToken(options_))->origin, TokenOrigin::kEnvironment);
  options_.token_file = token_file_;
  EXPECT_EQ((*GivenToken(options_))->token, "token-in-a-file-");
  EXPECT_EQ((*GivenToken(options_))->origin, TokenOrigin::kFile);
  options_.token = "token-on-the-line";
  EXPECT_EQ((*GivenToken(options_))->token, "token-on-the-line");
  EXPECT_EQ((*GivenToken(options_))->origin, TokenOrigin::kOption);
}

TEST_F(TokenChoiceTest, AFileGetsTheSameTokenEveryTime) {
  const auto first = ChooseToken(options_, file_, destination_);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->origin, TokenOrigin::kDerived);
  EXPECT_EQ(ChooseToken(options_, file_, destination_)->token, first->token);
}

TEST_F(TokenChoiceTest, APipeGetsAnotherTokenEveryTime) {
  const auto first = ChooseToken(options_, "-", destination_);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->origin, TokenOrigin::kRandom);
  EXPECT_NE(ChooseToken(options_, "-", destination_)->token, first->token);
}

TEST_F(TokenChoiceTest, RefusesAFileWithoutAToken) {
  std::ofstream(token_file_, std::ios::trunc) << " \n";
  options_.token_file = token_file_;
  EXPECT_EQ(ErrorReason(GivenToken(options_).status()), "BAD_TOKEN_FILE");
  options_.token_file = token_file_ + ".missing";
  EXPECT_EQ(ErrorReason(GivenToken(options_).status()), "BAD_TOKEN_FILE");
}

}  // namespace
}  // namespace penstock::cli
