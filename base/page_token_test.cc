#include "base/page_token.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock {
namespace {

std::string Of(const std::string& query, const std::string& position) {
  return query + ":" + position;
}

absl::StatusOr<std::string> Read(const std::string& token, const std::string& query) {
  return ReadPageToken(token, [&](const std::string& position) { return Of(query, position); });
}

std::string Make(const std::string& position, const std::string& query) {
  return MakePageToken(position, [&](const std::string& at) { return Of(query, at); });
}

TEST(PageTokenTest, CarriesAnyPosition) {
  for (const std::string& position : {std::string("key"), std::string("\0\xff/", 3)}) {
    EXPECT_EQ(Read(Make(position, "query"), "query").value(), position);
  }
  EXPECT_EQ(Read("", "query").value(), "");
}

TEST(PageTokenTest, IsGoodForItsQueryOnly) {
  const std::string token = Make("key", "query");
  for (const std::string& bad :
       {Make("key", "other"), token + "0", token + "00", token.substr(2), token.substr(0, 16),
        std::string("x"), token.substr(0, 16) + "zz"}) {
    const absl::Status status = Read(bad, "query").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(ErrorReason(status), "BAD_PAGE_TOKEN") << bad;
  }
}

}  // namespace
}  // namespace penstock
