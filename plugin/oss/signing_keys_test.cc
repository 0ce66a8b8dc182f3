#include "plugin/oss/signing_keys.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace penstock::oss {
namespace {

const SigningScope kScope = {"cn-hangzhou", "oss"};

TEST(SigningKeysTest, ComputesEachKeyOnce) {
  SigningKeys keys;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(keys.Get("sk", "20231216", kScope), SigningKey("sk", "20231216", kScope));
  }
  EXPECT_EQ(keys.computed_count(), 1);
}

TEST(SigningKeysTest, TellsSecretDayRegionAndProductApart) {
  SigningKeys keys;
  EXPECT_EQ(keys.Get("s", "20231216", kScope), SigningKey("s", "20231216", kScope));
  EXPECT_EQ(keys.Get("t", "20231216", kScope), SigningKey("t", "20231216", kScope));
  EXPECT_EQ(keys.Get("s", "20231217", kScope), SigningKey("s", "20231217", kScope));
  const SigningScope beijing = {"cn-beijing", "oss"};
  EXPECT_EQ(keys.Get("s", "20231216", beijing), SigningKey("s", "20231216", beijing));
  const SigningScope box = {"cn-hangzhou", "oss-cloudbox"};
  EXPECT_EQ(keys.Get("s", "20231216", box), SigningKey("s", "20231216", box));
  EXPECT_EQ(keys.computed_count(), 5);
}

TEST(SigningKeysTest, KeepsWhatIsInUseAndForgetsTheRest) {
  SigningKeys keys;
  for (int i = 0; i < 100; ++i) {
    keys.Get("in use", "20231216", kScope);
    keys.Get(absl::StrCat("secret ", i), "20231216", kScope);
  }
  EXPECT_EQ(keys.computed_count(), 101);
  EXPECT_EQ(keys.Get("secret 0", "20231216", kScope), SigningKey("secret 0", "20231216", kScope));
  EXPECT_EQ(keys.computed_count(), 102);
}

TEST(SigningKeysTest, ServesManyThreads) {
  constexpr int kThreads = 4;
  SigningKeys keys;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&keys, t] {
      const std::string secret = absl::StrCat("secret ", t);
      const std::string expected = SigningKey(secret, "20231216", kScope);
      for (int i = 0; i < 500; ++i) EXPECT_EQ(keys.Get(secret, "20231216", kScope), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(keys.computed_count(), kThreads);
}

}  // namespace
}  // namespace penstock::oss
