#include "server/store/session_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/random.h"

namespace penstock {
namespace {

TEST(SessionKeyTest, IsTheDocumentedDigest) {
  // Computed by another implementation (Python's hashlib) from the definition in the header.
  EXPECT_EQ(ToHex(MakeSessionKey("alice", "0123456789abcdef").digest),
            "636c4e6c8891e601ca84ee1e272fcfb0b447dc2e8f591e01f6b5d3fa49c1642a");
  EXPECT_EQ(ToHex(MakeSessionKey("", "").digest),
            "763988225beaadc9c7322446aa49b1c706204f0f97ec62ca6df6c77c316893bc");
}

TEST(SessionKeyTest, PrincipalsCannotReachEachOthersSessions) {
  const std::string text("alice\0bob-0123456789", 20);
  std::set<SessionKey> keys;
  for (size_t split = 0; split <= text.size(); ++split) {
    keys.insert(MakeSessionKey(text.substr(0, split), text.substr(split)));
  }
  EXPECT_EQ(keys.size(), text.size() + 1);
}

TEST(SessionKeyTest, LongPrincipalsDifferInTheirLength) {
  std::set<SessionKey> keys;
  for (const size_t length : {0, 1, 255, 256, 257, 65536}) {
    keys.insert(MakeSessionKey(std::string(length, 'a'), std::string(65536 - length, 'a')));
  }
  EXPECT_EQ(keys.size(), 6u);
}

}  // namespace
}  // namespace penstock
