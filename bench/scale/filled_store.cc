#include "bench/scale/filled_store.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/notification.h"
#include "server/store/sqlite_store.h"
#include "tests/support/store_calls.h"

namespace penstock::bench {
namespace {

constexpr char kPrincipal[] = "bench";

// So many sessions are under way at a time while the store is filled.
constexpr int kInFlight = 1000;

// How many part numbers an owner has in hand.
constexpr int kReserve = 1000;

void Require(const StoreAnswer& answer, const char* what) {
  if (answer.code == StoreCode::kOk) return;
  std::cerr << "bench_scale: " << what << ": " << StoreCodeName(answer.code) << " "
            << answer.message << "\n";
  exit(1);
}

void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "bench_scale: " << status << "\n";
  exit(1);
}

SessionRecord NewRecord(int number) {
  return TestRecord(kPrincipal, absl::StrCat("session-", number),
                    absl::StrCat("folder/object-", number));
}

}  // namespace

FilledStore::FilledStore(const std::string& folder, int count)
    : path_(folder + "/sessions.db"), count_(count) {
  Open();
  for (int first = 0; first < count; first += kInFlight) {
    Fill(first, std::min(first + kInFlight, count));
  }
}

void FilledStore::Open() {
  SqliteStoreOptions options;
  options.path = path_;
  absl::StatusOr<std::unique_ptr<SessionStore>> store = OpenSqliteStore(options);
  Require(store.status());
  store_ = *std::move(store);
}

void FilledStore::Fill(int first, int last) {
  BlockingCounter left(2 * (last - first));
  const auto done = [&left](const StoreAnswer& answer) {
    Require(answer, "fill");
    left.DecrementCount();
  };
  for (int number = first; number < last; ++number) {
    const SessionRecord record = NewRecord(number);
    store_->Write(KeyOf(number), CreateSession{record}, done);
    // Calls are carried out in their order.
    store_->Write(KeyOf(number),
                  SetUpload{PositionOf(record), absl::StrCat("upload-", number), TestTime()}, done);
  }
  left.Wait();
}

void FilledStore::Reopen() {
  store_ = nullptr;
  Open();
}

void FilledStore::Add() {
  const SessionRecord record = NewRecord(count_);
  Require(WriteNow(*store_, KeyOf(count_), CreateSession{record}), "create");
  ++count_;
}

SessionKey FilledStore::KeyOf(int number) {
  return MakeSessionKey(kPrincipal, absl::StrCat("token of session ", number));
}

StoreAnswer FilledStore::Claim(int number) {
  ClaimSession claim = TestClaim(absl::StrCat(claims_++));
  claim.reserve = kReserve;
  claim.claims_per_minute = claims_ + 1;  // none is delayed
  StoreAnswer answer = WriteNow(*store_, KeyOf(number), std::move(claim));
  Require(answer, "claim");
  return answer;
}

StoreAnswer FilledStore::Commit(int number, const StoreAnswer& last, int rows) {
  CommitParts commit = TestCommit(*last.record, last.first_number, rows);
  commit.reserve_to = last.first_number + rows + kReserve;
  StoreAnswer answer = WriteNow(*store_, KeyOf(number), std::move(commit));
  Require(answer, "commit");
  answer.first_number = last.first_number + rows;
  return answer;
}

void FilledStore::Get(int number) { Require(GetNow(*store_, KeyOf(number)), "get"); }

std::string FilledStore::ListPage(const std::string& page_token) {
  SessionQuery query;
  query.principal = kPrincipal;
  query.page_token = page_token;
  const absl::StatusOr<SessionPage> page = ListNow(*store_, query);
  Require(page.status());
  return page->next_page_token;
}

}  // namespace penstock::bench
