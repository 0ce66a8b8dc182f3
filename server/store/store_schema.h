#ifndef PENSTOCK_SERVER_STORE_STORE_SCHEMA_H_
#define PENSTOCK_SERVER_STORE_STORE_SCHEMA_H_

#include <cstdint>

#include "absl/status/status.h"
#include "server/store/sqlite.h"

namespace penstock {

// The version of the tables of a SQLite store that this server reads and writes.
inline constexpr int64_t kSchemaVersion = 3;

// Brings the tables from version `from` (0: there are none) to kSchemaVersion and marks the file as
// a store of Penstock, all in one transaction; without effect on what has this version already.
// REQUIRES: 0 <= from <= kSchemaVersion.
absl::Status UpgradeSchema(SqliteDatabase& database, int64_t from);

// What `PRAGMA application_id` is in our files.
inline constexpr int64_t kApplicationId = 0x504e5354;  // "PNST"

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_STORE_SCHEMA_H_
