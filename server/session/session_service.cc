#include "server/session/session_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "server/session/session_errors.h"
#include "server/session/session_token.h"
#include "server/store/mutation.h"

namespace penstock {
namespace {

absl::Status NotFoundBy(const SessionService::SessionName& name) {
  return MakeError(
      absl::StatusCode::kNotFound, "SESSION_NOT_FOUND",
      name.token.empty() ? "no session is known by this id" : "no session is known by this token");
}

absl::Status ReadError(const SessionService::SessionName& name, const StoreAnswer& answer) {
  switch (answer.code) {
    case StoreCode::kNotFound:
      return NotFoundBy(name);
    case StoreCode::kExhausted:
      return session_errors::StoreFull(answer.message);
    case StoreCode::kCorrupt:
      return session_errors::StoreCorrupt(answer.message);
    default:
      return session_errors::StoreUnavailable(answer.message);
  }
}

// How long an outcome that cannot be established now may stay so. Where nobody finishes the session
// here, it was just asked for: a put that is not there can arrive as long as it is valid.
absl::Duration PendingFor(const SessionRecord& record, absl::Time now, bool is_finished_here) {
  constexpr absl::Duration kSoon = absl::Seconds(5);
  const bool put = record.seal.has_value() && record.seal->single_put;
  if (is_finished_here || !put) return kSoon;
  return std::max(record.seal->put_valid_until - now, kSoon);
}

SessionEnvironment Complete(SessionEnvironment environment, BufferBudget& budget) {
  environment.budget = &budget;
  for (const auto& [name, backend] : environment.backends) {
    environment.config.remotes[name] = backend->capabilities();
  }
  return environment;
}

}  // namespace

SessionService::SessionService(SessionEnvironment environment, RandomSource& random)
    : budget_(std::make_unique<BufferBudget>(environment.config.memory_budget,
                                             environment.config.slab_bytes)),
      environment_(Complete(std::move(environment), *budget_)),
      random_(random) {
  budget_->set_on_pressure([this] { OnMemoryShort(); });
}

SessionService::~SessionService() {
  decltype(drivers_) drivers;
  {
    MutexLock lock(&mutex_);
    drivers.swap(drivers_);
    owners_.clear();
  }
  drivers.clear();  // those that were not released live on by the calls that are under way
  in_flight_.Await();
}

absl::Status SessionService::CheckOpen(const std::string& token, const OpenFrame& open) const {
  if (absl::Status status = CheckSessionToken(token); !status.ok()) return status;
  if (!open.spec.has_value() || open.spec->remote.empty()) return absl::OkStatus();
  const auto backend = environment_.backends.find(open.spec->remote);
  if (backend == environment_.backends.end()) {
    return session_errors::UnknownRemote(open.spec->remote);
  }
  // RESUME creates nothing: what is given is compared, and what is not given matches.
  const ObjectName& object = open.spec->object;
  const bool partial = object.bucket.empty() || object.key.empty();
  if (partial && open.mode == OpenMode::kResume) return absl::OkStatus();
  return backend->second->CheckObject(object, open.spec->attributes);
}

SessionIds SessionService::DrawIds(const std::string& principal) {
  SessionIds ids;
  ids.principal = principal;
  ids.session_id = ToHex(random_.Bytes(16));
  ids.mark = ToHex(random_.Bytes(16));
  ids.nonce = random_.Bytes(16);
  return ids;
}

std::shared_ptr<SessionDriver> SessionService::MakeDriver(const std::string& principal,
                                                          SessionKey key,
                                                          std::shared_ptr<PutStream> stream,
                                                          Session::Purpose purpose) {
  SessionDriver::Hooks hooks;
  hooks.became_owner = [this](SessionDriver& driver, const SessionRecord& record, bool tentative) {
    OnOwner(driver, record, tentative);
  };
  hooks.attachment = [this](SessionDriver& driver, bool attached) {
    OnAttachment(driver, attached);
  };
  hooks.growth = [this](SessionDriver& driver, bool grown) { OnGrowth(driver, grown); };
  hooks.draw_ids = [this, principal] { return DrawIds(principal); };
  hooks.released = [this](SessionDriver& driver) { OnReleased(driver); };
  // A driver lives until its last call is answered, which may be long after its release.
  return {new SessionDriver(environment_, std::move(key), DrawIds(principal), std::move(stream),
                            purpose, std::move(hooks)),
          [busy = in_flight_.Begin()](SessionDriver* driver) mutable {
            delete driver;
            busy = nullptr;  // the deleter itself lives as long as the last weak pointer
          }};
}

absl::StatusOr<MemoryLease> SessionService::Admit() {
  {
    MutexLock lock(&mutex_);
    if (draining_) return session_errors::Draining(std::nullopt);
  }
  std::optional<MemoryLease> lease = budget_->TryAdmit(environment_.config.stream_bytes);
  if (!lease.has_value()) {
    OnMemoryShort();
    return session_errors::TooManyStreams(environment_.config.memory_budget);
  }
  return *std::move(lease);
}

std::shared_ptr<StreamInput> SessionService::Start(const std::string& principal,
                                                   const std::string& token,
                                                   std::shared_ptr<PutStream> stream,
                                                   MemoryLease admitted) {
  return std::make_shared<StreamInput>(*this, principal, MakeSessionKey(principal, token),
                                       std::move(stream), std::move(admitted));
}

absl::StatusOr<std::shared_ptr<StreamInput>> SessionService::Start(
    const std::string& principal, const std::string& token, std::shared_ptr<PutStream> stream) {
  PENSTOCK_ASSIGN_OR_RETURN(MemoryLease admitted, Admit());
  return Start(principal, token, std::move(stream), std::move(admitted));
}

void SessionService::Route(const std::shared_ptr<StreamInput>& input, ClientFrame first,
                           bool fresh) {
  auto* open = std::get_if<OpenFrame>(&first);
  std::shared_ptr<SessionDriver> owner;
  if (open != nullptr && !fresh) {
    MutexLock lock(&mutex_);
    const auto it = owners_.find(input->key_);
    if (it != owners_.end()) owner = Held(it->second.driver);
  }
  if (owner != nullptr) {
    input->Attach(owner);
    owner->Reopen(std::move(*open), input);
    input->TellLost();
    return;
  }
  auto driver =
      MakeDriver(input->principal_, input->key_, input->stream_, Session::Purpose::kStream);
  bool refused = false;
  {
    MutexLock lock(&mutex_);
    refused = draining_;
    if (!refused) drivers_.emplace(driver.get(), driver);
  }
  if (refused) {
    input->stream_->Close(session_errors::Draining(std::nullopt));
    return;
  }
  input->Attach(driver);
  driver->OnFrame(input->stream_.get(), std::move(first));
  input->TellLost();
}

std::shared_ptr<SessionDriver> SessionService::Held(SessionDriver* driver) {
  const auto it = drivers_.find(driver);
  return it == drivers_.end() ? nullptr : it->second;
}

// The newest owner wins: an older stream of this process need not find out by a failing commit. Two
// that claimed at the same time may be told in either order: the epoch tells which one is newer.
void SessionService::OnOwner(SessionDriver& driver, const SessionRecord& record, bool tentative) {
  std::shared_ptr<SessionDriver> other;
  {
    MutexLock lock(&mutex_);
    Owner& owner = owners_[driver.key()];
    if (owner.driver != &driver) other = Held(owner.driver);
    if (other != nullptr && tentative) return;
    if (other != nullptr && owner.epoch > record.fence.epoch &&
        !Mutated(Mutation::kNewestByArrival)) {
      other = Held(&driver);
    } else {
      owned_ids_.erase(owner.session_id);
      owned_ids_[record.session_id] = &driver;
      owner = {&driver, record.session_id, record.fence.epoch};
    }
  }
  if (other != nullptr) other->Supersede();
}

void SessionService::OnAttachment(SessionDriver& driver, bool attached) {
  MutexLock lock(&mutex_);
  if (attached) {
    detached_.erase(&driver);
  } else if (drivers_.contains(&driver)) {
    detached_.insert(&driver);
  }
}

void SessionService::OnGrowth(SessionDriver& driver, bool grown) {
  MutexLock lock(&mutex_);
  if (!grown) {
    grown_.erase(&driver);
  } else if (drivers_.contains(&driver)) {
    grown_.insert(&driver);
  }
}

// Rule 12: memory that is only kept for clients that may come back is for those that are here. And
// who has more than its share gives it up.
void SessionService::OnMemoryShort() {
  std::vector<std::shared_ptr<SessionDriver>> rich;
  {
    MutexLock lock(&mutex_);
    for (SessionDriver* driver : detached_) rich.push_back(Held(driver));
    // Once for each growth: until they have heard it they need not be told again.
    for (SessionDriver* driver : std::exchange(grown_, {})) rich.push_back(Held(driver));
  }
  for (const auto& driver : rich) {
    if (driver != nullptr) driver->ReleaseMemory();
  }
}

void SessionService::OnReleased(SessionDriver& driver) {
  absl::AnyInvocable<void() &&> after;
  absl::AnyInvocable<void() &&> drained;
  {
    MutexLock lock(&mutex_);
    const auto owner = owners_.find(driver.key());
    if (owner != owners_.end() && owner->second.driver == &driver) {
      owned_ids_.erase(owner->second.session_id);
      owners_.erase(owner);
    }
    if (auto it = after_release_.find(&driver); it != after_release_.end()) {
      after = std::move(it->second);
      after_release_.erase(it);
    }
    detached_.erase(&driver);
    grown_.erase(&driver);
    drivers_.erase(&driver);
    if (draining_ && drivers_.empty()) drained = std::exchange(drained_, nullptr);
  }
  if (after) std::move(after)();
  if (drained) std::move(drained)();
}

bool SessionService::IsConnected(const std::string& session_id) {
  MutexLock lock(&mutex_);
  const auto owner = owned_ids_.find(session_id);
  return owner != owned_ids_.end() && !detached_.contains(owner->second);
}

void SessionService::Find(const SessionName& name, SessionStore::FoundDone done) {
  if (name.token.empty()) {
    environment_.store->GetById(name.principal, name.session_id, std::move(done));
    return;
  }
  SessionKey key = MakeSessionKey(name.principal, name.token);
  environment_.store->Get(key, [key, done = std::move(done)](StoreAnswer answer) mutable {
    std::move(done)(std::move(answer), key);
  });
}

void SessionService::Get(const SessionName& name, Done<SessionView> done) {
  Find(name, [this, name, done = std::move(done)](StoreAnswer answer, const SessionKey&) mutable {
    if (answer.code != StoreCode::kOk) {
      std::move(done)(ReadError(name, answer));
      return;
    }
    const bool connected = IsConnected(answer.record->session_id);
    std::move(done)(SessionView{*std::move(answer.record), connected});
  });
}

void SessionService::List(const SessionQuery& query, Done<SessionViews> done) {
  environment_.store->List(query, [this, done = std::move(done)](
                                      absl::StatusOr<SessionPage> page) mutable {
    if (!page.ok()) {
      // Damage is told in the same way whatever was asked for.
      const bool corrupt = ErrorReason(page.status()) == "STORE_CORRUPT";
      std::move(done)(corrupt ? session_errors::StoreCorrupt(std::string(page.status().message()))
                              : page.status());
      return;
    }
    SessionViews views;
    views.next_page_token = std::move(page->next_page_token);
    for (SessionRecord& record : page->sessions) {
      const bool connected = IsConnected(record.session_id);
      views.sessions.push_back({std::move(record), connected});
    }
    std::move(done)(std::move(views));
  });
}

void SessionService::Abort(const SessionName& name, Done<SessionView> done) {
  Find(name, [this, name, done = std::move(done)](const StoreAnswer& answer,
                                                  const SessionKey& key) mutable {
    if (answer.code != StoreCode::kOk) {
      std::move(done)(ReadError(name, answer));
      return;
    }
    AbortFound(name, key, answer.record->session_id, true, std::move(done));
  });
}

void SessionService::AbortFound(const SessionName& name, const SessionKey& key,
                                const std::string& session_id, bool may_resolve,
                                Done<SessionView> done) {
  const absl::Time now = environment_.clock->Now();
  AbortSession write;
  write.session_id = session_id;  // not a later life of the token
  write.nonce = random_.Bytes(16);
  write.now = now;
  environment_.store->Write(
      key, std::move(write),
      [this, name, key, session_id, may_resolve, now,
       done = std::move(done)](StoreAnswer answer) mutable {
        // Who finishes it here is at it: another owner would tell its client to stop.
        if (answer.code == StoreCode::kWrongState && may_resolve && !Holds(key)) {
          Resolve(*answer.record, key, Session::Purpose::kAbort,
                  [this, name, key, session_id, done = std::move(done)]() mutable {
                    AbortFound(name, key, session_id, false, std::move(done));
                  });
        } else if (answer.code == StoreCode::kWrongState) {
          std::move(done)(
              session_errors::OutcomePending(PendingFor(*answer.record, now, may_resolve)));
        } else if (answer.code != StoreCode::kOk) {
          std::move(done)(ReadError(name, answer));
        } else {
          EndHere(key, *answer.record);
          std::move(done)(SessionView{*std::move(answer.record), false});
        }
      });
}

bool SessionService::Holds(const SessionKey& key) {
  MutexLock lock(&mutex_);
  return owners_.contains(key);
}

void SessionService::Resolve(const SessionRecord& seen, const SessionKey& key,
                             Session::Purpose purpose, absl::AnyInvocable<void() &&> done) {
  const std::shared_ptr<SessionDriver> driver = MakeDriver(seen.principal, key, nullptr, purpose);
  {
    MutexLock lock(&mutex_);
    drivers_.emplace(driver.get(), driver);
    after_release_.emplace(driver.get(), std::move(done));
  }
  OpenFrame open;
  open.mode = OpenMode::kResume;
  open.expect_epoch = seen.fence.epoch;  // whoever came since goes first
  driver->OnFrame(nullptr, std::move(open));
}

// The state was moved first: from here on nobody can commit a part that is being discarded.
void SessionService::EndHere(const SessionKey& key, const SessionRecord& record) {
  std::shared_ptr<SessionDriver> live;
  {
    MutexLock lock(&mutex_);
    const auto owner = owners_.find(key);
    const bool is_it = owner != owners_.end() && owner->second.session_id == record.session_id;
    if (is_it) live = Held(owner->second.driver);
  }
  if (live != nullptr && record.state == SessionState::kAborted) live->Abort();
  for (const DeadUpload& upload : record.dead_uploads) {
    if (upload.aborts == 0) DiscardUpload(key, upload, nullptr);
  }
}

void SessionService::DiscardUpload(const SessionKey& key, const DeadUpload& upload,
                                   std::shared_ptr<void> pass) {
  const auto note = [this, key, busy = in_flight_.Begin(),
                     pass = std::move(pass)](SessionWrite write) {
    environment_.store->Write(key, std::move(write), [busy, pass](const StoreAnswer&) {});
  };
  const auto backend = environment_.backends.find(upload.remote);
  if (backend == environment_.backends.end()) {
    log::Warning("an upload cannot be discarded: its remote is not configured",
                 {{"remote", upload.remote}, {"upload_id", upload.upload_id}});
    note(UploadNotAborted{upload.upload_id, environment_.clock->Now()});
    return;
  }
  backend->second->AbortUpload(
      upload.object, upload.upload_id, [this, upload, note](const absl::Status& status) {
        const absl::Time now = environment_.clock->Now();
        if (status.ok()) {
          note(UploadAborted{upload.upload_id, now});
          return;
        }
        log::Fields fields = log::FieldsOf(status);
        fields.insert(fields.end(), {{"remote", upload.remote}, {"upload_id", upload.upload_id}});
        log::Warning("an upload cannot be discarded now", fields);
        note(UploadNotAborted{upload.upload_id, now});
      });
}

void SessionService::Drain(absl::AnyInvocable<void() &&> drained) {
  std::vector<std::shared_ptr<SessionDriver>> drivers;
  {
    MutexLock lock(&mutex_);
    draining_ = true;
    for (const auto& [pointer, driver] : drivers_) drivers.push_back(driver);
    if (!drivers.empty()) drained_ = std::exchange(drained, nullptr);
  }
  if (drained) std::move(drained)();  // there was nothing to wait for
  for (const auto& driver : drivers) driver->Drain();
}

}  // namespace penstock
