#include "server/store/session_times.h"

#include <algorithm>

namespace penstock {
namespace {

// True when `next` began a life or came into its state just now.
bool Entered(const SessionRecord* before, const SessionRecord& next) {
  return before == nullptr || before->state != next.state || before->life != next.life;
}

bool NeverAborted(const DeadUpload& upload) { return upload.aborts == 0; }

// When the next dead upload is to be discarded. REQUIRES: there is one.
absl::Time DiscardTime(const SessionRecord* before, absl::Time now, const SessionRecord& next) {
  if (before != nullptr && before->dead_uploads == next.dead_uploads) return before->reap_time;
  const auto& uploads = next.dead_uploads;
  const bool at_once = std::any_of(uploads.begin(), uploads.end(), NeverAborted);
  return at_once ? now : now + kSecondAbortDelay;
}

absl::Time ReapTime(const SessionRecord* before, absl::Time now, const SessionRecord& next) {
  if (next.dead_uploads.empty()) return next.expire_time;
  return std::min(next.expire_time, DiscardTime(before, now, next));
}

}  // namespace

absl::Duration ExpiryStep(const SessionRecord& record) {
  return std::min(absl::Hours(1), record.idle_ttl / 4);
}

void SetTimes(const SessionRecord* before, absl::Time now, SessionRecord& next) {
  next.update_time = std::max(next.update_time, now);
  const bool entered = Entered(before, next);
  if (next.state == SessionState::kFinishing) {
    // Dead uploads of an earlier life wait: while the owner lives, the reaper keeps away.
    next.expire_time = absl::InfiniteFuture();
    next.reap_time = now + kOutcomeDelay;
    return;
  }
  if (next.state == SessionState::kOpen) {
    const absl::Time expiry = now + next.idle_ttl;
    // In both directions: a clock that was wrong must not keep a session for ever.
    if (entered || absl::AbsDuration(expiry - next.expire_time) > ExpiryStep(next)) {
      next.expire_time = expiry;
    }
  } else if (entered) {
    next.expire_time = now + next.retention;
  }
  next.reap_time = ReapTime(before, now, next);
}

void SetReapTime(const SessionRecord& before, absl::Time now, SessionRecord& next) {
  if (next.state != SessionState::kFinishing) next.reap_time = ReapTime(&before, now, next);
}

void PutOffReaping(absl::Time now, SessionRecord& record) {
  if (record.state == SessionState::kFinishing) return;
  record.reap_time = std::max(record.reap_time, now + kDiscardRetryDelay);
  // An ended session is kept for its dead uploads, an open one expires none the later.
  if (record.state == SessionState::kOpen) {
    record.reap_time = std::min(record.reap_time, record.expire_time);
  }
}

}  // namespace penstock
