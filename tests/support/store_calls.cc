#include "tests/support/store_calls.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/notification.h"

namespace penstock {

StoreAnswer WriteNow(SessionStore& store, const SessionKey& key, SessionWrite write) {
  StoreAnswer answer;
  Notification done;
  store.Write(key, std::move(write), [&](StoreAnswer value) {
    answer = std::move(value);
    done.Notify();
  });
  done.WaitForNotification();
  return answer;
}

StoreAnswer GetNow(SessionStore& store, const SessionKey& key) {
  StoreAnswer answer;
  Notification done;
  store.Get(key, [&](StoreAnswer value) {
    answer = std::move(value);
    done.Notify();
  });
  done.WaitForNotification();
  return answer;
}

FoundSession GetByIdNow(SessionStore& store, const std::string& principal,
                        const std::string& session_id) {
  FoundSession found;
  Notification done;
  store.GetById(principal, session_id, [&](StoreAnswer answer, SessionKey key) {
    found = {std::move(answer), std::move(key)};
    done.Notify();
  });
  done.WaitForNotification();
  return found;
}

absl::StatusOr<SessionPage> ListNow(SessionStore& store, const SessionQuery& query) {
  absl::StatusOr<SessionPage> page;
  Notification done;
  store.List(query, [&](absl::StatusOr<SessionPage> value) {
    page = std::move(value);
    done.Notify();
  });
  done.WaitForNotification();
  return page;
}

absl::Time TestTime() { return absl::FromUnixSeconds(1'700'000'000); }

std::string TestNonce(const std::string& name) {
  std::string nonce = name;
  nonce.resize(16, '.');
  return nonce;
}

SessionRecord TestRecord(const std::string& principal, const std::string& session_id,
                         const std::string& key) {
  SessionRecord record;
  record.session_id = session_id;
  record.principal = principal;
  record.mark = absl::StrCat("mark of ", session_id);
  record.spec.remote = "remote";
  record.spec.object = {"bucket", key};
  record.fence = {1, TestNonce("first")};
  record.reserved_number = 4;
  record.create_time = TestTime();
  record.update_time = TestTime();
  record.expire_time = TestTime() + record.idle_ttl;
  record.reap_time = record.expire_time;
  return record;
}

SessionRecord FullRecord() {
  const std::string bytes("\x00\xff\xc3\x28 \n'\"%_", 10);
  SessionRecord record = TestRecord("principal " + bytes, "id " + bytes, "key " + bytes);
  record.mark = "mark " + bytes;
  record.life = 7;
  record.spec.remote = "remote " + bytes;
  record.spec.object.bucket = "bucket " + bytes;
  record.spec.attributes = {"type " + bytes,
                            "cache " + bytes,
                            "disposition",
                            "encoding",
                            {{"m " + bytes, ""}},
                            {{"t", "tag " + bytes}, {"", "unnamed"}},
                            {{"acl", "private"}},
                            "IA",
                            true};
  record.spec.total_size = 0;  // given, though zero
  record.spec.part_size = int64_t{5} << 30;
  record.spec.max_parallel_parts = 9;
  record.spec.labels = {{"l " + bytes, bytes}};
  record.state = SessionState::kFailed;
  record.fence = {int64_t{1} << 40, std::string("\x00\x01\xfe\xff nonce of 16", 16)};
  record.reserved_number = 9999;
  record.upload_id = "upload " + bytes;
  record.dead_uploads = {
      {"dead remote " + bytes, {"dead bucket " + bytes, "dead key"}, "dead upload " + bytes, 1},
      {"", {}, "another", 0}};
  record.next_sequence = 1234;
  record.committed_size = int64_t{1} << 45;
  record.committed_crc64 = 0xfedcba9876543210;
  record.tail = Tail{4321, 0xfedcba9876543211, 0xfedcba9876543212};
  record.seal = Seal{true, 5, 0xffffffffffffffff, TestTime() + absl::Nanoseconds(1)};
  record.result = PublishedObject{6,
                                  0x8000000000000000,
                                  "etag " + bytes,
                                  "version " + bytes,
                                  "request",
                                  TestTime() + absl::Milliseconds(7)};
  record.failure_reason = "REASON";
  record.failure_message = "message " + bytes;
  record.create_time = TestTime() - absl::Nanoseconds(3);
  record.update_time = absl::UnixEpoch();  // a time like any other, not the lack of one
  record.idle_ttl = absl::Hours(3) + absl::Nanoseconds(1);
  record.retention = absl::Hours(5);
  record.expire_time = TestTime() + absl::Nanoseconds(11);
  record.reap_time = TestTime() + absl::Nanoseconds(12);
  record.claims_in_window = 3;
  record.claim_window_start = TestTime() - absl::Seconds(30);
  return record;
}

LedgerPosition PositionOf(const SessionRecord& record) {
  return {record.fence, record.next_sequence, record.committed_size};
}

absl::StatusOr<std::vector<KeyedSession>> DueNow(SessionStore& store, const DueQuery& query) {
  absl::StatusOr<std::vector<KeyedSession>> due;
  Notification done;
  store.Due(query, [&](absl::StatusOr<std::vector<KeyedSession>> value) {
    due = std::move(value);
    done.Notify();
  });
  done.WaitForNotification();
  return due;
}

absl::StatusOr<std::set<std::string>> OwnedUploadsNow(SessionStore& store,
                                                      const std::vector<std::string>& upload_ids) {
  absl::StatusOr<std::set<std::string>> owned;
  Notification done;
  store.OwnedUploads(upload_ids, [&](absl::StatusOr<std::set<std::string>> value) {
    owned = std::move(value);
    done.Notify();
  });
  done.WaitForNotification();
  return owned;
}

ClaimSession TestClaim(const std::string& name) {
  ClaimSession claim;
  claim.nonce = TestNonce(name);
  claim.reserve = 4;
  claim.now = TestTime();
  return claim;
}

CommitParts TestCommit(const SessionRecord& record, int32_t first_number, int count, int64_t size) {
  CommitParts commit;
  commit.position = PositionOf(record);
  for (int i = 0; i < count; ++i) {
    PartRecord row;
    row.sequence = record.next_sequence + i;
    row.number = first_number + i;
    row.offset = record.ledger_size() + i * size;
    row.size = size;
    row.crc64 = Crc64(absl::StrCat("part ", row.number));
    row.etag = absl::StrCat("etag ", row.number);
    commit.rows.push_back(std::move(row));
  }
  commit.reserve_to = first_number + count + 1;
  commit.now = TestTime() + absl::Seconds(1);
  return commit;
}

SaveTail TestTail(const SessionRecord& record, const std::string& bytes) {
  SaveTail save;
  save.position = PositionOf(record);
  save.offset = record.ledger_size();
  save.bytes = bytes;
  save.crc64 = Crc64(bytes);
  save.now = TestTime() + absl::Seconds(1);
  return save;
}

}  // namespace penstock
