#ifndef PENSTOCK_TESTS_CONFORMANCE_STORE_SUITE_H_
#define PENSTOCK_TESTS_CONFORMANCE_STORE_SUITE_H_

// What every session store must do. A store joins by a harness and one line:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSuite, testing::Values(MakeSqliteHarness));
//
// The rules of writes themselves are tested in server/store/session_write_test.cc; here it is shown
// that a store keeps to them, and loses nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/store/session_store.h"
#include "tests/support/store_calls.h"

namespace penstock {

// A store that is empty at first.
class StoreHarness {
 public:
  virtual ~StoreHarness() = default;
  virtual SessionStore& store() = 0;

  // Ends the store and opens it again, as a restart of the server does. A store that keeps nothing
  // beyond its process does nothing.
  virtual void Reopen() = 0;
};

using MakeStoreHarness = std::function<std::unique_ptr<StoreHarness>()>;

class StoreSuite : public testing::TestWithParam<MakeStoreHarness> {
 protected:
  SessionStore& store() { return harness_->store(); }
  void Reopen() { harness_->Reopen(); }

  StoreAnswer Do(const SessionKey& key, SessionWrite write) {
    return WriteNow(store(), key, std::move(write));
  }
  StoreAnswer Do(SessionWrite write) { return Do(key_, std::move(write)); }
  StoreCode Code(SessionWrite write) { return Do(std::move(write)).code; }

  // Creates the session `key_`, as TestRecord.
  SessionRecord Create() {
    SessionRecord record = TestRecord("alice", "id");
    EXPECT_EQ(Code(CreateSession{record}), StoreCode::kOk);
    return record;
  }

  // Does a write that must succeed; the record after it.
  SessionRecord MustDo(SessionWrite write) {
    const StoreAnswer answer = Do(std::move(write));
    EXPECT_EQ(answer.code, StoreCode::kOk) << answer.message;
    return answer.record.value_or(SessionRecord());
  }

  SessionRecord Stored() {
    const StoreAnswer answer = GetNow(store(), key_);
    EXPECT_EQ(answer.code, StoreCode::kOk) << answer.message;
    return answer.record.value_or(SessionRecord());
  }

  const SessionKey key_ = MakeSessionKey("alice", "0123456789abcdef");

 private:
  const std::unique_ptr<StoreHarness> harness_ = GetParam()();
};

// The seal of the session's ledger as it is, and the result of publishing it.
inline Seal SealOf(const SessionRecord& record) {
  return {false, record.committed_size, record.committed_crc64, absl::InfinitePast()};
}
inline PublishedObject ResultOf(const SessionRecord& record) {
  return {record.committed_size, record.committed_crc64, "etag", "version", "request", TestTime()};
}

}  // namespace penstock

#endif  // PENSTOCK_TESTS_CONFORMANCE_STORE_SUITE_H_
