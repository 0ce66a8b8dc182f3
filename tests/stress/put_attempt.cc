#include "tests/stress/put_attempt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "base/checksum.h"

namespace penstock {

std::optional<absl::Status> PutAttempt::Run(SessionService& service, const std::string& principal,
                                            const std::string& token, OpenFrame open,
                                            std::optional<Cut> cut) {
  const absl::StatusOr<std::shared_ptr<StreamInput>> input =
      service.Start(principal, token, shared_from_this());
  if (!input.ok()) return input.status();
  {
    MutexLock lock(&mutex_);
    left_ = cut.has_value() ? cut->after : std::numeric_limits<int64_t>::max();
    input_ = *input;
  }
  (*input)->OnFrame(std::move(open));  // without the lock: the service may close the stream at once
  MutexLock lock(&mutex_);
  mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return closed_with_.has_value() || (left_ == 0 && position_.has_value());
  });
  if (!closed_with_.has_value()) {
    if (cut->half_closed) input_->OnInputEnded();
    input_->OnStreamLost();
  }
  input_ = nullptr;
  EXPECT_EQ(finished_, closed_with_ == absl::OkStatus());
  return closed_with_;
}

void PutAttempt::Send(ServerFrame frame) {
  MutexLock lock(&mutex_);
  if (const auto* opened = std::get_if<OpenedFrame>(&frame)) {
    EXPECT_FALSE(position_.has_value()) << "opened twice";
    position_ = opened->resume_offset;
    EXPECT_LE(*position_, static_cast<int64_t>(content_.size()));
    EXPECT_EQ(opened->resume_crc64,
              Crc64(std::string_view(content_).substr(0, static_cast<size_t>(*position_))));
    Offer();
  } else if (const auto* finished = std::get_if<FinishedFrame>(&frame)) {
    finished_ = true;
    EXPECT_EQ(finished->session.result->size, static_cast<int64_t>(content_.size()));
    EXPECT_EQ(finished->session.result->crc64, Crc64(content_));
  }
}

void PutAttempt::Read() {
  MutexLock lock(&mutex_);
  EXPECT_FALSE(asked_) << "the frame asked for before has not come";
  asked_ = true;
  Offer();
}

void PutAttempt::Close(const absl::Status& status) {
  MutexLock lock(&mutex_);
  EXPECT_FALSE(closed_with_.has_value()) << "closed twice";
  closed_with_ = status;
}

void PutAttempt::Offer() {
  if (!asked_ || !position_.has_value() || input_ == nullptr || left_ == 0 || finishing_) return;
  asked_ = false;
  const int64_t rest = static_cast<int64_t>(content_.size()) - *position_;
  if (rest == 0) {
    finishing_ = true;
    input_->OnFrame(FinishFrame{static_cast<int64_t>(content_.size()), Crc64(content_)});
    return;
  }
  const int64_t most = 1 + static_cast<int64_t>(random_() % 50'000);
  const int64_t size = std::min({rest, left_, most});
  input_->OnFrame(ChunkFrame{
      *position_, {}, content_.substr(static_cast<size_t>(*position_), static_cast<size_t>(size))});
  *position_ += size;
  left_ -= size;
}

}  // namespace penstock
