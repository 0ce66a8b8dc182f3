#include "server/objects/object_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/checksum.h"
#include "plugin/answer.h"
#include "server/objects/object_errors.h"

namespace penstock {
namespace {

constexpr int64_t kSlab = Buffer::kSlabSize;

// A chunk is a slab, and while it is being sent it is in memory twice more: in the message, and in
// the transport.
constexpr int64_t kChunkCopies = 2 * kSlab;

}  // namespace

ObjectReader::ObjectReader(Environment environment, ObjectName object, int64_t offset,
                           std::optional<int64_t> length, std::string if_match,
                           std::shared_ptr<ReadSink> sink)
    : environment_(std::move(environment)),
      object_(std::move(object)),
      asked_offset_(offset),
      asked_length_(length),
      if_match_(std::move(if_match)),
      strand_(*environment_.executor),
      sink_(std::move(sink)),
      next_(offset) {}

template <typename Step>
void ObjectReader::Post(Step step) {
  strand_.Post([self = shared_from_this(), step = std::move(step)]() mutable {
    if (self->state_ != State::kOver) step(*self);
  });
}

void ObjectReader::Begin() {
  Post([](ObjectReader& self) {
    // Of such an offset it is past the end, and no position could be told behind it.
    const bool too_far = self.asked_offset_ > std::numeric_limits<int64_t>::max() / 2;
    const bool needs_stat = self.asked_offset_ < 0 || too_far || self.asked_length_ == 0;
    if (needs_stat && !self.stopping_) {
      self.AskForStat();
    } else {
      self.Advance();
    }
  });
}

void ObjectReader::OnTaken() {
  Post([](ObjectReader& self) {
    self.untaken_since_.reset();
    self.taken_ = self.sent_;
    self.DropTakenRange();
    self.Advance();
  });
}

void ObjectReader::Cancel() {
  Post([](ObjectReader& self) { self.Close(); });
}

void ObjectReader::Stop() {
  Post([](ObjectReader& self) {
    self.stopping_ = true;
    if (std::exchange(self.waiting_, false)) self.environment_.memory->Forget(&self);
    self.Advance();
  });
}

void ObjectReader::CheckIdle() {
  Post([](ObjectReader& self) {
    const absl::Duration limit = self.environment_.limits.idle_timeout;
    if (!self.untaken_since_.has_value()) return;
    if (self.environment_.clock->Now() - *self.untaken_since_ < limit) return;
    self.Close()->Break(object_errors::IdleTimeout(limit));
  });
}

void ObjectReader::AskForStat() {
  environment_.backend->Stat(object_, [self = shared_from_this()](absl::StatusOr<ObjectStat> stat) {
    self->Post([stat = std::move(stat)](ObjectReader& reader) { reader.OnStat(stat); });
  });
}

void ObjectReader::OnStat(const absl::StatusOr<ObjectStat>& stat) {
  if (!stat.ok()) return End(Repeatable(stat.status()));
  if (!if_match_.empty() && stat->etag != if_match_) {
    return End(object_errors::ObjectChanged(if_match_, stat->etag));
  }
  if (absl::Status status = Locate(*stat); !status.ok()) return End(status);
  Advance();
}

// Fixes what is read, now that the object is known.
absl::Status ObjectReader::Locate(const ObjectStat& stat) {
  const int64_t size = stat.size;
  if (asked_offset_ > size) return object_errors::OffsetPastEnd(size, asked_offset_);
  begin_ = asked_offset_ < 0 ? std::max<int64_t>(0, size + asked_offset_) : asked_offset_;
  end_ = begin_ + std::min(size - begin_, asked_length_.value_or(size));
  next_ = sent_ = taken_ = begin_;
  stat_ = stat;
  return absl::OkStatus();
}

// Of the next range to ask for; 0 when there is none now.
int64_t ObjectReader::NextLength() const {
  const int64_t limit = environment_.memory->largest_part() - kChunkCopies;
  if (!stat_.has_value()) {
    const bool asked = !ranges_.empty();
    return asked ? 0 : std::min({kFirstRange, limit, asked_length_.value_or(kFirstRange)});
  }
  if (ranges_.size() == kRangesAhead) return 0;
  // Nothing ahead of a client that has taken nothing.
  if (!ranges_.empty() && taken_ == begin_) return 0;
  return std::min({next_ == begin_ ? kFirstRange : kMaxRange, limit, end_ - next_});
}

void ObjectReader::ReadAhead() {
  BufferBudget& memory = *environment_.memory;
  while (!stopping_ && !waiting_) {
    const int64_t length = NextLength();
    if (length == 0) return;
    const int64_t bytes = memory.Footprint(length) + kChunkCopies;
    std::optional<MemoryLease> lease = memory.TryTake(this, bytes, BufferBudget::Need::kNewPart);
    if (!lease.has_value()) {
      if (!ranges_.empty()) return;
      const bool begun = state_ != State::kOpening;
      if (!begun && memory.stats().waiting >= environment_.limits.max_waiting) {
        return End(object_errors::TooManyReads(environment_.limits.memory));
      }
      waiting_ = true;
      lease = memory.Ask(
          this, bytes,
          [self = shared_from_this()](MemoryLease granted) {
            self->strand_.Post([self, granted = std::move(granted)]() mutable {
              self->OnMemory(std::move(granted));
            });
          },
          BufferBudget::Need::kNewPart);
      if (!lease.has_value()) return;
      waiting_ = false;
    }
    Request(length, *std::move(lease));
  }
}

void ObjectReader::OnMemory(MemoryLease lease) {
  if (state_ == State::kOver || !waiting_) return;
  waiting_ = false;
  Request(NextLength(), std::move(lease));
  ReadAhead();
}

void ObjectReader::Request(int64_t length, MemoryLease lease) {
  const int64_t offset = next_;
  ranges_.push_back({offset, length, std::move(lease), std::nullopt});
  next_ += length;
  environment_.backend->Read(
      object_, offset, length, stat_.has_value() ? stat_->etag : if_match_,
      [self = shared_from_this(), offset](absl::StatusOr<ObjectBytes> answer) {
        self->strand_.Post([self, offset, answer = std::move(answer)]() mutable {
          self->OnRange(offset, std::move(answer));
        });
      });
}

void ObjectReader::OnRange(int64_t offset, absl::StatusOr<ObjectBytes> answer) {
  const auto range = std::find_if(ranges_.begin(), ranges_.end(),
                                  [&](const Range& r) { return r.offset == offset; });
  if (state_ == State::kOver) {
    answer = absl::CancelledError();  // frees the bytes before their memory is given back
    ranges_.erase(range);
    return;
  }
  if (!answer.ok()) {
    range->answer = Repeatable(answer.status());
    if (!stat_.has_value()) return End(range->answer->status());
  } else {
    if (!stat_.has_value()) {
      if (absl::Status status = TakeFirst(*range, *answer); !status.ok()) return End(status);
    }
    const int64_t got = answer->bytes->size();
    if (got == range->length) {
      range->answer = std::move(answer->bytes);
    } else {
      range->answer = object_errors::ReadCutShort(offset, range->length, got);
    }
  }
  DropTakenRange();
  Advance();
}

// The first answer tells which object it is, and so how much there is of what was asked for.
absl::Status ObjectReader::TakeFirst(Range& range, const ObjectBytes& answer) {
  const int64_t asked = range.length;
  if (absl::Status status = Locate(answer.stat); !status.ok()) return status;
  range.length = std::min(asked, end_ - begin_);
  next_ = begin_ + range.length;
  return absl::OkStatus();
}

void ObjectReader::Advance() {
  ReadAhead();
  if (state_ == State::kOver || untaken_since_.has_value()) return;
  const bool complete = stat_.has_value() && sent_ == end_;
  if (stopping_ && ranges_.empty() && !complete) return End(object_errors::Draining());
  if (!stat_.has_value()) return;
  if (state_ == State::kOpening) return SendOpened();
  if (complete) return End(Compare());
  if (ranges_.empty()) return;
  const Range& front = ranges_.front();
  if (!front.answer.has_value()) return;
  if (!front.answer->ok()) return End(front.answer->status());
  SendChunk(front);
}

void ObjectReader::SendOpened() {
  state_ = State::kReading;
  untaken_since_ = environment_.clock->Now();
  sink_->SendOpened({*stat_, begin_, end_ - begin_});
}

void ObjectReader::SendChunk(const Range& range) {
  const std::string_view data = (**range.answer)->Contiguous(sent_ - range.offset);
  const int64_t offset = std::exchange(sent_, sent_ + std::ssize(data));
  untaken_since_ = environment_.clock->Now();
  sink_->SendChunk({offset, data, Crc32c(data)});
}

// Frees the first range when all of it was taken.
void ObjectReader::DropTakenRange() {
  if (ranges_.empty()) return;
  const Range& front = ranges_.front();
  const bool taken =
      front.answer.has_value() && front.answer->ok() && taken_ == front.offset + front.length;
  if (!taken) return;
  const Buffer& bytes = ***front.answer;
  crc64_ = CombineCrc64(crc64_, bytes.crc64(), bytes.size());
  ranges_.pop_front();
}

absl::Status ObjectReader::Compare() const {
  const bool whole = begin_ == 0 && end_ == stat_->size;
  if (!whole || !stat_->crc64.has_value() || *stat_->crc64 == crc64_) return absl::OkStatus();
  return object_errors::ChecksumMismatch(*stat_->crc64, crc64_);
}

void ObjectReader::End(const absl::Status& status) {
  sink_->End(status);  // first: the status may be that of a range, which goes now
  Close();
}

// Gives back what it holds, but for ranges whose answers are still to come: their memory is used.
std::shared_ptr<ReadSink> ObjectReader::Close() {
  state_ = State::kOver;
  if (std::exchange(waiting_, false)) environment_.memory->Forget(this);
  std::erase_if(ranges_, [](const Range& range) { return range.answer.has_value(); });
  return std::exchange(sink_, nullptr);
}

}  // namespace penstock
