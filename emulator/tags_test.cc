#include "emulator/tags.h"

#include <gtest/gtest.h>

namespace penstock::emulator {
namespace {

TEST(TagsTest, HeaderIsDecoded) {
  const auto tags = ParseTagHeader("a=1&b%20c=x%2By&empty=&none").value();
  ASSERT_EQ(tags.size(), 4u);
  EXPECT_EQ(tags[1].key, "b c");
  EXPECT_EQ(tags[1].value, "x+y");
  EXPECT_EQ(tags[3].key, "none");
}

TEST(TagsTest, HeaderHasLimits) {
  std::string ten = "t0=x";
  for (int i = 1; i < 10; ++i) ten += "&t" + std::to_string(i) + "=x";
  EXPECT_TRUE(ParseTagHeader(ten).ok());
  const std::string bad[] = {ten + "&t10=x",
                             "a=1&a=2",
                             "=1",
                             "a=%zz",
                             "a=!",
                             "a=%C3%BC",
                             std::string(129, 'k') + "=1",
                             "k=" + std::string(257, 'v')};
  for (const std::string& text : bad) {
    const auto parsed = ParseTagHeader(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, "InvalidArgument");
  }
}

TEST(TagsTest, XmlIsTheSameBothWays) {
  const std::vector<Tag> tags = {{"a", "1"}, {" b", ""}};
  const auto parsed = ParseTagging(TaggingXml(tags)).value();
  ASSERT_EQ(parsed.size(), 2u);
  EXPECT_EQ(parsed[1].key, " b");
  EXPECT_EQ(parsed[1].value, "");
}

TEST(TagsTest, RefusesOtherXml) {
  for (const char* text : {"", "<Tagging/>", "<Other><TagSet/></Other>",
                           "<Tagging><TagSet><Label/></TagSet></Tagging>"}) {
    const auto parsed = ParseTagging(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, "MalformedXML") << text;
  }
}

}  // namespace
}  // namespace penstock::emulator
