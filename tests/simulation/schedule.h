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
};

// Runs one schedule: two servers over one store and one backend, one or two clients, faults for a
// while, then calm. `seed` decides everything. With `trace`, every step goes to stderr.
//
// Invariants (reference/session-store.md, section 5), checked on bytes as things happen:
//
//   I1  every acknowledged byte is in a recorded part whose number holds exactly those bytes, or in
//       the object
//   I2  commits form a contiguous prefix; the committed size never decreases, in the store and as
//       the client sees it
//   I3  a part number is sent with one byte string only
//   I4  a published object equals what its session sealed
//   I5  `finished` is told only of an object that was published and equals what that client sent
//   I6  every `finished` of a session tells the same
//
// And at the end: every client has come to its end, with success unless others meddled with its
// bucket or aborted its session; no server holds a session any more or owes an answer.
Outcome RunSchedule(uint64_t seed, bool trace);

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_SCHEDULE_H_
