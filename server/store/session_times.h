#ifndef PENSTOCK_SERVER_STORE_SESSION_TIMES_H_
#define PENSTOCK_SERVER_STORE_SESSION_TIMES_H_

// When a session expires or is forgotten, and when the reaper has something to do with it: set by
// every write, here and nowhere else.

#include "absl/time/time.h"
#include "server/store/session_record.h"

namespace penstock {

// A sealed session that nobody has written to for so long has lost its owner.
inline constexpr absl::Duration kOutcomeDelay = absl::Minutes(10);

// A part that was being uploaded when its upload was discarded has arrived by then.
inline constexpr absl::Duration kSecondAbortDelay = absl::Minutes(15);

// A backend that could not discard an upload is asked again after so long.
inline constexpr absl::Duration kDiscardRetryDelay = absl::Minutes(10);

// The expiry of an open session moves when it would move by more than this, so that ordinary
// commits do not touch the index of the reaper: an hour, or a quarter of a short idle_ttl.
absl::Duration ExpiryStep(const SessionRecord& record);

// Sets the times of `next`, which a write at `now` has made of `before` (nullptr: of nothing). The
// write is a sign of life.
void SetTimes(const SessionRecord* before, absl::Time now, SessionRecord& next);

// The same for a write of the reaper, which is none: only its own time changes.
void SetReapTime(const SessionRecord& before, absl::Time now, SessionRecord& next);

// The same after something could not be done for `record` at `now`.
void PutOffReaping(absl::Time now, SessionRecord& record);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SESSION_TIMES_H_
