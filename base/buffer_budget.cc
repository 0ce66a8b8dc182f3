#include "base/buffer_budget.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace penstock {

using Borrower = BufferBudget::Borrower;
using Callback = BufferBudget::Callback;
using Need = BufferBudget::Need;

class BudgetState : public std::enable_shared_from_this<BudgetState> {
 public:
  BudgetState(int64_t total, int64_t slab_size)
      : slab_size_(slab_size), reserve_(Footprint(total / 8)), total_(total) {}

  int64_t Footprint(int64_t size) const {
    return (size + slab_size_ - 1) / slab_size_ * slab_size_;
  }
  int64_t reserve() const { return reserve_; }

  std::optional<MemoryLease> Admit(int64_t bytes);
  // `done` null: does not wait.
  std::optional<MemoryLease> Ask(Borrower borrower, int64_t bytes, Need need, Callback done);
  void Forget(Borrower borrower);
  void Close();
  void GiveBack(const MemoryLease::Shares& shares);
  BufferBudget::Stats GetStats() const;

  void set_on_pressure(absl::AnyInvocable<void()> callback) { on_pressure_ = std::move(callback); }

 private:
  using Shares = MemoryLease::Shares;

  struct Request {
    Borrower borrower;
    int64_t bytes;
    Need need;
    Callback done;
  };
  using Queue = std::deque<Request>;

  // An answer to give once the lock is free.
  struct Grant {
    Callback done;
    MemoryLease lease;
  };

  bool HasReserve(Borrower borrower) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return used_reserve_ > 0 && borrower == reserve_borrower_;
  }
  Queue::iterator FirstOf(Borrower borrower) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::find_if(waiting_.begin(), waiting_.end(),
                        [&](const Request& request) { return request.borrower == borrower; });
  }
  std::optional<Shares> Take(Borrower borrower, int64_t bytes, Need need, bool is_first)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool GrantOne(const Queue::iterator& request, std::vector<Grant>& grants)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Grant> GrantAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  MemoryLease Lease(const Shares& shares);
  static void Answer(std::vector<Grant> grants);
  void TellPressure() {
    if (on_pressure_) on_pressure_();
  }

  const int64_t slab_size_;
  const int64_t reserve_;
  const int64_t total_;
  absl::AnyInvocable<void()> on_pressure_;  // constant after the first request

  mutable Mutex mutex_;  // guards what follows
  int64_t used_general_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t used_reserve_ ABSL_GUARDED_BY(mutex_) = 0;  // above 0: lent to reserve_borrower_
  int64_t admitted_ ABSL_GUARDED_BY(mutex_) = 0;
  Borrower reserve_borrower_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Queue waiting_ ABSL_GUARDED_BY(mutex_);
};

MemoryLease BudgetState::Lease(const Shares& shares) {
  MemoryLease lease;
  lease.state_ = shared_from_this();
  lease.shares_ = shares;
  return lease;
}

// What `borrower` gets now, nullopt if it has to wait. `is_first`: nobody waits longer.
std::optional<MemoryLease::Shares> BudgetState::Take(Borrower borrower, int64_t bytes, Need need,
                                                     bool is_first) {
  // Also past the queue: those in it wait for the part that this borrower fills from the reserve.
  // A new part must not go past them, or a busy borrower would never give the reserve back.
  const bool lent = HasReserve(borrower) && (is_first || need == Need::kMore);
  if (lent && bytes <= reserve_ - used_reserve_) {
    used_reserve_ += bytes;
    return Shares{.reserve = bytes};
  }
  if (!is_first) return std::nullopt;
  if (bytes <= total_ - reserve_ - used_general_) {
    used_general_ += bytes;
    return Shares{.general = bytes};
  }
  if (used_reserve_ > 0) return std::nullopt;
  reserve_borrower_ = borrower;
  used_reserve_ = bytes;
  return Shares{.reserve = bytes};
}

std::optional<MemoryLease> BudgetState::Ask(Borrower borrower, int64_t bytes, Need need,
                                            Callback done) {
  bytes = std::min(bytes, reserve_);
  if (bytes <= 0) return MemoryLease();
  {
    MutexLock lock(&mutex_);
    // Only the reserve may be taken past the queue, and not past an own request that waits for it.
    const bool may_take =
        waiting_.empty() || (HasReserve(borrower) && FirstOf(borrower) == waiting_.end());
    if (may_take) {
      const std::optional<Shares> shares = Take(borrower, bytes, need, waiting_.empty());
      if (shares.has_value()) return Lease(*shares);
    }
    if (!done) return std::nullopt;
    waiting_.push_back({borrower, bytes, need, std::move(done)});
  }
  TellPressure();
  return std::nullopt;
}

std::optional<MemoryLease> BudgetState::Admit(int64_t bytes) {
  {
    MutexLock lock(&mutex_);
    if (bytes > total_ / 2 - admitted_) return std::nullopt;
    if (bytes <= total_ - reserve_ - used_general_) {
      used_general_ += bytes;
      admitted_ += bytes;
      return Lease({.general = bytes, .admitted = bytes});
    }
  }
  TellPressure();
  return std::nullopt;
}

bool BudgetState::GrantOne(const Queue::iterator& request, std::vector<Grant>& grants) {
  if (request == waiting_.end()) return false;
  const std::optional<Shares> shares =
      Take(request->borrower, request->bytes, request->need, request == waiting_.begin());
  if (!shares.has_value()) return false;
  grants.push_back({std::move(request->done), Lease(*shares)});
  waiting_.erase(request);
  return true;
}

// Takes out of the queue whoever can go on.
std::vector<BudgetState::Grant> BudgetState::GrantAll() {
  std::vector<Grant> grants;
  while ((used_reserve_ > 0 && GrantOne(FirstOf(reserve_borrower_), grants)) ||
         GrantOne(waiting_.begin(), grants)) {
  }
  return grants;
}

void BudgetState::Answer(std::vector<Grant> grants) {
  for (Grant& grant : grants) std::move(grant.done)(std::move(grant.lease));
}

void BudgetState::GiveBack(const Shares& shares) {
  std::vector<Grant> grants;
  {
    MutexLock lock(&mutex_);
    used_general_ -= shares.general;
    used_reserve_ -= shares.reserve;
    admitted_ -= shares.admitted;
    grants = GrantAll();
  }
  Answer(std::move(grants));
}

void BudgetState::Forget(Borrower borrower) {
  Queue dropped;  // destroyed without the lock: callbacks may hold leases
  std::vector<Grant> grants;
  {
    MutexLock lock(&mutex_);
    const auto gone =
        std::stable_partition(waiting_.begin(), waiting_.end(),
                              [&](const Request& request) { return request.borrower != borrower; });
    std::move(gone, waiting_.end(), std::back_inserter(dropped));
    waiting_.erase(gone, waiting_.end());
    grants = GrantAll();  // the next in the queue may ask for less
  }
  Answer(std::move(grants));
}

void BudgetState::Close() {
  Queue dropped;  // outlives the lock, like Forget's
  MutexLock lock(&mutex_);
  dropped.swap(waiting_);
}

BufferBudget::Stats BudgetState::GetStats() const {
  MutexLock lock(&mutex_);
  return {.total = total_,
          .used = used_general_ + used_reserve_,
          .admitted = admitted_,
          .waiting = static_cast<int64_t>(waiting_.size()),
          .reserve_lent = used_reserve_ > 0};
}

MemoryLease::MemoryLease(MemoryLease&& other) noexcept
    : state_(std::move(other.state_)), shares_(std::exchange(other.shares_, {})) {}

MemoryLease& MemoryLease::operator=(MemoryLease&& other) noexcept {
  MemoryLease old(std::move(*this));
  state_ = std::move(other.state_);
  shares_ = std::exchange(other.shares_, {});
  return *this;
}

MemoryLease::~MemoryLease() {
  if (state_ != nullptr) state_->GiveBack(shares_);
}

void MemoryLease::Merge(MemoryLease other) {
  if (state_ == nullptr) state_ = other.state_;
  shares_.general += other.shares_.general;
  shares_.reserve += other.shares_.reserve;
  shares_.admitted += other.shares_.admitted;
  other.shares_ = {};
  other.state_ = nullptr;
}

BufferBudget::BufferBudget(int64_t total, int64_t slab_size)
    : state_(std::make_shared<BudgetState>(total, slab_size)) {}

BufferBudget::~BufferBudget() { state_->Close(); }

int64_t BufferBudget::Footprint(int64_t size) const { return state_->Footprint(size); }

int64_t BufferBudget::largest_part() const { return state_->reserve(); }

std::optional<MemoryLease> BufferBudget::TryAdmit(int64_t bytes) { return state_->Admit(bytes); }

std::optional<MemoryLease> BufferBudget::TryTake(Borrower borrower, int64_t bytes, Need need) {
  return state_->Ask(borrower, bytes, need, nullptr);
}

std::optional<MemoryLease> BufferBudget::Ask(Borrower borrower, int64_t bytes, Callback done,
                                             Need need) {
  return state_->Ask(borrower, bytes, need, std::move(done));
}

void BufferBudget::Forget(Borrower borrower) { state_->Forget(borrower); }

void BufferBudget::set_on_pressure(absl::AnyInvocable<void()> callback) {
  state_->set_on_pressure(std::move(callback));
}

BufferBudget::Stats BufferBudget::stats() const { return state_->GetStats(); }

}  // namespace penstock
