#ifndef PENSTOCK_TESTS_FUZZ_CORE_STRANGER_H_
#define PENSTOCK_TESTS_FUZZ_CORE_STRANGER_H_

#include "tests/fuzz/core_choices.h"
#include "tests/fuzz/core_shared.h"

namespace penstock::fuzz {

// Other servers: owners that behave, whoever aborts sessions, and a reaper. What they write is done
// at once.
class CoreStranger {
 public:
  explicit CoreStranger(Shared& shared) : shared_(shared) {}

  void Step(Choices& choices);

 private:
  void Claim();
  void Work(int what);
  void Commit(const LedgerPosition& position);
  void Save(const LedgerPosition& position);
  void Reap();

  Shared& shared_;
  Fence fence_;  // of the last claim
  int32_t next_number_ = 0;
  int32_t reserved_to_ = 0;
};

}  // namespace penstock::fuzz

#endif  // PENSTOCK_TESTS_FUZZ_CORE_STRANGER_H_
