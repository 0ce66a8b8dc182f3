#include "bench/sink/sink_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace penstock::bench {
namespace {

using Wait = SinkConnection::Wait;

// Large enough that system calls do not count, small enough for the processor's cache.
constexpr size_t kBufferBytes = 256 * 1024;

// How often a stalled sink looks whether it still is.
constexpr int kStallCheckMs = 50;

uint32_t EventsOf(Wait wait) {
  switch (wait) {
    case Wait::kInput:
      return EPOLLIN;
    case Wait::kOutput:
      return EPOLLOUT;
    default:
      return 0;
  }
}

}  // namespace

SinkLoop::SinkLoop(SinkStore& store, const SinkSettings& settings)
    : store_(store),
      settings_(settings),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC)),
      buffer_(kBufferBytes) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
  thread_ = std::thread([this] { Run(); });
}

SinkLoop::~SinkLoop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
}

void SinkLoop::Add(Descriptor socket) {
  {
    MutexLock lock(&mutex_);
    added_.push_back(std::move(socket));
  }
  Wake();
}

void SinkLoop::Wake() { eventfd_write(wake_.get(), 1); }

void SinkLoop::Run() {
  std::array<epoll_event, 256> events;
  while (true) {
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), TimeoutMs());
    for (int i = 0; i < count; ++i) {
      auto* const served = static_cast<Served*>(events[i].data.ptr);
      if (served != nullptr) {
        OnEvent(*served, events[i].events);
        continue;
      }
      eventfd_t ignored = 0;
      eventfd_read(wake_.get(), &ignored);
      TakeAdded();
      MutexLock lock(&mutex_);
      if (stopping_) return;
    }
    RunTimers();
    if (!stalled_.empty() && !settings_.stall) Unstall();
  }
}

void SinkLoop::TakeAdded() {
  std::vector<Descriptor> added;
  {
    MutexLock lock(&mutex_);
    added.swap(added_);
  }
  for (Descriptor& socket : added) {
    const int fd = socket.get();
    auto served = std::make_unique<Served>(
        Served{SinkConnection(std::move(socket), store_, settings_), EPOLLIN});
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = served.get();
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
    served_[fd] = std::move(served);
  }
}

void SinkLoop::OnEvent(Served& served, uint32_t events) {
  if ((events & EPOLLIN) != 0) {
    Settle(served, served.connection.OnInput(buffer_.data(), buffer_.size()));
  } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    Settle(served, false);
  } else {
    Settle(served, served.connection.OnOutput());
  }
}

void SinkLoop::RunTimers() {
  const auto now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Served& served = *timers_.begin()->second;
    timers_.erase(timers_.begin());
    Settle(served, served.connection.OnTime());
  }
}

void SinkLoop::Unstall() {
  for (Served* served : std::exchange(stalled_, {})) {
    served->connection.OnUnstall();
    Settle(*served, true);
  }
}

int SinkLoop::TimeoutMs() const {
  int timeout = stalled_.empty() ? -1 : kStallCheckMs;
  if (!timers_.empty()) {
    const auto left = timers_.begin()->first - std::chrono::steady_clock::now();
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    const int until_timer = static_cast<int>(std::clamp<int64_t>(ms, 0, 60'000));
    timeout = timeout < 0 ? until_timer : std::min(timeout, until_timer);
  }
  return timeout;
}

void SinkLoop::Settle(Served& served, bool goes_on) {
  const int fd = served.connection.fd();
  if (!goes_on) {
    std::erase_if(timers_, [&](const auto& timer) { return timer.second == &served; });
    std::erase(stalled_, &served);
    served_.erase(fd);  // closes it, and epoll forgets it
    return;
  }
  const Wait wait = served.connection.wait();
  if (wait == Wait::kTime) timers_.emplace(served.connection.due(), &served);
  if (wait == Wait::kUnstall) stalled_.push_back(&served);
  if (EventsOf(wait) == served.events) return;
  served.events = EventsOf(wait);
  epoll_event event{};
  event.events = served.events;
  event.data.ptr = &served;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

}  // namespace penstock::bench
