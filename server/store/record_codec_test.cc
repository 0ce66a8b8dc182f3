#include "server/store/record_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "server/store/stored_record.pb.h"
#include "tests/support/store_calls.h"

namespace penstock {
namespace {

// Decodes what a change of the encoding of `record` gives.
template <typename Change>
absl::StatusOr<SessionRecord> DecodeChanged(const SessionRecord& record, Change change) {
  store::StoredRecord stored;
  EXPECT_TRUE(stored.ParseFromString(EncodeRecord(record)));
  change(stored);
  return DecodeRecord(stored.SerializeAsString());
}

void ExpectCorrupt(const absl::StatusOr<SessionRecord>& record) {
  EXPECT_EQ(record.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ErrorReason(record.status()), "STORE_CORRUPT");
}

TEST(RecordCodecTest, EveryFieldComesBack) {
  const absl::StatusOr<SessionRecord> record = DecodeRecord(EncodeRecord(FullRecord()));
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(*record, FullRecord());
}

TEST(RecordCodecTest, FieldsWithoutAValueComeBackWithoutOne) {
  const absl::StatusOr<SessionRecord> record = DecodeRecord(EncodeRecord(SessionRecord()));
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(*record, SessionRecord());
}

TEST(RecordCodecTest, BothInfinitiesComeBack) {
  SessionRecord record;
  record.create_time = absl::InfiniteFuture();
  record.seal = Seal{true, 0, 0, absl::InfinitePast()};
  const absl::StatusOr<SessionRecord> decoded = DecodeRecord(EncodeRecord(record));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, record);
}

// A record as servers wrote it that knew no expiry.
absl::StatusOr<SessionRecord> DecodeOld(const SessionRecord& record) {
  return DecodeChanged(record, [](store::StoredRecord& stored) {
    stored.clear_dead_uploads();
    stored.clear_tail();
    stored.clear_idle_ttl();
    stored.clear_retention();
    stored.clear_expire_time();
    stored.clear_reap_time();
  });
}

TEST(RecordCodecTest, OldRecordCountsFromItsLastChange) {
  constexpr absl::Duration kWeek = absl::Hours(7 * 24);
  const struct {
    SessionState state;
    const char* upload_id;
    absl::Time expire;
    absl::Time reap;
  } rows[] = {
      {SessionState::kOpen, "upload", TestTime() + kWeek, TestTime() + kWeek},
      {SessionState::kFinishing, "upload", absl::InfiniteFuture(), TestTime() + absl::Minutes(10)},
      {SessionState::kFinished, "", TestTime() + kWeek, TestTime() + kWeek},
      {SessionState::kFailed, "", TestTime() + kWeek, TestTime() + kWeek},
      {SessionState::kAborted, "upload", TestTime() + kWeek, TestTime()},
  };
  for (const auto& row : rows) {
    SessionRecord old = FullRecord();
    old.state = row.state;
    old.upload_id = row.upload_id;
    old.update_time = TestTime();
    SessionRecord expected = old;
    expected.tail.reset();
    expected.dead_uploads.clear();
    expected.idle_ttl = kWeek;
    expected.retention = kWeek;
    expected.expire_time = row.expire;
    expected.reap_time = row.reap;
    if (Ended(row.state) && !old.upload_id.empty()) {
      expected.upload_id.clear();
      expected.dead_uploads = {{old.spec.remote, old.spec.object, old.upload_id, 0}};
    }
    const absl::StatusOr<SessionRecord> decoded = DecodeOld(old);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, expected) << static_cast<int>(row.state);
    // And nothing moves once it is written again.
    const absl::StatusOr<SessionRecord> again = DecodeRecord(EncodeRecord(*decoded));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(*again, expected);
  }
}

TEST(RecordCodecTest, InfiniteLifetimesComeBack) {
  SessionRecord record = FullRecord();
  record.idle_ttl = absl::InfiniteDuration();
  record.retention = absl::InfiniteDuration();
  record.expire_time = absl::InfiniteFuture();
  record.reap_time = absl::InfiniteFuture();
  const absl::StatusOr<SessionRecord> decoded = DecodeRecord(EncodeRecord(record));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, record);
}

TEST(RecordCodecTest, EveryStateComesBack) {
  for (int state = 1; state <= 6; ++state) {
    SessionRecord record = FullRecord();
    record.state = static_cast<SessionState>(state);
    const absl::StatusOr<SessionRecord> decoded = DecodeRecord(EncodeRecord(record));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->state, record.state);
  }
}

TEST(RecordCodecTest, OtherVersionsAreRefused) {
  for (const int version : {-1, 0, 2}) {
    ExpectCorrupt(DecodeChanged(
        FullRecord(), [version](store::StoredRecord& stored) { stored.set_version(version); }));
  }
}

TEST(RecordCodecTest, BytesThatAreNoRecordAreRefused) {
  ExpectCorrupt(DecodeRecord(""));
  ExpectCorrupt(DecodeRecord("\xff\xff\xff"));
  const std::string bytes = EncodeRecord(FullRecord());
  ExpectCorrupt(DecodeRecord(bytes.substr(0, bytes.size() / 2)));
}

TEST(RecordCodecTest, RecordsThatContradictThemselvesAreRefused) {
  for (const int state : {-1, 0, 7}) {
    ExpectCorrupt(DecodeChanged(FullRecord(),
                                [state](store::StoredRecord& stored) { stored.set_state(state); }));
  }
  for (const int64_t size : {int64_t{-1}, int64_t{0}, kMaxTailSize + 1}) {
    ExpectCorrupt(DecodeChanged(FullRecord(), [size](store::StoredRecord& stored) {
      stored.mutable_tail()->set_size(size);
    }));
  }
  ExpectCorrupt(DecodeChanged(
      FullRecord(), [](store::StoredRecord& stored) { stored.set_committed_size(4320); }));
  SessionRecord record = FullRecord();
  record.state = SessionState::kFinishing;
  ExpectCorrupt(DecodeChanged(record, [](store::StoredRecord& stored) { stored.clear_seal(); }));
  record.state = SessionState::kFinished;
  ExpectCorrupt(DecodeChanged(record, [](store::StoredRecord& stored) { stored.clear_result(); }));
}

}  // namespace
}  // namespace penstock
