#ifndef PENSTOCK_BENCH_SUPPORT_SOCKET_H_
#define PENSTOCK_BENCH_SUPPORT_SOCKET_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace penstock::bench {

// An open file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// A TCP socket that listens at "127.0.0.1:PORT", not blocking; port 0 takes a free one.
absl::StatusOr<Descriptor> Listen(const std::string& address);

// Where it listens, as Listen takes it.
std::string AddressOf(const Descriptor& listener);

// Takes the next connection, not blocking and without Nagle's delay; not valid when there is none.
Descriptor Accept(const Descriptor& listener);

// A connection to "127.0.0.1:PORT", of the same kind. Blocks until it stands.
absl::StatusOr<Descriptor> Connect(const std::string& address);

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SUPPORT_SOCKET_H_
