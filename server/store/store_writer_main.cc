// For sqlite_store_kill_test: writes to a store until it is killed, and tells on standard output
// what the store has acknowledged, a line each:
//
//   <token> epoch <epoch>             a claim or an insert
//   <token> rows <next sequence>      a commit
//   <token> finished <size>
//
//   store_writer <database> <run> <first generation>
//
// Every run has a number of its own. Sessions have generations: a thread puts one after the other.
//
// When the store cannot be opened: one line with the reason and the message, exit code 3.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/store/sqlite_store.h"
#include "tests/support/store_calls.h"

namespace penstock {
namespace {

constexpr int kSessions = 8;  // at a time, so that transactions carry several writes
constexpr int kRows = 12;     // of a session before it is finished

// One system call: lines of several threads do not mix.
void Tell(const std::string& token, const std::string& what, int64_t value) {
  const std::string line = absl::StrCat(token, " ", what, " ", value, "\n");
  if (write(STDOUT_FILENO, line.data(), line.size()) < 0) std::exit(1);
}

StoreAnswer MustDo(SessionStore& store, const SessionKey& key, SessionWrite write) {
  StoreAnswer answer = WriteNow(store, key, std::move(write));
  if (answer.code != StoreCode::kOk) {
    std::fprintf(stderr, "%s: %s\n", StoreCodeName(answer.code), answer.message.c_str());
    std::exit(1);
  }
  return answer;
}

// Takes over the session of a process that was killed, or begins it, and finishes it.
void PutOne(SessionStore& store, const std::string& token, int run) {
  const SessionKey key = MakeSessionKey("alice", token);
  ClaimSession claim = TestClaim(absl::StrCat("run ", run));
  claim.now = TestTime() + absl::Minutes(run);
  StoreAnswer claimed = WriteNow(store, key, std::move(claim));
  int32_t number = claimed.first_number;
  if (claimed.code == StoreCode::kNotFound) {
    claimed = MustDo(store, key, CreateSession{TestRecord("alice", "id of " + token)});
    number = 1;
  }
  if (claimed.code != StoreCode::kOk) std::exit(1);
  SessionRecord record = *claimed.record;
  Tell(token, "epoch", record.fence.epoch);
  if (Ended(record.state)) return;
  while (record.state == SessionState::kOpen && record.next_sequence < kRows) {
    record = *MustDo(store, key, TestCommit(record, number++, 1)).record;
    Tell(token, "rows", record.next_sequence);
  }
  const Seal seal{false, record.committed_size, record.committed_crc64, absl::InfinitePast()};
  if (record.state == SessionState::kOpen) {
    record = *MustDo(store, key, SealSession{PositionOf(record), seal, TestTime()}).record;
  }
  const PublishedObject result{seal.size, seal.crc64, "etag", "", "", TestTime()};
  MustDo(store, key, FinishSession{PositionOf(record), result, false, TestTime()});
  Tell(token, "finished", seal.size);
}

int Main(const std::string& path, int run, int first_generation) {
  SqliteStoreOptions options;
  options.path = path;
  options.checkpoint_pages = 20;  // so that kills meet checkpoints too
  const auto store = OpenSqliteStore(options);
  if (!store.ok()) {
    std::printf("%s %s\n", ErrorReason(store.status()).c_str(),
                std::string(store.status().message()).c_str());
    return 3;
  }
  std::vector<std::thread> threads;
  for (int session = 0; session < kSessions; ++session) {
    threads.emplace_back([&, session] {
      for (int generation = first_generation;; ++generation) {
        PutOne(**store, absl::StrCat("token-", session, "-", generation), run);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) {
  int run = 0;
  int first_generation = 0;
  if (argc != 4 || !absl::SimpleAtoi(argv[2], &run) ||
      !absl::SimpleAtoi(argv[3], &first_generation)) {
    return 2;
  }
  return penstock::Main(argv[1], run, first_generation);
}
