#include "server/session/session_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/session/session_errors.h"
#include "server/session/session_token.h"

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

SessionEnvironment WithCapabilities(SessionEnvironment environment) {
  for (const auto& [name, backend] : environment.backends) {
    environment.config.remotes[name] = backend->capabilities();
  }
  return environment;
}

}  // namespace

SessionService::SessionService(SessionEnvironment environment, RandomSource& random)
    : environment_(WithCapabilities(std::move(environment))), random_(random) {}

SessionService::~SessionService() {
  decltype(drivers_) drivers;
  {
    absl::MutexLock lock(&mutex_);
    drivers.swap(drivers_);
    owners_.clear();
  }
  drivers.clear();  // those that were not released live on by the calls that are under way
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](int64_t* busy) { return *busy == 0; }, &busy_));
}

std::shared_ptr<void> SessionService::Busy() {
  absl::MutexLock lock(&mutex_);
  ++busy_;
  return {this, [](SessionService* service) {
            absl::MutexLock lock(&service->mutex_);
            --service->busy_;
          }};
}

absl::Status SessionService::CheckOpen(const std::string& token, const OpenFrame& open) const {
  if (absl::Status status = CheckSessionToken(token); !status.ok()) return status;
  if (!open.spec.has_value() || open.spec->remote.empty()) return absl::OkStatus();
  const auto backend = environment_.backends.find(open.spec->remote);
  if (backend == environment_.backends.end()) {
    return session_errors::UnknownRemote(open.spec->remote);
  }
  return backend->second->CheckObject(open.spec->object, open.spec->attributes);
}

std::shared_ptr<SessionDriver> SessionService::MakeDriver(const std::string& principal,
                                                          SessionKey key,
                                                          std::shared_ptr<PutStream> stream) {
  SessionIds ids;
  ids.principal = principal;
  ids.session_id = ToHex(random_.Bytes(16));
  ids.mark = ToHex(random_.Bytes(16));
  ids.nonce = random_.Bytes(16);
  SessionDriver::Hooks hooks;
  hooks.became_owner = [this](SessionDriver& driver, const std::string& session_id) {
    OnOwner(driver, session_id);
  };
  hooks.released = [this](SessionDriver& driver) { OnReleased(driver); };
  // A driver lives until its last call is answered, which may be long after its release.
  return {new SessionDriver(environment_, std::move(key), std::move(ids), std::move(stream),
                            std::move(hooks)),
          [busy = Busy()](SessionDriver* driver) mutable {
            delete driver;
            busy = nullptr;  // the deleter itself lives as long as the last weak pointer
          }};
}

absl::StatusOr<std::shared_ptr<SessionDriver>> SessionService::Start(
    const std::string& principal, const std::string& token, std::shared_ptr<PutStream> stream) {
  auto driver = MakeDriver(principal, MakeSessionKey(principal, token), std::move(stream));
  absl::MutexLock lock(&mutex_);
  if (draining_) return session_errors::Draining(std::nullopt);
  drivers_.emplace(driver.get(), driver);
  return driver;
}

std::shared_ptr<SessionDriver> SessionService::Held(SessionDriver* driver) {
  const auto it = drivers_.find(driver);
  return it == drivers_.end() ? nullptr : it->second;
}

// The newest owner wins: an older stream of this process need not find out by a failing commit.
void SessionService::OnOwner(SessionDriver& driver, const std::string& session_id) {
  std::shared_ptr<SessionDriver> older;
  {
    absl::MutexLock lock(&mutex_);
    Owner& owner = owners_[driver.key()];
    if (owner.driver != &driver) older = Held(owner.driver);
    owned_ids_.erase(owner.session_id);
    owned_ids_.insert(session_id);
    owner = {&driver, session_id};
  }
  if (older != nullptr) older->Supersede();
}

void SessionService::OnReleased(SessionDriver& driver) {
  absl::AnyInvocable<void() &&> after;
  absl::AnyInvocable<void() &&> drained;
  {
    absl::MutexLock lock(&mutex_);
    const auto owner = owners_.find(driver.key());
    if (owner != owners_.end() && owner->second.driver == &driver) {
      owned_ids_.erase(owner->second.session_id);
      owners_.erase(owner);
    }
    if (auto it = after_release_.find(&driver); it != after_release_.end()) {
      after = std::move(it->second);
      after_release_.erase(it);
    }
    drivers_.erase(&driver);
    if (draining_ && drivers_.empty()) drained = std::exchange(drained_, nullptr);
  }
  if (after) std::move(after)();
  if (drained) std::move(drained)();
}

bool SessionService::IsConnected(const std::string& session_id) {
  absl::MutexLock lock(&mutex_);
  return owned_ids_.contains(session_id);
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
  environment_.store->List(
      query, [this, done = std::move(done)](absl::StatusOr<SessionPage> page) mutable {
        if (!page.ok()) {
          std::move(done)(page.status());
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
    AbortFound(name, key, true, std::move(done));
  });
}

void SessionService::AbortFound(const SessionName& name, const SessionKey& key, bool may_resolve,
                                Done<SessionView> done) {
  AbortSession write;
  write.nonce = random_.Bytes(16);
  write.now = environment_.clock->Now();
  environment_.store->Write(
      key, std::move(write),
      [this, name, key, may_resolve, done = std::move(done)](StoreAnswer answer) mutable {
        if (answer.code == StoreCode::kWrongState && may_resolve) {
          ResolveThenAbort(name, key, std::move(done));
        } else if (answer.code == StoreCode::kWrongState) {
          std::move(done)(MakeError(absl::StatusCode::kUnavailable, "OUTCOME_PENDING",
                                    "the session is being finished and its outcome cannot be "
                                    "established now",
                                    {}, absl::Seconds(5)));
        } else if (answer.code != StoreCode::kOk) {
          std::move(done)(ReadError(name, answer));
        } else {
          DiscardUpload(key, *answer.record);
          std::move(done)(SessionView{*std::move(answer.record), false});
        }
      });
}

// Claims the session without a stream, which establishes the outcome, and tries once more.
void SessionService::ResolveThenAbort(const SessionName& name, const SessionKey& key,
                                      Done<SessionView> done) {
  const std::shared_ptr<SessionDriver> driver = MakeDriver(name.principal, key, nullptr);
  {
    absl::MutexLock lock(&mutex_);
    drivers_.emplace(driver.get(), driver);
    after_release_.emplace(driver.get(), [this, name, key, done = std::move(done)]() mutable {
      AbortFound(name, key, false, std::move(done));
    });
  }
  OpenFrame open;
  open.mode = OpenMode::kResume;
  driver->OnFrame(std::move(open));
}

// The state was moved first: from here on nobody can commit a part that is being discarded.
void SessionService::DiscardUpload(const SessionKey& key, const SessionRecord& record) {
  std::shared_ptr<SessionDriver> live;
  {
    absl::MutexLock lock(&mutex_);
    const auto owner = owners_.find(key);
    if (owner != owners_.end()) live = Held(owner->second.driver);
  }
  if (live != nullptr && record.state == SessionState::kAborted) live->Abort();
  const auto backend = environment_.backends.find(record.spec.remote);
  if (record.upload_id.empty() || backend == environment_.backends.end()) return;
  backend->second->AbortUpload(
      record.spec.object, record.upload_id,
      [this, key, upload_id = record.upload_id, busy = Busy()](const absl::Status& status) {
        if (!status.ok()) return;  // it stays in the record, for the reaper
        environment_.store->Write(key, UploadAborted{upload_id, environment_.clock->Now()},
                                  [](const StoreAnswer&) {});
      });
}

void SessionService::Drain(absl::AnyInvocable<void() &&> drained) {
  std::vector<std::shared_ptr<SessionDriver>> drivers;
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    for (const auto& [pointer, driver] : drivers_) drivers.push_back(driver);
    if (!drivers.empty()) drained_ = std::exchange(drained, nullptr);
  }
  if (drained) std::move(drained)();  // there was nothing to wait for
  for (const auto& driver : drivers) driver->Drain();
}

}  // namespace penstock
