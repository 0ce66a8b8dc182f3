#include "server/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/byte_size.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/table_reader.h"

namespace penstock {
namespace {

constexpr char kMasked[] = "***";

absl::Status ReadServer(const toml::table& table, const std::string& source, ServerConfig& config) {
  constexpr int32_t kMostParallel = 64;
  constexpr int32_t kMostClaims = 1000;
  constexpr int32_t kMostConnections = 10'000;
  TableReader reader(table, "server", source);
  reader.ReadList("listen", config.listen);
  reader.Read("insecure", config.insecure);
  reader.Read("bdp_probe", config.bdp_probe);
  reader.ReadSize("memory_budget", int64_t{64} << 20, config.memory_budget);
  reader.ReadSize("read_memory", int64_t{8} << 20, config.read_memory);
  reader.ReadSize("upload_rate", 0, config.upload_rate);
  reader.Read("max_connections", 1, kMostConnections, config.max_connections);
  reader.Read("parallel_parts", 1, kMostParallel, config.parallel_parts);
  reader.Read("max_parallel_parts", 1, kMostParallel, config.max_parallel_parts);
  reader.Read("claims_per_minute", 1, kMostClaims, config.claims_per_minute);
  reader.ReadDuration("drain_timeout", absl::ZeroDuration(), config.drain_timeout);
  reader.ReadDuration("idle_timeout", absl::Seconds(1), config.idle_timeout);
  reader.ReadDuration("progress_interval", absl::Milliseconds(100), config.progress_interval);
  return reader.Finish();
}

absl::Status ReadSessions(const toml::table& table, const std::string& source,
                          ServerConfig& config) {
  TableReader reader(table, "sessions", source);
  reader.ReadDuration("linger", absl::ZeroDuration(), config.linger);
  reader.ReadDuration("part_age", absl::Seconds(1), config.part_age);
  reader.ReadDuration("idle_ttl", absl::Seconds(1), config.idle_ttl);
  reader.ReadDuration("retention", absl::Seconds(1), config.retention);
  reader.ReadDuration("reap_interval", absl::Milliseconds(100), config.reap_interval);
  return reader.Finish();
}

absl::Status ReadLog(const toml::table& table, const std::string& source, ServerConfig& config) {
  TableReader reader(table, "log", source);
  std::string level;
  std::string format;
  reader.Read("level", level);
  reader.Read("format", format);
  if (!level.empty()) {
    const auto parsed = log::ParseLevel(level);
    if (parsed.ok()) {
      config.log_level = *parsed;
    } else {
      reader.Fail(*table.get("level"), "level", "debug, info, warning, error or off");
    }
  }
  if (!format.empty() && format != "text" && format != "json") {
    reader.Fail(*table.get("format"), "format", "text or json");
  }
  config.log_json = format == "json";
  return reader.Finish();
}

// Options are strings to a backend; numbers, booleans and lists of strings may be written as such.
std::optional<std::string> OptionText(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<int64_t>()) return absl::StrCat(*number);
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  const toml::array* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> items;
  for (const toml::node& item : *array) {
    const auto text = item.value_exact<std::string>();
    if (!text.has_value()) return std::nullopt;
    items.push_back(*text);
  }
  return absl::StrJoin(items, ",");
}

absl::Status ReadRemote(const std::string& name, const toml::node& node, const std::string& source,
                        ServerConfig& config) {
  const toml::table no_table;
  const toml::table* table = node.as_table();
  TableReader reader(table != nullptr ? *table : no_table, absl::StrCat("remotes.", name), source);
  RemoteConfig remote;
  const bool good_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
  if (table == nullptr) {
    reader.Fail(node, "", "a table");
    return reader.Finish();
  }
  if (!good_name) {
    reader.Fail(node, "", "a name of letters, digits, - and _");
    return reader.Finish();
  }
  for (const auto& [key, value] : *table) {
    const std::string option(key.str());
    const std::optional<std::string> text = OptionText(value);
    if (!text.has_value()) {
      reader.Fail(value, option, "a string, a number, true, false or a list of strings");
      return reader.Finish();
    }
    (option == "backend" ? remote.backend : remote.options[option]) = *text;
  }
  if (remote.backend.empty()) {
    reader.Fail(node, "backend", "the kind of backend, such as \"oss\" or \"local\"");
    return reader.Finish();
  }
  config.remotes[name] = std::move(remote);
  return absl::OkStatus();
}

absl::StatusOr<ServerConfig> ReadAll(const toml::table& root, const std::string& source) {
  ServerConfig config;
  TableReader reader(root, "", source);
  const toml::table* server = reader.ReadTable("server");
  const toml::table* sessions = reader.ReadTable("sessions");
  const toml::table* store = reader.ReadTable("store");
  const toml::table* log = reader.ReadTable("log");
  const toml::table* remotes = reader.ReadTable("remotes");
  PENSTOCK_RETURN_IF_ERROR(reader.Finish());
  if (server != nullptr) PENSTOCK_RETURN_IF_ERROR(ReadServer(*server, source, config));
  if (sessions != nullptr) PENSTOCK_RETURN_IF_ERROR(ReadSessions(*sessions, source, config));
  if (log != nullptr) PENSTOCK_RETURN_IF_ERROR(ReadLog(*log, source, config));
  if (store != nullptr) {
    TableReader store_reader(*store, "store", source);
    store_reader.Read("path", config.store_path);
    PENSTOCK_RETURN_IF_ERROR(store_reader.Finish());
  }
  if (remotes != nullptr) {
    for (const auto& [name, node] : *remotes) {
      PENSTOCK_RETURN_IF_ERROR(ReadRemote(std::string(name.str()), node, source, config));
    }
  }
  if (config.store_path.empty() || config.remotes.empty()) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, "BAD_CONFIG",
        absl::StrCat(source, ": expected ",
                     config.store_path.empty() ? "`store.path`, the file of the session store"
                                               : "at least one remote, [remotes.NAME]",
                     ", it is missing"));
  }
  if (config.parallel_parts > config.max_parallel_parts) {
    config.parallel_parts = config.max_parallel_parts;
  }
  return config;
}

std::string Quoted(const std::string& text) {
  std::ostringstream out;
  out << toml::default_formatter(toml::value<std::string>(text), toml::format_flags::none);
  return out.str();
}

// A key as TOML has it: bare where that can be.
std::string Key(const std::string& name) {
  constexpr char kBare[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  const bool bare = !name.empty() && name.find_first_not_of(kBare) == std::string::npos;
  return bare ? name : Quoted(name);
}

using NamedDurations = std::initializer_list<std::pair<const char*, absl::Duration>>;

void PrintDurations(NamedDurations durations, std::string& out) {
  for (const auto& [name, duration] : durations) {
    absl::StrAppend(&out, name, " = ", Quoted(absl::FormatDuration(duration)), "\n");
  }
}

const char* LevelName(log::Level level) {
  switch (level) {
    case log::Level::kDebug:
      return "debug";
    case log::Level::kInfo:
      return "info";
    case log::Level::kWarning:
      return "warning";
    case log::Level::kError:
      return "error";
    case log::Level::kOff:
      break;
  }
  return "off";
}

// What the backend does not know is one too: somebody's mistake may be the secret itself.
bool IsSecret(const BackendInfo* info, const std::string& option) {
  if (info == nullptr) return true;
  return std::none_of(info->options.begin(), info->options.end(), [&](const OptionInfo& known) {
    return known.name == option && !known.secret;
  });
}

}  // namespace

absl::StatusOr<ServerConfig> ParseConfig(const std::string& text, const std::string& source) {
  try {
    const toml::table root = toml::parse(text, source);
    return ReadAll(root, source);
  } catch (const toml::parse_error& error) {  // the library's only way to say it
    const toml::source_position where = error.source().begin;
    return MakeError(absl::StatusCode::kInvalidArgument, "BAD_CONFIG",
                     absl::StrCat(source, ":", where.line, ":", where.column, ": ",
                                  std::string(error.description())),
                     {{"line", absl::StrCat(where.line)}, {"column", absl::StrCat(where.column)}});
  }
}

absl::StatusOr<ServerConfig> LoadConfig(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return MakeError(absl::StatusCode::kNotFound, "NO_CONFIG",
                     absl::StrCat("cannot read the configuration file \"", path, "\""),
                     {{"path", path}});
  }
  return ParseConfig(text.str(), path);
}

std::string PrintConfig(const ServerConfig& config, const Registry& registry) {
  std::string out = "[server]\n";
  absl::StrAppend(&out, "listen = [",
                  absl::StrJoin(config.listen, ", ",
                                [](std::string* to, const std::string& address) {
                                  to->append(Quoted(address));
                                }),
                  "]\n");
  absl::StrAppend(&out, "insecure = ", config.insecure ? "true" : "false", "\n");
  absl::StrAppend(&out, "bdp_probe = ", config.bdp_probe ? "true" : "false", "\n");
  absl::StrAppend(&out, "memory_budget = ", Quoted(ExactByteSize(config.memory_budget)), "\n");
  absl::StrAppend(&out, "read_memory = ", Quoted(ExactByteSize(config.read_memory)), "\n");
  absl::StrAppend(&out, "upload_rate = ", Quoted(ExactByteSize(config.upload_rate)), "\n");
  absl::StrAppend(&out, "max_connections = ", config.max_connections, "\n");
  absl::StrAppend(&out, "parallel_parts = ", config.parallel_parts, "\n");
  absl::StrAppend(&out, "max_parallel_parts = ", config.max_parallel_parts, "\n");
  absl::StrAppend(&out, "claims_per_minute = ", config.claims_per_minute, "\n");
  PrintDurations({{"drain_timeout", config.drain_timeout},
                  {"idle_timeout", config.idle_timeout},
                  {"progress_interval", config.progress_interval}},
                 out);
  absl::StrAppend(&out, "\n[sessions]\n");
  PrintDurations({{"linger", config.linger},
                  {"part_age", config.part_age},
                  {"idle_ttl", config.idle_ttl},
                  {"retention", config.retention},
                  {"reap_interval", config.reap_interval}},
                 out);
  absl::StrAppend(&out, "\n[store]\npath = ", Quoted(config.store_path), "\n");
  absl::StrAppend(&out, "\n[log]\nlevel = ", Quoted(LevelName(config.log_level)),
                  "\nformat = ", Quoted(config.log_json ? "json" : "text"), "\n");
  for (const auto& [name, remote] : config.remotes) {
    const BackendInfo* info = registry.Find(remote.backend);
    absl::StrAppend(&out, "\n[remotes.", name, "]\nbackend = ", Quoted(remote.backend), "\n");
    for (const auto& [option, value] : remote.options) {
      absl::StrAppend(&out, Key(option), " = ", Quoted(IsSecret(info, option) ? kMasked : value),
                      "\n");
    }
  }
  return out;
}

}  // namespace penstock
