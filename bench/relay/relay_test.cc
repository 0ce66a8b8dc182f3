#include "bench/relay/relay.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <string>
#include <thread>

namespace penstock::bench {
namespace {

class RelayTest : public testing::Test {
 protected:
  RelayTest()
      : listener_(*Listen("127.0.0.1:0")),
        relay_(*Relay::Start("127.0.0.1:0", AddressOf(listener_))),
        stop_(eventfd(0, 0)),
        thread_([this] { relay_->Run(stop_); }) {}

  ~RelayTest() override {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }

  // Both ends of a relayed connection, blocking.
  std::pair<Descriptor, Descriptor> Open() {
    Descriptor client = *Connect(relay_->address());
    pollfd arrival{listener_.get(), POLLIN, 0};
    poll(&arrival, 1, -1);
    Descriptor server = Accept(listener_);
    for (const Descriptor* socket : {&client, &server}) fcntl(socket->get(), F_SETFL, 0);
    return {std::move(client), std::move(server)};
  }

  static void SendAll(const Descriptor& socket, const std::string& bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t count = send(socket.get(), bytes.data() + sent, bytes.size() - sent, 0);
      if (count > 0) sent += static_cast<size_t>(count);
    }
  }

  // Everything up to the end.
  static std::string ReceiveAll(const Descriptor& socket) {
    std::string bytes;
    char buffer[4096];
    while (true) {
      const ssize_t count = recv(socket.get(), buffer, sizeof buffer, 0);
      if (count == 0) return bytes;
      if (count > 0) bytes.append(buffer, static_cast<size_t>(count));
    }
  }

  const Descriptor listener_;
  const std::unique_ptr<Relay> relay_;
  const Descriptor stop_;
  std::thread thread_;
};

TEST_F(RelayTest, PassesBytesAndEndsBothWays) {
  auto [client, server] = Open();
  std::string bytes;
  for (int i = 0; i < 2'000'000; ++i) bytes.push_back(static_cast<char>(i / 7));
  std::thread sender([&client = client, &bytes] {
    SendAll(client, bytes);
    shutdown(client.get(), SHUT_WR);
  });
  EXPECT_EQ(ReceiveAll(server), bytes);
  sender.join();
  // The way back is open still.
  SendAll(server, "answer");
  shutdown(server.get(), SHUT_WR);
  EXPECT_EQ(ReceiveAll(client), "answer");
}

TEST_F(RelayTest, EndsTheOneWhenTheOtherIsGone) {
  auto [client, server] = Open();
  { const Descriptor gone = std::move(client); }
  EXPECT_EQ(ReceiveAll(server), "");
}

}  // namespace
}  // namespace penstock::bench
