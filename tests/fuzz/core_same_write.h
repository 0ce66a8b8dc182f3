#ifndef PENSTOCK_TESTS_FUZZ_CORE_SAME_WRITE_H_
#define PENSTOCK_TESTS_FUZZ_CORE_SAME_WRITE_H_

// Whether a write is repeated with equal arguments. Only what an owner writes.

#include <tuple>
#include <variant>

#include "server/store/session_write.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock::fuzz {

inline auto Fields(const LedgerPosition& it) {
  return std::tuple(it.fence.epoch, it.fence.nonce, it.next_sequence, it.committed_size);
}
inline auto Fields(const CreateSession& it) { return std::tuple(it.record); }
inline auto Fields(const ClaimSession& it) {
  return std::tuple(it.nonce, it.reserve, it.keep, it.expect_epoch, it.expect_spec,
                    it.any_spec_if_ended, it.now, it.claims_per_minute);
}
inline auto Fields(const SetUpload& it) {
  return std::tuple(Fields(it.position), it.upload_id, it.now);
}
inline auto Fields(const CommitParts& it) {
  return std::tuple(Fields(it.position), it.rows, it.reserve_to, it.now);
}
inline auto Fields(const SaveTail& it) {
  return std::tuple(Fields(it.position), it.offset, it.bytes, it.crc64, it.now);
}
inline auto Fields(const TouchSession& it) { return std::tuple(Fields(it.position), it.now); }
inline auto Fields(const SealSession& it) {
  return std::tuple(Fields(it.position), it.seal, it.now);
}
inline auto Fields(const RenewPut& it) {
  return std::tuple(Fields(it.position), it.put_valid_until, it.now);
}
inline auto Fields(const FinishSession& it) {
  return std::tuple(Fields(it.position), it.result, it.put_settled, it.now);
}
inline auto Fields(const FailSession& it) {
  return std::tuple(Fields(it.position), it.reason, it.message, it.now);
}
inline auto Fields(const StartOver& it) {
  return std::tuple(it.seen.epoch, it.seen.nonce, it.seen_state, it.record, it.now);
}

inline bool SameWrite(const SessionWrite& one, const SessionWrite& other) {
  if (one.index() != other.index()) return false;
  return std::visit(
      [&other](const auto& known) {
        using Write = std::decay_t<decltype(known)>;
        if constexpr (requires { Fields(known); }) {
          return Fields(known) == Fields(std::get<Write>(other));
        } else {
          return false;  // not an owner's
        }
      },
      one);
}

}  // namespace penstock::fuzz

#endif  // PENSTOCK_TESTS_FUZZ_CORE_SAME_WRITE_H_
