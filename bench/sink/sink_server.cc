#include "bench/sink/sink_server.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <utility>

#include "base/status_macros.h"

namespace penstock::bench {

absl::StatusOr<std::unique_ptr<SinkServer>> SinkServer::Start(const std::string& address,
                                                              int threads, SinkSettings& settings) {
  PENSTOCK_ASSIGN_OR_RETURN(Descriptor listener, Listen(address));
  return std::unique_ptr<SinkServer>(new SinkServer(std::move(listener), threads, settings));
}

SinkServer::SinkServer(Descriptor listener, int threads, SinkSettings& settings)
    : listener_(std::move(listener)), stop_(eventfd(0, EFD_CLOEXEC)), store_(settings) {
  for (int i = 0; i < threads; ++i) loops_.push_back(std::make_unique<SinkLoop>(store_, settings));
  acceptor_ = std::thread([this] { AcceptAll(); });
}

SinkServer::~SinkServer() {
  eventfd_write(stop_.get(), 1);
  acceptor_.join();
}

void SinkServer::AcceptAll() {
  size_t next = 0;
  while (true) {
    std::array<pollfd, 2> watched = {{{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    poll(watched.data(), watched.size(), -1);
    if (watched[1].revents != 0) return;
    Descriptor socket = Accept(listener_);
    if (socket.valid()) loops_[next++ % loops_.size()]->Add(std::move(socket));
  }
}

}  // namespace penstock::bench
