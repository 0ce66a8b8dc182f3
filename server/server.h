#ifndef PENSTOCK_SERVER_SERVER_H_
#define PENSTOCK_SERVER_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"

namespace penstock {

// A whole server: store, remotes, sessions and listeners, put together from a configuration.
class Server {
 public:
  // Opens the store, makes the remotes and listens. Errors name what failed: the option of a
  // remote, the file of the store, the address. `registry` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerConfig& config,
                                                       const Registry& registry);

  virtual ~Server() = default;

  // The addresses as clients can use them.
  virtual const std::vector<std::string>& addresses() const = 0;

  // Stops within the configured drain timeout: health answers NOT_SERVING, new streams are refused,
  // parts in flight are finished and committed, every stream is told its committed size and ended.
  // Returns false when something was still under way at the timeout: then end the process without
  // destroying the server, whose destructor would wait for it. Nothing acknowledged is lost by
  // that, as by a crash. REQUIRES: called once.
  virtual bool Drain() = 0;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SERVER_H_
