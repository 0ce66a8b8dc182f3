#ifndef PENSTOCK_BENCH_DIRECT_DIRECT_LOAD_H_
#define PENSTOCK_BENCH_DIRECT_DIRECT_LOAD_H_

#include <cstdint>
#include <string>

#include "bench/support/content.h"
#include "nlohmann/json.hpp"

namespace penstock::bench {

struct DirectOptions {
  std::string url;        // http://HOST:PORT/BUCKET
  int64_t bytes = 0;      // of each object
  int objects = 1;        // in all
  int parallel = 1;       // requests at a time
  int64_t part_size = 0;  // an object is put in requests of so many bytes; 0: in one
  int64_t upload_buffer = int64_t{2} << 20;  // libcurl's
};

// Puts objects with plain PUTs through libcurl, as a client would that has the store's keys: over
// connections that are used again, without Expect. The parts of an object are put under names of
// their own: what a multipart upload costs besides is left out, in favour of what is compared with.
// Answers {seconds, bytes, cpu_seconds, errors, wrong_crc, objects[, first_error]}.
nlohmann::ordered_json RunDirect(const DirectOptions& options, const Content& content);

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_DIRECT_DIRECT_LOAD_H_
