#include "server/session/session_reaper.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace penstock {

struct SessionReaper::Run {
  std::shared_ptr<void> busy;  // first, and so let go last: the service may be gone then
  absl::AnyInvocable<void() &&> done;
  DueQuery next;
  bool more = false;  // something may be due behind this batch
};

void SessionReaper::RunOnce(absl::AnyInvocable<void() &&> done) {
  const auto run = std::make_shared<Run>();
  run->busy = service_.Busy();
  run->done = std::move(done);
  run->next = {service_.environment().clock->Now(), kBatch};
  RunBatch(run);
}

// What stays due, because it is being finished here or its store does not answer, is behind the
// place that the next batch goes on from: it keeps nobody else waiting.
void SessionReaper::RunBatch(const std::shared_ptr<Run>& run) {
  run->more = false;
  const Pass pass(nullptr, [this, run](void*) {
    if (run->more && !stopped_) {
      RunBatch(run);
    } else {
      std::move(run->done)();
    }
  });
  service_.environment().store->Due(
      run->next, [this, run, pass](absl::StatusOr<std::vector<KeyedSession>> due) {
        if (!due.ok()) {
          log::Warning("the session store cannot be searched", log::FieldsOf(due.status()));
          return;
        }
        run->more = std::ssize(*due) == kBatch;
        if (run->more) {
          run->next.after_time = due->back().record.reap_time;
          run->next.after_key = due->back().key;
        }
        for (const KeyedSession& session : *due) Act(session, pass);
      });
}

void SessionReaper::Act(const KeyedSession& session, const Pass& pass) {
  const SessionRecord& record = session.record;
  const bool idle = record.expire_time <= service_.environment().clock->Now();
  if (record.state == SessionState::kOpen && idle) {
    Expire(session, pass);
  } else if (record.state == SessionState::kFinishing) {
    // Whoever finishes it here is at it. Elsewhere: if it is not gone, it loses a race that it
    // could lose to any client.
    if (!service_.Holds(session.key)) {
      service_.Resolve(record, session.key, Session::Purpose::kOutcome, [pass] {});
    }
  } else if (!record.dead_uploads.empty()) {
    DiscardUploads(session, pass);  // of an open session: those of an earlier life
  } else if (Ended(record.state)) {
    Forget(session, pass);
  }
}

// The client that comes back and this race in one comparison. The upload is touched only after the
// state was moved: from then on nobody can commit a part of it.
void SessionReaper::Expire(const KeyedSession& session, const Pass& pass) {
  const SessionEnvironment& environment = service_.environment();
  ExpireSession write{session.record.fence, random_.Bytes(16), environment.clock->Now()};
  environment.store->Write(
      session.key, std::move(write), [this, key = session.key, pass](StoreAnswer answer) {
        if (answer.code != StoreCode::kOk || answer.record->state != SessionState::kExpired) return;
        log::Info("session expired", {{"session_id", answer.record->session_id}});
        DiscardUploads({key, *std::move(answer.record)}, pass);
      });
}

void SessionReaper::DiscardUploads(const KeyedSession& session, const Pass& pass) {
  for (const DeadUpload& upload : session.record.dead_uploads) {
    service_.DiscardUpload(session.key, upload, pass);
  }
}

void SessionReaper::Forget(const KeyedSession& session, const Pass& pass) {
  const SessionEnvironment& environment = service_.environment();
  environment.store->Write(session.key,
                           ForgetSession{session.record.fence, environment.clock->Now()},
                           [pass, id = session.record.session_id](const StoreAnswer& answer) {
                             if (answer.code != StoreCode::kOk) return;
                             log::Info("session forgotten", {{"session_id", id}});
                           });
}

}  // namespace penstock
