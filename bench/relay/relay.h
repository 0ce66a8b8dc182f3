#ifndef PENSTOCK_BENCH_RELAY_RELAY_H_
#define PENSTOCK_BENCH_RELAY_RELAY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/support/socket.h"

namespace penstock::bench {

// A TCP relay that does the least that a program can which bytes go through: it receives them into
// a buffer and sends them from there. Used by one thread.
class Relay {
 public:
  // Listens; every connection is relayed to one of its own to `target`, both as "127.0.0.1:PORT".
  static absl::StatusOr<std::unique_ptr<Relay>> Start(const std::string& listen,
                                                      const std::string& target);

  std::string address() const { return AddressOf(listener_); }

  // Relays until `stop` can be read from.
  void Run(const Descriptor& stop);

 private:
  // What goes from one socket to the other.
  struct Direction {
    std::vector<char> buffer;
    size_t begin = 0;  // of what was received and not sent
    size_t end = 0;
    bool ended = false;  // nothing more will come
    bool closed = false;
  };
  struct Side {
    Descriptor socket;
    uint32_t events = 0;  // what epoll looks for
    Direction out;        // from this side's socket to the other's
  };
  struct Pair {
    std::array<Side, 2> sides;
    bool broken = false;
  };

  Relay(Descriptor listener, std::string target);

  void AcceptOne();
  void Watch(const Descriptor& descriptor, void* tag);
  void Advance(Pair& pair);
  static void Move(Side& from, Side& to, bool& broken);
  void SetEvents(Pair& pair, int number);

  const Descriptor listener_;
  const std::string target_;
  const Descriptor epoll_;
  std::unordered_map<const Pair*, std::unique_ptr<Pair>> pairs_;
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_RELAY_RELAY_H_
