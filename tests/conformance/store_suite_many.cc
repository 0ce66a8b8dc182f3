// Many sessions: finding and listing them, and many writers at once.

#include <algorithm>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/store/session_page.h"
#include "tests/conformance/store_suite.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Name(int i) { return absl::StrCat("id ", 100 + i); }

// Inserts a session of its own token.
SessionKey Insert(SessionStore& store, const SessionRecord& record) {
  const SessionKey key = MakeSessionKey(record.principal, "token of " + record.session_id);
  EXPECT_EQ(WriteNow(store, key, CreateSession{record}).code, StoreCode::kOk);
  return key;
}

std::vector<std::string> Ids(const std::vector<SessionRecord>& sessions) {
  std::vector<std::string> ids;
  for (const SessionRecord& record : sessions) ids.push_back(record.session_id);
  return ids;
}

// All pages of a query; each but the last is full.
std::vector<SessionRecord> ListAll(SessionStore& store, SessionQuery query) {
  std::vector<SessionRecord> all;
  do {
    const absl::StatusOr<SessionPage> page = ListNow(store, query);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) break;
    if (!page->next_page_token.empty()) {
      EXPECT_EQ(std::ssize(page->sessions), query.page_size);
    }
    all.insert(all.end(), page->sessions.begin(), page->sessions.end());
    query.page_token = page->next_page_token;
  } while (!query.page_token.empty());
  return all;
}

std::vector<std::string> IdsOf(SessionStore& store, const SessionQuery& query) {
  return Ids(ListAll(store, query));
}

SessionQuery QueryOf(const std::string& principal) {
  SessionQuery query;
  query.principal = principal;
  return query;
}

TEST_P(StoreSuite, SessionIsFoundByItsPublicNameByItsPrincipalOnly) {
  const SessionRecord record = Create();
  const FoundSession found = GetByIdNow(store(), "alice", "id");
  EXPECT_EQ(found.answer.code, StoreCode::kOk);
  EXPECT_EQ(found.answer.record, record);
  EXPECT_EQ(found.key, key_);
  const FoundSession hidden = GetByIdNow(store(), "bob", "id");
  EXPECT_EQ(hidden.answer.code, StoreCode::kNotFound);
  EXPECT_EQ(hidden.answer.record, std::nullopt);
  EXPECT_EQ(GetByIdNow(store(), "alice", "i").answer.code, StoreCode::kNotFound);
}

TEST_P(StoreSuite, ListShowsTheSessionsOfOnePrincipal) {
  EXPECT_THAT(ListAll(store(), QueryOf("alice")), IsEmpty());
  const SessionRecord record = TestRecord("alice", "one");
  Insert(store(), record);
  Insert(store(), TestRecord("bob", "two"));
  EXPECT_THAT(ListAll(store(), QueryOf("alice")), ElementsAre(record));
  EXPECT_THAT(IdsOf(store(), QueryOf("bob")), ElementsAre("two"));
  EXPECT_THAT(ListAll(store(), QueryOf("")), IsEmpty());
}

TEST_P(StoreSuite, ListMatchesEveryGivenField) {
  const auto insert = [this](const std::string& id, const char* remote, const char* bucket) {
    SessionRecord record = TestRecord("alice", id);
    record.spec.remote = remote;
    record.spec.object.bucket = bucket;
    return Insert(store(), record);
  };
  insert("1", "r1", "b1");
  insert("2", "r1", "b2");
  insert("3", "r2", "b1");
  const SessionKey failed = insert("4", "r2", "b2");
  const SessionKey aborted = insert("5", "r2", "b2");
  EXPECT_EQ(Do(aborted, AbortSession{"", TestNonce("a"), TestTime()}).code, StoreCode::kOk);
  const SessionRecord record = *GetNow(store(), failed).record;
  EXPECT_EQ(Do(failed, FailSession{PositionOf(record), "REASON", "", TestTime()}).code,
            StoreCode::kOk);

  SessionQuery query = QueryOf("alice");
  query.remote = "r1";
  EXPECT_THAT(IdsOf(store(), query), ElementsAre("1", "2"));
  query.bucket = "b2";
  EXPECT_THAT(IdsOf(store(), query), ElementsAre("2"));
  query.remote = "";
  EXPECT_THAT(IdsOf(store(), query), ElementsAre("2", "4", "5"));
  query.states = {SessionState::kFailed};
  EXPECT_THAT(IdsOf(store(), query), ElementsAre("4"));
  query.states = {SessionState::kAborted, SessionState::kOpen};
  EXPECT_THAT(IdsOf(store(), query), ElementsAre("2", "5"));
}

TEST_P(StoreSuite, ListComparesPrefixesByBytes) {
  const std::vector<std::string> keys = {"a",  "a%", "a%b",   "a_b",        "aXb",
                                         "A%", "b",  "a\xff", "a\xff\xff/x"};
  for (size_t i = 0; i < keys.size(); ++i) {
    Insert(store(), TestRecord("alice", Name(static_cast<int>(i)), keys[i]));
  }
  for (const std::string& prefix :
       {std::string(), std::string("a"), std::string("a%"), std::string("a_"), std::string("A"),
        std::string("a\xff"), std::string("\xff"), std::string("a*")}) {
    SessionQuery query = QueryOf("alice");
    query.key_prefix = prefix;
    std::vector<std::string> expected;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].starts_with(prefix)) expected.push_back(Name(static_cast<int>(i)));
    }
    EXPECT_EQ(IdsOf(store(), query), expected) << "prefix " << prefix;
  }
}

TEST_P(StoreSuite, PagesTogetherAreTheList) {
  for (int i = 0; i < 10; ++i) Insert(store(), TestRecord("alice", Name(i)));
  const std::vector<std::string> all = IdsOf(store(), QueryOf("alice"));
  EXPECT_EQ(all.size(), 10u);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  for (const int page_size : {1, 3, 5, 10, 11}) {
    SessionQuery query = QueryOf("alice");
    query.page_size = page_size;
    EXPECT_EQ(IdsOf(store(), query), all) << page_size;
  }
}

// An answer of gRPC has 4 MiB at most.
TEST_P(StoreSuite, PageOfLargeSessionsIsShorter) {
  constexpr int kCount = 300;
  constexpr size_t kMetadataBytes = 16 * 1024;
  for (int i = 0; i < kCount; ++i) {
    SessionRecord record = TestRecord("alice", Name(i));
    record.spec.attributes.metadata["large"] = std::string(kMetadataBytes, 'm');
    Insert(store(), record);
  }
  SessionQuery query = QueryOf("alice");
  query.page_size = kMaxPageSize;
  int seen = 0;
  do {
    const absl::StatusOr<SessionPage> page = ListNow(store(), query);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_FALSE(page->sessions.empty());
    EXPECT_LT(page->sessions.size() * kMetadataBytes, size_t{4} << 20);
    seen += static_cast<int>(page->sessions.size());
    query.page_token = page->next_page_token;
  } while (!query.page_token.empty());
  EXPECT_EQ(seen, kCount);
}

TEST_P(StoreSuite, PagesGoOnWhileSessionsComeAndGo) {
  std::vector<SessionKey> keys;
  for (int i = 0; i < 6; i += 2) keys.push_back(Insert(store(), TestRecord("alice", Name(i))));
  SessionQuery query = QueryOf("alice");
  query.states = {SessionState::kOpen};
  query.page_size = 2;
  absl::StatusOr<SessionPage> page = ListNow(store(), query);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(Ids(page->sessions), ElementsAre(Name(0), Name(2)));
  query.page_token = page->next_page_token;
  // The last one shown goes, one comes before the page, one within it and one at its end.
  EXPECT_EQ(Do(keys[1], AbortSession{"", TestNonce("a"), TestTime()}).code, StoreCode::kOk);
  for (const int i : {1, 3, 9}) Insert(store(), TestRecord("alice", Name(i)));
  Reopen();  // a token is good after a restart too
  page = ListNow(store(), query);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(Ids(page->sessions), ElementsAre(Name(3), Name(4)));
  query.page_token = page->next_page_token;
  page = ListNow(store(), query);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(Ids(page->sessions), ElementsAre(Name(9)));
  EXPECT_EQ(page->next_page_token, "");
}

TEST_P(StoreSuite, PageTokenThatNoPageGaveIsRefused) {
  SessionQuery query = QueryOf("alice");
  for (const char* token : {"x", "00", "0000000000000000", "' OR 1=1 --"}) {
    query.page_token = token;
    const absl::StatusOr<SessionPage> page = ListNow(store(), query);
    EXPECT_EQ(page.status().code(), absl::StatusCode::kInvalidArgument) << token;
    EXPECT_EQ(ErrorReason(page.status()), "BAD_PAGE_TOKEN");
  }
}

// Runs `work(i)` on threads of their own, and waits.
void InParallel(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (std::thread& thread : running) thread.join();
}

TEST_P(StoreSuite, ConcurrentClaimsGetEpochsAndNumbersOfTheirOwn) {
  constexpr int kThreads = 10;
  constexpr int kClaims = 5;
  Create();
  std::vector<StoreAnswer> answers(kThreads * kClaims);
  InParallel(kThreads, [&](int thread) {
    for (int i = 0; i < kClaims; ++i) {
      ClaimSession claim = TestClaim(absl::StrCat(thread, " ", i));
      claim.now = TestTime() + absl::Minutes(thread * kClaims + i);  // never too many a minute
      answers[static_cast<size_t>(thread * kClaims + i)] = Do(claim);
    }
  });
  std::set<int64_t> epochs;
  std::set<int32_t> numbers;
  for (const StoreAnswer& answer : answers) {
    ASSERT_EQ(answer.code, StoreCode::kOk) << answer.message;
    epochs.insert(answer.record->fence.epoch);
    numbers.insert(answer.first_number);
  }
  EXPECT_EQ(epochs.size(), answers.size());
  EXPECT_EQ(*epochs.begin(), 2) << "the creator has the first";
  EXPECT_EQ(*epochs.rbegin(), 1 + std::ssize(answers));
  EXPECT_EQ(numbers.size(), answers.size());
  EXPECT_EQ(*numbers.rbegin() - *numbers.begin(), 4 * (std::ssize(answers) - 1));
}

// Every owner commits until it is fenced: what was answered with success is in the ledger, in the
// order of the answers, and nothing else is.
TEST_P(StoreSuite, ConcurrentOwnersOfOneSessionLeaveOneLedger) {
  constexpr int kThreads = 8;
  Create();
  std::vector<std::vector<PartRecord>> acknowledged(kThreads);
  InParallel(kThreads, [&](int thread) {
    for (int turn = 0; turn < 20; ++turn) {
      ClaimSession claim = TestClaim(absl::StrCat(thread, " ", turn));
      claim.now = TestTime() + absl::Minutes(thread * 20 + turn);
      StoreAnswer answer = Do(claim);
      ASSERT_EQ(answer.code, StoreCode::kOk) << answer.message;
      int32_t number = answer.first_number;
      while (answer.code == StoreCode::kOk && number < answer.first_number + 3) {
        const CommitParts commit = TestCommit(*answer.record, number++, 1);
        const int32_t first_number = answer.first_number;
        answer = Do(commit);
        answer.first_number = first_number;
        if (answer.code == StoreCode::kOk) {
          acknowledged[static_cast<size_t>(thread)].push_back(commit.rows[0]);
        }
      }
      ASSERT_THAT(answer.code, testing::AnyOf(StoreCode::kOk, StoreCode::kFenced));
    }
  });
  std::vector<PartRecord> all;
  for (const auto& rows : acknowledged) all.insert(all.end(), rows.begin(), rows.end());
  std::sort(all.begin(), all.end(),
            [](const PartRecord& a, const PartRecord& b) { return a.sequence < b.sequence; });
  Reopen();
  ClaimSession claim = TestClaim("last");
  claim.now = TestTime() + absl::Hours(24);
  const StoreAnswer last = Do(claim);
  ASSERT_EQ(last.code, StoreCode::kOk) << last.message;
  EXPECT_EQ(last.ledger, all);
  EXPECT_GT(all.size(), 0u);
}

TEST_P(StoreSuite, ConcurrentInsertsOfOneTokenHaveOneWinner) {
  constexpr int kThreads = 8;
  std::vector<StoreAnswer> answers(kThreads);
  InParallel(kThreads, [&](int thread) {
    answers[static_cast<size_t>(thread)] = Do(CreateSession{TestRecord("alice", Name(thread))});
  });
  int winners = 0;
  for (const StoreAnswer& answer : answers) {
    ASSERT_THAT(answer.code, testing::AnyOf(StoreCode::kOk, StoreCode::kExists));
    if (answer.code == StoreCode::kOk) ++winners;
    EXPECT_EQ(answer.record, Stored()) << "all are told of the same one";
  }
  EXPECT_EQ(winners, 1);
}

}  // namespace
}  // namespace penstock
