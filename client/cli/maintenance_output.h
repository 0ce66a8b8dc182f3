#ifndef PENSTOCK_CLIENT_CLI_MAINTENANCE_OUTPUT_H_
#define PENSTOCK_CLIENT_CLI_MAINTENANCE_OUTPUT_H_

// What penstock gc and penstock doctor print, for people and for programs.

#include <nlohmann/json.hpp>
#include <string>

#include "penstock/v1/maintenance.pb.h"

namespace penstock::cli {

// The events `upload`, `summary` and `check` of --json.
nlohmann::json ToJson(const std::string& remote, const v1::OrphanedUpload& upload);
nlohmann::json ToJson(const std::string& remote, const v1::GarbageSummary& summary, bool dry_run);
nlohmann::json ToJson(const std::string& remote, const v1::DiagnosticCheck& check);

// One line: what was done, when it was initiated, parts, size, upload id, name; and one more for
// each thing that failed. Each ended.
std::string DescribeOrphan(const std::string& remote, const v1::OrphanedUpload& upload);

// One line, ended.
std::string DescribeSummary(const v1::GarbageSummary& summary, bool dry_run);

// One line, ended, and one more with the remedy where there is one.
std::string DescribeCheck(const v1::DiagnosticCheck& check);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_MAINTENANCE_OUTPUT_H_
