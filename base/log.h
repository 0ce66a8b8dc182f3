#ifndef PENSTOCK_BASE_LOG_H_
#define PENSTOCK_BASE_LOG_H_

// The log of a program: one line an event, as text or JSON, to stderr.
//
//   log::Info("object finished", {{"session_id", id}, {"size", absl::StrCat(size)}});
//
// Never pass a session token, a key of an account or payload. Thread-safe.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace penstock::log {

using Fields = std::vector<std::pair<std::string, std::string>>;

enum class Level { kDebug, kInfo, kWarning, kError, kOff };

// "debug", "info", "warning", "error" or "off"; INVALID_ARGUMENT / BAD_LOG_LEVEL otherwise.
absl::StatusOr<Level> ParseLevel(const std::string& name);

// What is logged and how. Until it is called nothing is, so that libraries and tests are silent.
void Configure(Level least, bool json);

void Debug(const std::string& event, const Fields& fields = {});
void Info(const std::string& event, const Fields& fields = {});
void Warning(const std::string& event, const Fields& fields = {});
void Error(const std::string& event, const Fields& fields = {});

// Code, reason and message of an error, and its metadata, as fields.
Fields FieldsOf(const absl::Status& status);

}  // namespace penstock::log

#endif  // PENSTOCK_BASE_LOG_H_
