#ifndef PENSTOCK_TESTS_SIMULATION_SCHEDULE_H_
#define PENSTOCK_TESTS_SIMULATION_SCHEDULE_H_

#include <cstdint>
#include <string>

namespace penstock::simulation {

// What came of one schedule. An empty violation: every invariant held, and every client came to its
// end.
struct Outcome {
  std::string violation;
  int events = 0;
  int opens = 0;
  bool published_by_put = false;  // the short way
  bool published_by_parts = false;
  bool crashed = false;
  bool meddled = false;  // an abort, a lost upload, a foreign object
  bool tail = false;     // one was saved
  bool began_anew = false;
  bool expired = false;
};

// Runs one schedule: three servers over one store and one backend, one to three clients, faults for
// a while, then calm. `seed` decides everything. With `trace`, every step goes to stderr.
//
// Invariants are those of Oracle. And at the end: every client has come to its end, with success
// unless others meddled with its bucket or its session; no server holds a session any more or owes
// an answer.
Outcome RunSchedule(uint64_t seed, bool trace);

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_SCHEDULE_H_
