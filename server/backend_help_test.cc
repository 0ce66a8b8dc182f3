#include "server/backend_help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "server/builtin_backends.h"

namespace penstock {
namespace {

using testing::HasSubstr;

TEST(BackendHelpTest, NamesEveryKind) {
  const std::string text = DescribeBackends(BuiltinBackends(), "").value();
  EXPECT_THAT(text, HasSubstr("oss: Alibaba Cloud"));
  EXPECT_THAT(text, HasSubstr("local: "));
}

TEST(BackendHelpTest, TellsEveryOptionOfAKindInShortLines) {
  for (const std::string& name : BuiltinBackends().names()) {
    const std::string text = DescribeBackends(BuiltinBackends(), name).value();
    const BackendInfo* const info = BuiltinBackends().Find(name);
    for (const auto& options : {info->options, info->object_options}) {
      for (const OptionInfo& option : options) {
        EXPECT_THAT(text, HasSubstr(absl::StrCat("\n  ", option.name))) << name;
      }
    }
    for (const auto line : absl::StrSplit(text, '\n')) EXPECT_LE(line.size(), 100u) << line;
  }
  const std::string oss = DescribeBackends(BuiltinBackends(), "oss").value();
  EXPECT_THAT(oss, HasSubstr("\n  region (required)\n      Id of the region"));
  EXPECT_THAT(oss, HasSubstr("\n  addressing (default auto)\n"));
}

TEST(BackendHelpTest, UnknownKindIsToldWhichThereAre) {
  const absl::Status status = DescribeBackends(BuiltinBackends(), "s3").status();
  EXPECT_EQ(ErrorReason(status), "UNKNOWN_BACKEND");
  EXPECT_THAT(std::string(status.message()), HasSubstr("local, oss"));
}

}  // namespace
}  // namespace penstock
