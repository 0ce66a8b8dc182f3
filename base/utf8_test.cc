#include "base/utf8.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(Utf8Test, TakesCharactersOfEveryLength) {
  for (const char* text : {"", "a", "\x7f", "\xc2\x80", "\xc3\xa4", "\xe0\xa0\x80", "\xef\xbf\xbd",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xe4\xb8\xad z"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
    EXPECT_EQ(ToUtf8(text), text);
  }
}

TEST(Utf8Test, ReplacesEveryByteThatIsNoCharacter) {
  const std::pair<const char*, const char*> rows[] = {
      {"\xff", "\xef\xbf\xbd"},
      {"a\xc3", "a\xef\xbf\xbd"},                                                  // cut short
      {"\xc3z", "\xef\xbf\xbdz"},                                                  // not continued
      {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                                    // overlong
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                    // a surrogate
      {"\xf4\x90\x80\x80z", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz"},  // above the last
  };
  for (const auto& [bad, good] : rows) {
    EXPECT_FALSE(IsUtf8(bad));
    EXPECT_EQ(ToUtf8(bad), good);
    EXPECT_TRUE(IsUtf8(ToUtf8(bad)));
  }
}

}  // namespace
}  // namespace penstock
