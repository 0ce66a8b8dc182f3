#include "server/session/stream_input.h"

#include <utility>

#include "server/session/session_errors.h"
#include "server/session/session_service.h"

namespace penstock {

StreamInput::StreamInput(SessionService& service, std::string principal, SessionKey key,
                         std::shared_ptr<PutStream> stream, MemoryLease lease)
    : service_(service),
      principal_(std::move(principal)),
      key_(std::move(key)),
      stream_(std::move(stream)),
      lease_(std::move(lease)) {}

void StreamInput::OnFrame(ClientFrame frame) {
  bool first = false;
  std::shared_ptr<SessionDriver> driver;
  {
    MutexLock lock(&mutex_);
    first = !std::exchange(begun_, true);
    driver = driver_.lock();
  }
  if (first) {
    service_.Route(shared_from_this(), std::move(frame), false);
  } else if (driver != nullptr) {
    driver->OnFrame(stream_.get(), std::move(frame));
  }
}

void StreamInput::PassOn(OpenFrame open) {
  service_.Route(shared_from_this(), std::move(open), true);
}

void StreamInput::Attach(const std::shared_ptr<SessionDriver>& driver) {
  MutexLock lock(&mutex_);
  driver_ = driver;
}

void StreamInput::OnInputEnded() {
  bool begun = false;
  {
    MutexLock lock(&mutex_);
    ended_ = true;
    begun = begun_;
  }
  if (begun) {
    TellLost();
  } else {
    stream_->Close(session_errors::OpenExpected());  // there was no frame at all
  }
}

void StreamInput::OnStreamLost() {
  {
    MutexLock lock(&mutex_);
    lost_ = true;
  }
  TellLost();
}

// A driver may be told twice; it takes the first.
void StreamInput::TellLost() {
  std::shared_ptr<SessionDriver> driver;
  bool ended = false;
  bool lost = false;
  {
    MutexLock lock(&mutex_);
    driver = driver_.lock();
    ended = ended_;
    lost = lost_;
  }
  if (driver == nullptr) return;
  if (ended) driver->OnInputEnded(stream_.get());
  if (lost) driver->OnStreamLost(stream_.get());
}

}  // namespace penstock
