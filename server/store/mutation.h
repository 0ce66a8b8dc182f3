#ifndef PENSTOCK_SERVER_STORE_MUTATION_H_
#define PENSTOCK_SERVER_STORE_MUTATION_H_

// Tests of the tests: each rule of the session core can be switched off, in a build that exists for
// nothing else (PENSTOCK_MUTATIONS), and the simulation must notice. In every other build Mutated
// is a constant false, and what it guards is gone.

#include <string_view>
#include <utility>

namespace penstock {

enum class Mutation {
  kNone,
  kNoFence,                   // writes do not compare the owner
  kNumbersReused,             // a claim starts behind the last recorded part, not past the reserved
  kReservationNotOwn,         // an owner sends numbers beyond its own copy of the reservation
  kAckBeforeCommit,           // stored bytes are told as committed
  kOpenedWithoutRoundTrip,    // a session is reopened in its process without asking the store
  kNoLateWriteGuard,          // only the owner is compared, not the end of the ledger
  kNoSeal,                    // a list is published without having been recorded
  kCompleteFromListing,       // the backend's listing is published, not the ledger
  kAdoption,                  // stored parts that no row records are taken for the next bytes
  kNoSuchUploadIsSuccess,     // an upload that is gone is taken for published
  kExistsIsOurs,              // any object in our place is taken for ours
  kTailDroppedBeforeItsPart,  // the tail is removed when its part is sent, not with its commit
  kPromiseAtResumeOffset,     // what is only in memory is told as committed
  kPutWithoutSeal,            // a small object is put before the session is recorded
  kLifeNotInFence,            // a new life begins at epoch 1, and only epochs are compared
  kStartOverUnchecked,        // a new life begins whatever happened since the old one was seen
  kStartOverDoesNotWait,      // a new life does not wait for puts of the old one
  kPutWithoutRenewal,         // a sealed put is repeated without asking the store
  kNewestByArrival,           // of two owners the one whose claim is answered last supersedes
  kTailNotLoaded,             // a claim goes on behind the tail without its bytes
};

inline constexpr std::pair<Mutation, std::string_view> kMutations[] = {
    {Mutation::kNoFence, "no-fence"},
    {Mutation::kNumbersReused, "numbers-reused"},
    {Mutation::kReservationNotOwn, "shared-reservation-bound"},
    {Mutation::kAckBeforeCommit, "ack-before-commit"},
    {Mutation::kOpenedWithoutRoundTrip, "opened-without-round-trip"},
    {Mutation::kNoLateWriteGuard, "no-late-write-guard"},
    {Mutation::kNoSeal, "no-seal"},
    {Mutation::kCompleteFromListing, "complete-from-listing"},
    {Mutation::kAdoption, "adoption"},
    {Mutation::kNoSuchUploadIsSuccess, "no-such-upload-is-success"},
    {Mutation::kExistsIsOurs, "exists-is-ours"},
    {Mutation::kTailDroppedBeforeItsPart, "tail-dropped-before-its-part"},
    {Mutation::kPromiseAtResumeOffset, "promise-at-resume-offset"},
    {Mutation::kPutWithoutSeal, "put-without-seal"},
    {Mutation::kLifeNotInFence, "life-not-in-fence"},
    {Mutation::kStartOverUnchecked, "start-over-unchecked"},
    {Mutation::kStartOverDoesNotWait, "start-over-does-not-wait"},
    {Mutation::kPutWithoutRenewal, "put-without-renewal"},
    {Mutation::kNewestByArrival, "newest-by-arrival"},
    {Mutation::kTailNotLoaded, "tail-not-loaded"},
};

#ifdef PENSTOCK_MUTATIONS
inline Mutation active_mutation = Mutation::kNone;
inline bool Mutated(Mutation mutation) { return active_mutation == mutation; }
#else
constexpr bool Mutated(Mutation) { return false; }
#endif

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_MUTATION_H_
