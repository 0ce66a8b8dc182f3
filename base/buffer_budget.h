#ifndef PENSTOCK_BASE_BUFFER_BUDGET_H_
#define PENSTOCK_BASE_BUFFER_BUDGET_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"

namespace penstock {

class BudgetState;

// Bytes of a budget that somebody holds; gives them back when destroyed, also when the budget
// itself is gone. Giving back may run the callbacks of those who waited: destroy it without a lock
// held. Not synchronized.
class MemoryLease {
 public:
  MemoryLease() = default;  // holds nothing
  MemoryLease(MemoryLease&& other) noexcept;
  MemoryLease& operator=(MemoryLease&& other) noexcept;
  ~MemoryLease();

  int64_t bytes() const { return shares_.general + shares_.reserve; }
  bool from_reserve() const { return shares_.reserve > 0; }

  // Holds what `other` held, too. REQUIRES: `other` is of the same budget, or one of both is empty.
  void Merge(MemoryLease other);

 private:
  friend class BudgetState;
  struct Shares {
    int64_t general = 0;
    int64_t reserve = 0;
    int64_t admitted = 0;  // of `general`, for what gRPC holds
  };

  std::shared_ptr<BudgetState> state_;  // null: empty
  Shares shares_;
};

// The memory that object bytes may take, from arrival to commit (rule 9 of the design).
// Thread-safe.
//
// Who gets no memory waits in one queue, first come, first served. An eighth of the total is a
// reserve. It is lent to whoever is first in the queue when the rest has no room, to one borrower
// at a time, until every byte of it is back: with it the borrower can always complete one part,
// commit it, and give the memory back. So every wait ends, provided that
//   - no part takes more than the reserve, and each borrower fills one part at a time;
//   - what a part holds is given back some time after its last request was granted;
//   - a borrower says which of its requests begin a part.
class BufferBudget {
 public:
  // What gRPC may hold of a stream whose reader is stopped, with its flow control windows.
  static constexpr int64_t kStreamBytes = 1536 * 1024;

  // Who asks: the address of a session's driver, never looked at.
  using Borrower = const void*;

  enum class Need {
    kMore,     // for a part that holds memory already
    kNewPart,  // nothing is lost by waiting: is not served from a lent reserve while others wait
  };

  // Gets the lease of a request that had to wait: once, on the thread that gave memory back,
  // without a lock of the budget held. Must not block.
  using Callback = absl::AnyInvocable<void(MemoryLease) &&>;

  // `total` bytes in all, at least eight slabs; the reserve is an eighth, rounded up to a slab.
  BufferBudget(int64_t total, int64_t slab_size);
  // Drops those who wait.
  ~BufferBudget();
  BufferBudget(const BufferBudget&) = delete;
  BufferBudget& operator=(const BufferBudget&) = delete;

  // Bytes of the slabs that `size` bytes of payload occupy: what to ask for.
  int64_t Footprint(int64_t size) const;

  // The reserve: the largest footprint of a part.
  int64_t largest_part() const;

  // Counts a stream for `bytes`. nullopt if streams would count for more than half of the total, or
  // if there is no room outside the reserve; the latter is pressure. Does not queue, and so may
  // take room that others wait for: their waits end by the reserve all the same.
  std::optional<MemoryLease> TryAdmit(int64_t bytes);

  // `bytes` (above largest_part(), a mistake of the caller, cut down to it) at once, or nullopt.
  std::optional<MemoryLease> TryTake(Borrower borrower, int64_t bytes, Need need = Need::kMore);

  // The same, but if it is not granted at once, `done` gets the lease later; possibly before this
  // call has returned its nullopt, on another thread.
  std::optional<MemoryLease> Ask(Borrower borrower, int64_t bytes, Callback done,
                                 Need need = Need::kMore);

  // The borrower is gone: drops its waiting requests. One that was just granted on another thread
  // may still be answered after this call. Its leases are not touched.
  void Forget(Borrower borrower);

  // `callback` is called, without a lock held and on any thread, whenever somebody begins to wait
  // or a stream finds no room: the owner may give up what it holds without need. It must not block;
  // let it post. Set before the first request.
  void set_on_pressure(absl::AnyInvocable<void()> callback);

  struct Stats {
    int64_t total = 0;
    int64_t used = 0;      // of total: everything that is held
    int64_t admitted = 0;  // of used: counted for streams
    int64_t waiting = 0;   // requests
    bool reserve_lent = false;
  };
  Stats stats() const;

 private:
  const std::shared_ptr<BudgetState> state_;  // shared with the leases
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_BUFFER_BUDGET_H_
