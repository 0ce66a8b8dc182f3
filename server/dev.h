#ifndef PENSTOCK_SERVER_DEV_H_
#define PENSTOCK_SERVER_DEV_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"

namespace penstock {

// `penstockd dev`: a server that needs no configuration and no account.
struct DevOptions {
  std::vector<std::string> listen = {"127.0.0.1:7070"};
  std::string data;  // folder for everything; empty: DefaultDevFolder()
  bool oss = false;  // also a remote `oss`, backed by an emulator that is started beside the server
};

// $XDG_STATE_HOME/penstock-dev, or ~/.local/state/penstock-dev.
std::string DefaultDevFolder();

// The bucket that every dev remote has.
inline constexpr char kDevBucket[] = "demo";

// An oss-emulator that ends when this goes, or when the process dies.
class DevEmulator {
 public:
  virtual ~DevEmulator() = default;
  virtual const std::string& endpoint() const = 0;  // "http://127.0.0.1:PORT"
};

// Keeps the folder to one `penstockd dev` until this goes, or the process dies.
class DevLock {
 public:
  virtual ~DevLock() = default;
};

struct DevSetup {
  std::unique_ptr<DevLock> lock;
  ServerConfig config;
  std::unique_ptr<DevEmulator> emulator;  // null without DevOptions::oss
};

// Locks the folder, then makes what is in it, the credentials of the emulator and the emulator
// itself. FAILED_PRECONDITION: DEV_IN_USE, another one has the folder, in which nothing has been
// changed; DEV_SETUP_FAILED. REQUIRES: called from the main thread before others are started (the
// emulator ends with the thread that began it).
absl::StatusOr<DevSetup> SetUpDev(const DevOptions& options);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_DEV_H_
