#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/error.h"

namespace penstock::log {
namespace {

std::atomic<bool> json_lines{false};

// spdlog's own formatter knows no escaping, so a line is made here and passed through as it is.
spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("penstock", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::off);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

std::string Now() {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
}

std::string JsonLine(spdlog::level::level_enum level, const std::string& event,
                     const Fields& fields) {
  nlohmann::ordered_json line;
  line["time"] = Now();
  line["level"] = spdlog::level::to_string_view(level).data();
  line["event"] = event;
  for (const auto& [name, value] : fields) line[name] = value;
  // Keys of objects are the client's: whatever is no UTF-8 is replaced rather than thrown at us.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// Values are escaped, so that a hostile object key cannot forge a line.
std::string TextLine(spdlog::level::level_enum level, const std::string& event,
                     const Fields& fields) {
  std::string line =
      absl::StrCat(Now(), " ", spdlog::level::to_string_view(level).data(), " ", event);
  for (const auto& [name, value] : fields) {
    const std::string escaped = absl::Utf8SafeCEscape(value);
    const bool quote = value.empty() || escaped.find_first_of(" =") != std::string::npos;
    absl::StrAppend(&line, " ", name, "=", quote ? "\"" : "", escaped, quote ? "\"" : "");
  }
  return line;
}

void Write(spdlog::level::level_enum level, const std::string& event, const Fields& fields) {
  if (!Logger().should_log(level)) return;
  const std::string line =
      json_lines.load() ? JsonLine(level, event, fields) : TextLine(level, event, fields);
  Logger().log(level, spdlog::string_view_t(line.data(), line.size()));
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      break;
  }
  return spdlog::level::off;
}

}  // namespace

absl::StatusOr<Level> ParseLevel(const std::string& name) {
  const std::pair<const char*, Level> levels[] = {{"debug", Level::kDebug},
                                                  {"info", Level::kInfo},
                                                  {"warning", Level::kWarning},
                                                  {"error", Level::kError},
                                                  {"off", Level::kOff}};
  for (const auto& [known, level] : levels) {
    if (name == known) return level;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_LOG_LEVEL",
                   absl::StrCat("expected debug, info, warning, error or off, got \"", name, "\""));
}

void Configure(Level least, bool json) {
  json_lines = json;
  Logger().set_level(ToSpdlog(least));
}

void Debug(const std::string& event, const Fields& fields) {
  Write(spdlog::level::debug, event, fields);
}
void Info(const std::string& event, const Fields& fields) {
  Write(spdlog::level::info, event, fields);
}
void Warning(const std::string& event, const Fields& fields) {
  Write(spdlog::level::warn, event, fields);
}
void Error(const std::string& event, const Fields& fields) {
  Write(spdlog::level::err, event, fields);
}

Fields FieldsOf(const absl::Status& status) {
  Fields fields = {{"code", absl::StatusCodeToString(status.code())}};
  if (status.ok()) return fields;
  fields.emplace_back("reason", ErrorReason(status));
  fields.emplace_back("message", std::string(status.message()));
  for (const auto& [name, value] : ErrorMetadataOf(status)) fields.emplace_back(name, value);
  return fields;
}

}  // namespace penstock::log
