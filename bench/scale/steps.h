#ifndef PENSTOCK_BENCH_SCALE_STEPS_H_
#define PENSTOCK_BENCH_SCALE_STEPS_H_

#include <map>
#include <string>
#include <vector>

namespace penstock::bench {

// How long a step took, in seconds, each time.
using Times = std::vector<double>;
using StepTimes = std::map<std::string, Times>;

// Measures each step `repeat` times in a new store with `sessions` sessions, in the empty folder
// `folder`. All steps begin and end at the store's interface; writes are durable when they end.
//   create   a new session is recorded
//   get      one is read
//   open     one is claimed, without any part
//   commit   a part is recorded
//   list     a page of 100 is read; over all pages, up to kPages, and as often as it takes
//   due      the reaper looks, and there is nothing to do
//   reap     a pass of the reaper over the 100 that are due (all, where there are fewer): each
//            expires, its upload is discarded by a backend that costs nothing, and that is noted
//   start    the store is opened, as at the start of the server
StepTimes MeasureSessions(const std::string& folder, int sessions, int repeat);

// The same with one session of `parts` recorded parts among 1,000 of one each.
//   open     it is claimed: all of its rows are read
//   commit   one more part is recorded
StepTimes MeasureParts(const std::string& folder, int parts, int repeat);

// How many pages of a list are read at most.
inline constexpr int kPages = 1000;

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SCALE_STEPS_H_
