#ifndef PENSTOCK_TESTS_SIMULATION_LONG_RUNS_H_
#define PENSTOCK_TESTS_SIMULATION_LONG_RUNS_H_

#include <cstdint>
#include <string>

namespace penstock::simulation {

// What came of a long run. Sizes in (scaled) bytes.
struct LongRun {
  std::string violation;
  int64_t size = 0;
  int64_t sent = 0;  // by the client, what it sent twice included
  int opens = 0;
  int32_t last_number = 0;  // the highest part number of the object
  int64_t parts = 0;
  int64_t most_unacked = 0;  // what the client ever had to hold
};

// A pipe of unknown length on a link that drops every minute for a day, each time with another of
// three servers, over a store and a backend that fail now and then.
LongRun RunDay(uint64_t seed);

// 1 TiB of unknown length, default memory budget and part size, and a client that can hold
// `replay_buffer` bytes: every size divided by kScale, which the part plan does not notice.
inline constexpr int64_t kScale = 65'536;
LongRun RunTebibyte(uint64_t seed, int64_t replay_buffer);

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_LONG_RUNS_H_
