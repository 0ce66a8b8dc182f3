#ifndef PENSTOCK_BENCH_LOAD_MODES_H_
#define PENSTOCK_BENCH_LOAD_MODES_H_

#include "bench/load/load_options.h"
#include "bench/support/content.h"
#include "nlohmann/json.hpp"

namespace penstock::bench {

// Each runs to its end and answers what is to be printed. `content` must live as long as the
// program.

// Puts objects, `streams` at a time.
nlohmann::ordered_json RunPut(const LoadOptions& options, const Content& content);

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_LOAD_MODES_H_
