#ifndef PENSTOCK_SERVER_SESSION_SESSION_REAPER_H_
#define PENSTOCK_SERVER_SESSION_SESSION_REAPER_H_

#include <atomic>
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

  // One pass over all that is due now, each session once, kBatch of them at a time. `done` is
  // called when it is over, on any thread.
  void RunOnce(absl::AnyInvocable<void() &&> done);

  // The pass under way, if there is one, ends with its present batch; no other does anything.
  void Stop() { stopped_ = true; }

  static constexpr int kBatch = 100;

 private:
  // Held by every step of a batch under way; the last one begins the next batch or ends the pass.
  using Pass = std::shared_ptr<void>;
  struct Run;

  void RunBatch(const std::shared_ptr<Run>& run);
  void Act(const KeyedSession& session, const Pass& pass);
  void Expire(const KeyedSession& session, const Pass& pass);
  void DiscardUploads(const KeyedSession& session, const Pass& pass);
  void Forget(const KeyedSession& session, const Pass& pass);

  SessionService& service_;
  RandomSource& random_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_REAPER_H_
