#ifndef PENSTOCK_SERVER_CONFIG_H_
#define PENSTOCK_SERVER_CONFIG_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "plugin/registry.h"

namespace penstock {

struct RemoteConfig {
  std::string backend;  // "oss"
  OptionValues options;
};

// The configuration of a server: what `penstockd --config FILE` reads. Sizes in bytes.
struct ServerConfig {
  // [server]
  std::vector<std::string> listen = {"127.0.0.1:7070"};
  bool insecure = false;
  bool bdp_probe = false;
  int64_t memory_budget = int64_t{2} << 30;
  int64_t read_memory = int64_t{256} << 20;  // of reads, beside the budget
  int64_t upload_rate = 0;                   // bytes per second, of all remotes; 0: no limit
  int32_t max_connections = 128;             // of HTTP, of all remotes
  int32_t parallel_parts = 4;                // of a session that does not ask
  int32_t max_parallel_parts = 16;           // of a session that does
  int32_t claims_per_minute = 10;            // of one session; more are answered with a delay
  absl::Duration drain_timeout = absl::Seconds(30);
  absl::Duration idle_timeout = absl::Minutes(10);
  absl::Duration progress_interval = absl::Seconds(5);

  // [sessions]
  absl::Duration linger = absl::Seconds(60);       // how long memory is kept for a lost stream
  absl::Duration part_age = absl::Seconds(30);     // a part that fills for longer is cut
  absl::Duration idle_ttl = absl::Hours(7 * 24);   // until a session expires: default and maximum
  absl::Duration retention = absl::Hours(7 * 24);  // of a session that has ended
  absl::Duration reap_interval = absl::Minutes(1);

  // [store]
  std::string store_path;

  // [log]
  log::Level log_level = log::Level::kInfo;
  bool log_json = false;

  // [remotes.NAME]
  std::map<std::string, RemoteConfig> remotes;
};

// Reads a configuration. Unknown keys, wrong types and values out of range are INVALID_ARGUMENT /
// BAD_CONFIG, with `source`, line and column in the message. Options of remotes are checked later,
// by Registry::Create.
absl::StatusOr<ServerConfig> ParseConfig(const std::string& text, const std::string& source);

// The same from a file; NOT_FOUND / NO_CONFIG when it cannot be read.
absl::StatusOr<ServerConfig> LoadConfig(const std::string& path);

// The whole configuration as TOML that ParseConfig reads back, defaults included. Secret options of
// remotes are masked.
std::string PrintConfig(const ServerConfig& config, const Registry& registry);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_CONFIG_H_
