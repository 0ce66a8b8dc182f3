#include "bench/relay/relay.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <iostream>
#include <utility>

#include "base/status_macros.h"

namespace penstock::bench {
namespace {

constexpr size_t kBufferBytes = 256 * 1024;

// Of one direction before the others have their turn.
constexpr int kMovesInTurn = 4;

bool IsTemporary() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

absl::StatusOr<std::unique_ptr<Relay>> Relay::Start(const std::string& listen,
                                                    const std::string& target) {
  PENSTOCK_ASSIGN_OR_RETURN(Descriptor listener, Listen(listen));
  return std::unique_ptr<Relay>(new Relay(std::move(listener), target));
}

Relay::Relay(Descriptor listener, std::string target)
    : listener_(std::move(listener)),
      target_(std::move(target)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  Watch(listener_, nullptr);
}

void Relay::Watch(const Descriptor& descriptor, void* tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = tag;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor.get(), &event);
}

void Relay::Run(const Descriptor& stop) {
  Watch(stop, this);
  std::array<epoll_event, 64> events;
  while (true) {
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      // Of a pair's two sockets the second may have its turn when the pair is gone.
      void* const tag = events[i].data.ptr;
      if (tag == this) return;
      if (tag == nullptr) {
        AcceptOne();
      } else if (const auto found = pairs_.find(static_cast<Pair*>(tag)); found != pairs_.end()) {
        found->second->broken = found->second->broken || (events[i].events & EPOLLERR) != 0;
        Advance(*found->second);
      }
    }
  }
}

void Relay::AcceptOne() {
  Descriptor client = Accept(listener_);
  if (!client.valid()) return;
  absl::StatusOr<Descriptor> server = Connect(target_);
  if (!server.ok()) {
    std::cerr << "bench_relay: " << server.status().message() << std::endl;
    return;
  }
  auto pair = std::make_unique<Pair>();
  pair->sides[0].socket = std::move(client);
  pair->sides[1].socket = *std::move(server);
  for (Side& side : pair->sides) {
    side.out.buffer.resize(kBufferBytes);
    side.events = EPOLLIN;
    Watch(side.socket, pair.get());
  }
  const Pair* key = pair.get();
  pairs_[key] = std::move(pair);
}

void Relay::Advance(Pair& pair) {
  auto& [first, second] = pair.sides;
  Move(first, second, pair.broken);
  Move(second, first, pair.broken);
  if (pair.broken || (first.out.closed && second.out.closed)) {
    pairs_.erase(&pair);
    return;
  }
  SetEvents(pair, 0);
  SetEvents(pair, 1);
}

void Relay::Move(Side& from, Side& to, bool& broken) {
  Direction& way = from.out;
  for (int i = 0; i < kMovesInTurn && !way.closed; ++i) {
    if (way.begin == way.end && !way.ended) {
      const ssize_t got = recv(from.socket.get(), way.buffer.data(), way.buffer.size(), 0);
      if (got < 0) {
        broken = broken || !IsTemporary();
        return;
      }
      way.ended = got == 0;
      way.begin = 0;
      way.end = static_cast<size_t>(got);
    }
    if (way.begin < way.end) {
      const ssize_t sent =
          send(to.socket.get(), way.buffer.data() + way.begin, way.end - way.begin, MSG_NOSIGNAL);
      if (sent < 0) {
        broken = broken || !IsTemporary();
        return;
      }
      way.begin += static_cast<size_t>(sent);
      if (way.begin < way.end) return;
    } else if (way.ended) {
      shutdown(to.socket.get(), SHUT_WR);
      way.closed = true;
    }
  }
}

void Relay::SetEvents(Pair& pair, int number) {
  Side& side = pair.sides[number];
  const Side& other = pair.sides[1 - number];
  const bool reads = !side.out.ended && side.out.begin == side.out.end;
  const bool writes = other.out.begin < other.out.end;
  const uint32_t events = (reads ? EPOLLIN : 0U) | (writes ? EPOLLOUT : 0U);
  if (events == side.events) return;
  side.events = events;
  epoll_event event{};
  event.events = events;
  event.data.ptr = &pair;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, side.socket.get(), &event);
}

}  // namespace penstock::bench
