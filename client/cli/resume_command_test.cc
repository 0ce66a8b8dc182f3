#include "client/cli/resume_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ShellQuoteTest, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(ShellQuote("hangzhou:bucket/key"), "hangzhou:bucket/key");
  EXPECT_EQ(ShellQuote(""), "''");
  EXPECT_EQ(ShellQuote("a b"), "'a b'");
  EXPECT_EQ(ShellQuote("it's $HOME"), "'it'\\''s $HOME'");
}

TEST(ResumeInstructionsTest, IsTheCommandItself) {
  EXPECT_EQ(ResumeInstructions({"penstock", "put", "my file", "hangzhou:b/k"},
                               TokenOrigin::kDerived, false),
            "To resume:\n  penstock put 'my file' hangzhou:b/k");
}

TEST(ResumeInstructionsTest, NeverShowsAToken) {
  for (const std::vector<std::string>& token :
       {std::vector<std::string>{"--token", "secret"}, {"--token=secret"}}) {
    std::vector<std::string> arguments = {"penstock", "put", "f", "r:b/k"};
    arguments.insert(arguments.begin() + 2, token.begin(), token.end());
    const std::string text = ResumeInstructions(arguments, TokenOrigin::kOption, false);
    EXPECT_THAT(text, Not(HasSubstr("secret")));
    EXPECT_THAT(text, HasSubstr("PENSTOCK_TOKEN"));
    EXPECT_THAT(text, HasSubstr("penstock put f r:b/k"));
  }
}

TEST(ResumeInstructionsTest, AsksForThePipedBytesAgain) {
  const std::string text =
      ResumeInstructions({"penstock", "put", "-", "r:b/k"}, TokenOrigin::kRandom, true);
  EXPECT_THAT(text, HasSubstr("the same bytes from the start again"));
  EXPECT_THAT(text, HasSubstr("the token that was printed at the start"));
  EXPECT_THAT(text, HasSubstr("... | penstock put - r:b/k"));
}

}  // namespace
}  // namespace penstock::cli
