#ifndef PENSTOCK_SERVER_STORE_LOG_CHECK_H_
#define PENSTOCK_SERVER_STORE_LOG_CHECK_H_

#include <string>

#include "absl/status/status.h"

namespace penstock {

// Looks whether the write-ahead log at `path` lost what had been acknowledged.
//
// SQLite takes a log up to its first bad frame, and says nothing of what follows: right after a
// crash, when the last transaction was being written; wrong when a disk lost a frame that had been
// synchronized, because then every later transaction is dropped too, and part numbers that were
// reserved in them would be given again. The two can be told apart: each transaction is
// synchronized before the next one is begun. A bad frame behind which a transaction ends and
// another begins was on the disk once.
//
// DATA_LOSS / STORE_CORRUPT when that is so. OK for a sound log, for none, and for one whose last
// transaction alone is bad: nobody can tell whether it was ever complete. UNAVAILABLE when it
// cannot be read.
absl::Status CheckLog(const std::string& path);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_LOG_CHECK_H_
