#ifndef PENSTOCK_EMULATOR_SERVER_H_
#define PENSTOCK_EMULATOR_SERVER_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "emulator/connection.h"
#include "emulator/service.h"

namespace penstock::emulator {

// Listens on a loopback address and serves every connection on a thread of its own.
class Server {
 public:
  // `listen` is HOST:PORT; port 0 takes a free one. INVALID_ARGUMENT unless HOST is a loopback
  // address; UNAVAILABLE when it cannot be listened on. `service` outlives the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const std::string& listen, Service& service,
                                                       ConnectionTimeouts timeouts);
  // Stops.
  ~Server();

  // http://127.0.0.1:PORT
  const std::string& address() const { return address_; }

  // Stops the service's waits, ends all connections, and returns when their threads have ended.
  // Once, by one thread.
  void Stop();

 private:
  Server(int listener, std::string address, Service& service, ConnectionTimeouts timeouts);
  void Accept();
  void Serve(int fd);

  const int listener_;
  const std::string address_;
  Service& service_;
  const ConnectionTimeouts timeouts_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<int> connections_;  // guarded by mutex_: open sockets
  bool stopping_ = false;      // guarded by mutex_
  std::thread acceptor_;
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_SERVER_H_
