#include "tests/fuzz/core_actor.h"

#include <algorithm>

#include "base/checksum.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock::fuzz {
namespace {

constexpr int kMostSteps = 2000;  // until a session that is left alone is over

}  // namespace

CoreActor::CoreActor(Shared& shared, const SessionConfig& config, bool attached)
    : shared_(shared),
      session_(std::make_unique<Session>(
          config, shared.DrawIds(),
          attached ? Session::Purpose::kStream : Session::Purpose::kOutcome)),
      watch_(shared, attached),
      lost_(!attached) {
  if (attached) return;
  OpenFrame open;
  open.mode = OpenMode::kResume;
  On(FrameArrived{std::move(open)});
}

// The process ends: what was on its way to the store may arrive.
CoreActor::~CoreActor() {
  shared_.budget.Forget(this);
  if (write_.has_value() && !applied_.has_value()) shared_.late.push_back(*write_);
}

void CoreActor::On(SessionEvent event) {
  watch_.Before(event);
  std::vector<SessionEffect> effects = session_->On(std::move(event), shared_.now);
  for (const SessionEffect& effect : effects) watch_.Effect(effect, *session_);
  watch_.After(*session_);
  for (SessionEffect& effect : effects) Execute(effect);
  if (std::exchange(granted_now_, false)) Grant();
}

void CoreActor::Step(Choices& choices) {
  switch (choices.Below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      SendFrame(choices);
      return;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
      AnswerOne(choices);
      return;
    case 11:
      AnswerPart(choices);
      return;
    case 12:
      Fire(static_cast<size_t>(choices.Byte()));
      return;
    case 13:
      Reopen(choices);
      return;
    case 14:
      EndStream(choices.Below(2) == 0);
      return;
    default:
      Meddle(choices);
  }
}

// Frames come when they were asked for, also after the stream was closed, but not after its end.
void CoreActor::SendFrame(Choices& choices) {
  if (!watch_.reading() || input_ended_ || lost_) return;
  const int kind = choices.Below(16);
  const bool first = session_->state() == Session::State::kStart;
  if (first ? kind < 15 : kind == 15) {
    On(FrameArrived{MakeOpen(choices)});
  } else if (kind < 9) {
    On(FrameArrived{MakeChunk(choices)});
  } else if (kind < 12) {
    On(FrameArrived{FlushFrame{}});
  } else {
    On(FrameArrived{MakeFinish(choices)});
  }
}

OpenFrame CoreActor::MakeOpen(Choices& choices) const {
  const int what = choices.Byte();
  OpenFrame open;
  if (what % 4 != 0) {
    open.spec.emplace();
    open.spec->remote = what % 64 == 63 ? "" : "remote";
    open.spec->object = {"bucket", what % 32 == 31 ? "other" : "key"};
    open.spec->part_size = 4;
  }
  const int more = choices.Byte();
  open.mode = more % 8 == 7 ? OpenMode::kCreate
                            : (more % 4 == 1 ? OpenMode::kResume : OpenMode::kCreateOrResume);
  open.ended_policy = static_cast<EndedPolicy>(more / 8 % 3);
  if (more < 192) return open;
  const int rare = choices.Byte();
  if (rare % 2 == 1) open.replay_buffer_bytes = rare / 2 - 4;
  if (rare % 5 == 1) open.expect_epoch = rare / 5;
  if (rare % 7 == 1) open.idle_ttl = absl::Minutes(rare / 7);
  if (open.spec.has_value() && rare % 3 == 1) open.spec->total_size = rare / 3 - 2;
  if (open.spec.has_value() && rare % 11 == 1) open.spec->max_parallel_parts = rare / 11 - 1;
  if (open.spec.has_value() && rare % 13 == 1) open.spec->part_size = rare / 13;
  return open;
}

ChunkFrame CoreActor::MakeChunk(Choices& choices) {
  const int what = choices.Byte();
  ChunkFrame chunk;
  chunk.offset = session_->received_size();
  if (what >= 224) chunk.offset += choices.Byte() - 192;
  const int salt = what == 223 ? choices.Below(23) : 0;
  if (salt != 0) shared_.honest = false;
  chunk.data = Content(std::max<int64_t>(chunk.offset, 0), what % 40, salt);
  if (what % 16 == 1) chunk.crc32c = chunk.data.Crc32c();
  if (what == 222) chunk.crc32c = 1;
  return chunk;
}

FinishFrame CoreActor::MakeFinish(Choices& choices) const {
  const int what = choices.Byte();
  FinishFrame finish;
  if (what != 255) finish.total_size = session_->received_size();
  if (what >= 240 && what < 250) finish.total_size = what - 240;
  if (what % 4 == 1) finish.crc64 = Crc64(Content(0, *finish.total_size));
  if (what == 230) finish.crc64 = 1;
  return finish;
}

// The end of the input may be told twice, the loss of the stream only once.
void CoreActor::EndStream(bool lost) {
  if (lost_) return;
  (lost ? lost_ : input_ended_) = true;
  if (lost) {
    On(StreamLost{});
  } else {
    On(InputEnded{});
  }
}

void CoreActor::Reopen(Choices& choices) {
  if (!watch_.reopening()) On(ReopenRequested{MakeOpen(choices), shared_.DrawIds()});
}

void CoreActor::Meddle(Choices& choices) {
  switch (choices.Below(16)) {
    case 0:
      return On(Superseded{});
    case 1:
      return On(AbortRequested{});
    case 2:
      return On(DrainRequested{});
    case 3:
      return On(MemoryShort{});
    case 4:  // never sent, or so the core thinks: nobody waits for it
      return On(PartStored{session_->record().upload_id, 1000 + choices.Byte(), "stray"});
    default:
      return Fire(0);
  }
}

// A timer that is due, or will be by then.
void CoreActor::Fire(size_t index) {
  if (timers_.empty()) return;
  std::sort(timers_.begin(), timers_.end());
  const auto timer = timers_.begin() + static_cast<std::ptrdiff_t>(index % timers_.size());
  const auto [due, kind] = *timer;
  timers_.erase(timer);
  if (due > shared_.now) shared_.Advance(due - shared_.now);
  On(TimerFired{kind});
}

void CoreActor::Quiesce() {
  Choices well(nullptr, 0);
  const auto retries = [](const auto& timer) {
    return timer.second == SessionTimer::kRetryStore || timer.second == SessionTimer::kRetryPublish;
  };
  for (int steps = 0; !released(); ++steps) {
    FUZZ_CHECK(steps < kMostSteps);
    if (AnswerOne(well)) continue;
    std::sort(timers_.begin(), timers_.end());
    const auto retry = std::find_if(timers_.begin(), timers_.end(), retries);
    if (retry == timers_.end()) break;
    Fire(static_cast<size_t>(retry - timers_.begin()));
  }
  FUZZ_CHECK(!watch_.reopening());
  const bool moves = watch_.reading() || input_ended_ || watch_.asks_memory();
  FUZZ_CHECK(!watch_.stream_open() || moves);  // somebody else's move
}

void CoreActor::WindUp() {
  Quiesce();
  EndStream(true);
  Choices well(nullptr, 0);
  for (int steps = 0; !released(); ++steps) {
    FUZZ_CHECK(steps < kMostSteps);
    if (AnswerOne(well)) continue;
    FUZZ_CHECK(!timers_.empty());  // nothing more would ever come of it
    Fire(0);
  }
}

}  // namespace penstock::fuzz
