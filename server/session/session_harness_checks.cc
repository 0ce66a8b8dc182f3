// What SessionHarness checks with every effect.

#include <gtest/gtest.h>

#include <utility>

#include "base/checksum.h"
#include "server/session/session_test_util.h"

namespace penstock {

void SessionHarness::Check(const SessionEffect& effect) {
  EXPECT_FALSE(released_ && !std::holds_alternative<DiscardUpload>(effect))
      << DescribeEffect(effect) << " after the release";
  if (const auto* send = std::get_if<SendFrame>(&effect)) {
    CheckFrame(send->frame);
  } else if (std::holds_alternative<ReadFrame>(effect)) {
    EXPECT_FALSE(reading_) << "two frames are asked for";
    EXPECT_FALSE(closed_ || lost_) << "a frame is asked for after the end of the stream";
    reading_ = true;
  } else if (const auto* close = std::get_if<CloseStream>(&effect)) {
    EXPECT_FALSE(closed_) << "the stream is closed twice";
    closed_ = true;
    closed_with_ = close->status;
  } else if (const auto* store = std::get_if<WriteStore>(&effect)) {
    CheckWrite(store->write);
  } else if (std::holds_alternative<ReadStore>(effect)) {
    EXPECT_FALSE(write_.has_value() || lookup_) << "two store calls at once";
    lookup_ = true;
  } else if (const auto* part = std::get_if<UploadPart>(&effect)) {
    CheckPart(*part);
  } else if (std::holds_alternative<AskMemory>(effect)) {
    EXPECT_FALSE(asking_) << "two requests for memory";
    asking_ = true;
  } else if (const auto* timer = std::get_if<SetTimer>(&effect)) {
    CheckTimer(timer->timer);
  } else if (std::holds_alternative<Release>(effect)) {
    EXPECT_FALSE(released_) << "released twice";
    released_ = true;
  } else {
    CheckReopening(effect);
  }
}

void SessionHarness::CheckTimer(SessionTimer timer) {
  if (timer == SessionTimer::kAge) {
    EXPECT_FALSE(age_armed_) << "two timers for one part";
    age_armed_ = true;
  } else if (timer == SessionTimer::kLinger) {
    EXPECT_FALSE(linger_armed_) << "two timers for a lost stream";
    linger_armed_ = true;
  }
}

void SessionHarness::CheckReopening(const SessionEffect& effect) {
  const auto* refuse = std::get_if<RefuseStream>(&effect);
  const bool adopt = std::holds_alternative<AdoptStream>(effect);
  if (refuse == nullptr && !adopt && !std::holds_alternative<PassOn>(effect)) return;
  EXPECT_TRUE(reopening_) << "there is no newer stream to answer";
  reopening_ = false;
  if (refuse != nullptr) refused_with_ = refuse->status;
  if (!adopt) return;
  EXPECT_TRUE(closed_ || lost_) << "two streams at once";
  closed_ = lost_ = reading_ = false;
}

void SessionHarness::CheckWrite(const SessionWrite& write) {
  EXPECT_TRUE(repeating_ || !(write_.has_value() || lookup_)) << "two store calls at once";
  if (repeating_) {
    EXPECT_EQ(write_->index(), write.index()) << "another write as a repeat";
  }
  repeating_ = false;
  write_ = write;
  if (const auto* tail = std::get_if<SaveTail>(&write)) {
    EXPECT_EQ(tail->bytes, ContentAt(tail->offset, std::ssize(tail->bytes)));
    EXPECT_EQ(tail->crc64, Crc64(tail->bytes));
  } else if (const auto* commit = std::get_if<CommitParts>(&write)) {
    for (const PartRecord& row : commit->rows) {
      EXPECT_EQ(row.crc64, Crc64(ContentAt(row.offset, row.size))) << "part " << row.number;
    }
  }
}

std::string SessionHarness::ContentAt(int64_t offset, int64_t size) const {
  if (offset < 0 || offset > std::ssize(content_)) return "(nothing was sent there)";
  return content_.substr(static_cast<size_t>(offset), static_cast<size_t>(size));
}

void SessionHarness::CheckFrame(const ServerFrame& frame) {
  EXPECT_FALSE(closed_) << DescribeEffect(SendFrame{frame}) << " after the end of the stream";
  if (const auto* opened = std::get_if<OpenedFrame>(&frame)) {
    opened_ = *opened;
    // Rule 7 holds within a life.
    if (std::exchange(told_life_, opened->session.life) != opened->session.life) {
      told_committed_ = 0;
    }
    CheckCommitted(opened->session.committed_size);
  } else if (const auto* progress = std::get_if<ProgressFrame>(&frame)) {
    progress_ = *progress;
    CheckCommitted(progress->committed_size);
  } else if (const auto* draining = std::get_if<DrainingFrame>(&frame)) {
    CheckCommitted(draining->committed_size);
  } else {
    finished_ = std::get<FinishedFrame>(frame);
    EXPECT_TRUE(stored.has_value() && stored->state == SessionState::kFinished)
        << "finished, but not recorded";
  }
}

void SessionHarness::CheckCommitted(int64_t committed_size) {
  EXPECT_LE(committed_size, stored.has_value() ? stored->committed_size : 0)
      << "told as committed, but not recorded";
  EXPECT_GE(committed_size, told_committed_) << "the committed size decreased";
  told_committed_ = committed_size;
}

void SessionHarness::CheckPart(const UploadPart& part) {
  EXPECT_NE(std::exchange(sent_[part.number], part.upload_id), part.upload_id)
      << "part number " << part.number << " is sent twice";
  if (!stored.has_value()) {
    ADD_FAILURE() << "a part is sent before there is a record";
    return;
  }
  EXPECT_LE(part.number, stored->reserved_number) << "sent beyond the reservation";
  EXPECT_EQ(part.upload_id, stored->upload_id) << "sent to an upload that is not recorded";
}

}  // namespace penstock
