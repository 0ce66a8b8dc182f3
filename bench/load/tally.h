#ifndef PENSTOCK_BENCH_LOAD_TALLY_H_
#define PENSTOCK_BENCH_LOAD_TALLY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "bench/load/load_stream.h"
#include "bench/support/report.h"

namespace penstock::bench {

// Adds up how streams went, and how long that took. Thread-safe.
class Tally {
 public:
  // A stream ended. `expected`: its status is no error, whatever it is (it was broken off).
  void Add(const StreamResult& result, bool expected = false);

  // {seconds, bytes, cpu_seconds, errors, wrong_crc, open_seconds, object_seconds[, first_error]}
  // since it was made.
  nlohmann::ordered_json Json() const;

 private:
  const Stopwatch stopwatch_;

  mutable Mutex mutex_;  // guards what follows
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t errors_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t wrong_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string first_error_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> open_seconds_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> object_seconds_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_LOAD_TALLY_H_
