#ifndef PENSTOCK_EMULATOR_CONNECTION_H_
#define PENSTOCK_EMULATOR_CONNECTION_H_

#include <chrono>

#include "emulator/service.h"

namespace penstock::emulator {

struct ConnectionTimeouts {
  std::chrono::milliseconds idle = std::chrono::seconds(75);  // between requests
  std::chrono::milliseconds body = std::chrono::seconds(30);  // within one
};

// Speaks HTTP/1.1 on a connected socket until either side ends it, blocking; requests under
// /-/emulator/ go to the control endpoint, all others to `service`. Returns when the socket should
// be closed; afterwards closing it resets the connection if a fault wants that. Any number of
// connections may run on as many threads.
void ServeConnection(int fd, Service& service, ConnectionTimeouts timeouts);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_CONNECTION_H_
