#ifndef PENSTOCK_SERVER_SESSION_SESSION_REAPER_H_
#define PENSTOCK_SERVER_SESSION_SESSION_REAPER_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "server/session/session_service.h"

namespace penstock {

// Cleans up after sessions that nobody comes back for: lets the idle ones expire, establishes the
// outcome of those that were left while being finished, has the backend discard dead uploads
// (twice, some time apart), and forgets what has ended and was kept for its retention.
//
// Every step is a write that compares what was seen, so that any number of reapers may run beside
// returning clients: whoever is first wins, and each step may be repeated. A state is moved before
// an upload is touched. Thread-safe.
class SessionReaper {
 public:
  // `service` must outlive the reaper, and waits for its calls.
  SessionReaper(SessionService& service, RandomSource& random)
      : service_(service), random_(random) {}

  // One pass over what is due now, at most kBatch sessions. `done` is called when it is over, on
  // any thread.
  void RunOnce(absl::AnyInvocable<void() &&> done);

  static constexpr int kBatch = 100;

 private:
  // Held by every step under way; the last one calls `done`.
  using Pass = std::shared_ptr<void>;

  void Act(const KeyedSession& session, const Pass& pass);
  void Expire(const KeyedSession& session, const Pass& pass);
  void DiscardUploads(const KeyedSession& session, const Pass& pass);
  void Forget(const KeyedSession& session, const Pass& pass);

  SessionService& service_;
  RandomSource& random_;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_REAPER_H_
