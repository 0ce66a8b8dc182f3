#include "server/store/session_page.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace penstock {
namespace {

SessionQuery Query() {
  SessionQuery query;
  query.principal = "alice";
  query.states = {SessionState::kOpen, SessionState::kFailed};
  query.bucket = "bucket";
  return query;
}

TEST(SessionPageTest, TokenCarriesTheLastIdWhateverItsBytes) {
  for (const std::string& id : {std::string("id"), std::string("\x00\xff'", 3)}) {
    SessionQuery query = Query();
    query.page_token = MakePageToken(query, id);
    EXPECT_EQ(ReadPageToken(query).value_or("?"), id);
  }
}

TEST(SessionPageTest, FirstPageNeedsNoToken) { EXPECT_EQ(ReadPageToken(Query()).value(), ""); }

TEST(SessionPageTest, TokenIsGoodForAnotherPageSizeAndOrderOfStates) {
  SessionQuery query = Query();
  query.page_token = MakePageToken(query, "id");
  query.page_size = 7;
  query.states = {SessionState::kFailed, SessionState::kOpen};
  EXPECT_EQ(ReadPageToken(query).value_or("?"), "id");
}

TEST(SessionPageTest, TokenOfAnotherQueryIsRefused) {
  void (*const changes[])(SessionQuery&) = {
      [](SessionQuery& q) { q.principal = "bob"; }, [](SessionQuery& q) { q.states.pop_back(); },
      [](SessionQuery& q) { q.remote = "bucket"; }, [](SessionQuery& q) { q.bucket = ""; },
      [](SessionQuery& q) { q.key_prefix = "a"; },
  };
  for (const auto& change : changes) {
    SessionQuery query = Query();
    query.page_token = MakePageToken(query, "id");
    change(query);
    const absl::StatusOr<std::string> id = ReadPageToken(query);
    EXPECT_EQ(id.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorReason(id.status()), "BAD_PAGE_TOKEN");
  }
}

TEST(SessionPageTest, DamagedTokenIsRefused) {
  SessionQuery query = Query();
  const std::string token = MakePageToken(query, "id");
  for (const std::string& bad :
       {std::string("x"), token.substr(0, 16), token.substr(0, token.size() - 1), token + "0",
        token + "zz", std::string(16, '0') + "6964"}) {
    query.page_token = bad;
    EXPECT_FALSE(ReadPageToken(query).ok()) << bad;
  }
}

TEST(SessionPageTest, PageSizeIsWithinItsBounds) {
  SessionQuery query;
  for (const auto& [asked, given] :
       {std::pair(-1, 100), {0, 100}, {1, 1}, {1000, 1000}, {1001, 1000}}) {
    query.page_size = asked;
    EXPECT_EQ(PageSize(query), given);
  }
}

TEST(SessionPageTest, PrefixEndIsTheLeastStringAboveThePrefix) {
  EXPECT_EQ(PrefixEnd("ab"), "ac");
  EXPECT_EQ(PrefixEnd("a\xff\xff"), "b");
  EXPECT_EQ(PrefixEnd("\xff"), "");
  EXPECT_EQ(PrefixEnd(""), "");
  EXPECT_EQ(PrefixEnd("a\x7f"), "a\x80");
}

}  // namespace
}  // namespace penstock
