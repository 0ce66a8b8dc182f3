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
  SessionRecord record = FullRecord();
  record.state = SessionState::kFinishing;
  ExpectCorrupt(DecodeChanged(record, [](store::StoredRecord& stored) { stored.clear_seal(); }));
  record.state = SessionState::kFinished;
  ExpectCorrupt(DecodeChanged(record, [](store::StoredRecord& stored) { stored.clear_result(); }));
}

}  // namespace
}  // namespace penstock
