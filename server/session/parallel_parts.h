#ifndef PENSTOCK_SERVER_SESSION_PARALLEL_PARTS_H_
#define PENSTOCK_SERVER_SESSION_PARALLEL_PARTS_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"

namespace penstock {

// How many parts of one session may be under way at a time. Where the client asked for a number,
// that one. Else it begins with `first` and
//
//   grows by one    for each part that was stored while no place was free, if that took no longer
//                   than twice the best that parts of this session have taken (per byte): one more
//                   hides distance, but a line or a disk that is full only makes parts slower
//   falls to half   when the backend was slowed or throttled, but not below `first`
//   falls to first  when memory is short
//
// and after a fall it stays for kRest. Pure: events and time come in. Not synchronized.
class ParallelParts {
 public:
  static constexpr absl::Duration kRest = absl::Seconds(10);

  ParallelParts() = default;  // none
  static ParallelParts Fixed(int32_t count) { return {count, count}; }
  // REQUIRES: 1 <= first <= most.
  static ParallelParts Adaptive(int32_t first, int32_t most) { return {first, most}; }

  int32_t count() const { return count_; }

  // More than it began with: there is something to give back when memory is short.
  bool grown() const { return count_ > first_; }

  struct Stored {
    int64_t size = 0;  // of the part, in bytes
    absl::Duration took;
    bool no_place_free = false;  // more would have been sent
    bool slowed = false;         // the backend was slowed or throttled meanwhile
  };
  void OnStored(const Stored& part, absl::Time now);
  void OnMemoryShort(absl::Time now);

 private:
  ParallelParts(int32_t first, int32_t most) : first_(first), most_(most), count_(first) {}

  void FallTo(int32_t count, absl::Time now);

  int32_t first_ = 0;
  int32_t most_ = 0;
  int32_t count_ = 0;
  std::optional<double> best_;  // seconds per byte
  absl::Time rest_until_ = absl::InfinitePast();
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_PARALLEL_PARTS_H_
