// Configurations: whatever is read can be printed, and what is printed reads back as the same.

#include <map>
#include <string>
#include <utility>

#include "plugin/registry.h"
#include "server/config.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock {
namespace {

// Backends that know every option that is given, none of them a secret: so all of them come back.
Registry OpenRegistry(const ServerConfig& config) {
  std::map<std::string, BackendInfo> backends;
  for (const auto& [name, remote] : config.remotes) {
    BackendInfo& info = backends[remote.backend];
    info.name = remote.backend;
    for (const auto& [option, value] : remote.options) {
      info.options.emplace_back();
      info.options.back().name = option;
    }
  }
  Registry registry;
  for (auto& [name, info] : backends) registry.Add(std::move(info));
  return registry;
}

void CheckSame(const ServerConfig& a, const ServerConfig& b) {
  FUZZ_CHECK(a.listen == b.listen);
  FUZZ_CHECK(a.insecure == b.insecure);
  FUZZ_CHECK(a.bdp_probe == b.bdp_probe);
  FUZZ_CHECK(a.memory_budget == b.memory_budget);
  FUZZ_CHECK(a.parallel_parts == b.parallel_parts);
  FUZZ_CHECK(a.max_parallel_parts == b.max_parallel_parts);
  FUZZ_CHECK(a.claims_per_minute == b.claims_per_minute);
  FUZZ_CHECK(a.drain_timeout == b.drain_timeout);
  FUZZ_CHECK(a.idle_timeout == b.idle_timeout);
  FUZZ_CHECK(a.progress_interval == b.progress_interval);
  FUZZ_CHECK(a.store_path == b.store_path);
  FUZZ_CHECK(a.log_level == b.log_level);
  FUZZ_CHECK(a.log_json == b.log_json);
  FUZZ_CHECK(a.remotes.size() == b.remotes.size());
  for (const auto& [name, remote] : a.remotes) {
    const auto other = b.remotes.find(name);
    FUZZ_CHECK(other != b.remotes.end());
    FUZZ_CHECK(remote.backend == other->second.backend);
    FUZZ_CHECK(remote.options == other->second.options);
  }
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config = penstock::ParseConfig(penstock::Text(data, size), "fuzz.toml");
  if (!config.ok()) return 0;
  const std::string printed = penstock::PrintConfig(*config, penstock::OpenRegistry(*config));
  const auto again = penstock::ParseConfig(printed, "printed.toml");
  FUZZ_CHECK(again.ok());
  penstock::CheckSame(*config, *again);
  return 0;
}
