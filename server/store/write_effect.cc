// The answers that writes have in common.

#include <utility>

#include "server/store/apply_write.h"
#include "server/store/session_times.h"

namespace penstock::store_internal {

WriteEffect Refuse(StoreCode code, std::string message, std::optional<SessionRecord> record) {
  WriteEffect effect;
  effect.answer.code = code;
  effect.answer.message = std::move(message);
  effect.answer.record = std::move(record);
  return effect;
}

WriteEffect WrongState(const SessionRecord& record, const char* expected) {
  return Refuse(StoreCode::kWrongState,
                std::string("expected a session that is ") + expected + ", its state is " +
                    std::to_string(static_cast<int>(record.state)),
                record);
}

WriteEffect Fenced(const SessionRecord& record) {
  return Refuse(StoreCode::kFenced,
                "the session's epoch is " + std::to_string(record.fence.epoch) +
                    " and its committed size " + std::to_string(record.committed_size) +
                    ": not what the writer saw last",
                record);
}

WriteEffect Unchanged(const SessionRecord& record) {
  WriteEffect effect;
  effect.answer.code = StoreCode::kOk;
  effect.answer.record = record;
  return effect;
}

WriteEffect Changed(const SessionRecord* before, SessionRecord next, absl::Time now) {
  SetTimes(before, now, next);
  WriteEffect effect = Unchanged(next);
  effect.changed = true;
  return effect;
}

SessionRecord Begun(const SessionRecord& given) {
  SessionRecord record = given;
  SetTimes(nullptr, given.update_time, record);
  return record;
}

}  // namespace penstock::store_internal
