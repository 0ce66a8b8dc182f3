#ifndef PENSTOCK_BENCH_LOAD_MODES_H_
#define PENSTOCK_BENCH_LOAD_MODES_H_

#include <functional>
#include <istream>

#include "bench/load/load_options.h"
#include "bench/support/content.h"
#include "nlohmann/json.hpp"

namespace penstock::bench {

// Each runs to its end and answers what is to be printed. `content` must live as long as the
// program.

// Mode put: puts objects, `streams` at a time.
nlohmann::ordered_json RunPut(const LoadOptions& options, const Content& content);

// What the streams do that are held open.
enum class HeldStreams {
  kIdle,  // nothing
  kSlow,  // each has sent 1 KiB
  kPush,  // each sends as fast as flow control lets
};

// Modes idle, slow and push: opens `streams` streams, calls `on_open` with the number of those that
// the server took, waits for the end of `release`, and breaks them off. An error is a stream that
// ended before that.
nlohmann::ordered_json RunHeld(const LoadOptions& options, const Content& content,
                               HeldStreams streams, const std::function<void(int)>& on_open,
                               std::istream& release);

// Mode resume: makes a session of `parts` recorded parts, each of the smallest size, and breaks the
// connection (phase make); connects anew, resumes, sends one byte with a flush, and tells in
// `resume_seconds` how long it took until that byte was committed (phase back, which takes the
// token and the number of parts of the other). Without a phase both, one after the other.
nlohmann::ordered_json RunResume(const LoadOptions& options, const Content& content);

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_LOAD_MODES_H_
