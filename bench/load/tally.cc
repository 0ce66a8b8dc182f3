#include "bench/load/tally.h"

#include "absl/strings/str_cat.h"

namespace penstock::bench {

void Tally::Add(const StreamResult& result, bool expected) {
  MutexLock lock(&mutex_);
  bytes_ += result.sent_bytes;
  wrong_ += result.wrong ? 1 : 0;
  if (result.open_seconds.has_value()) open_seconds_.push_back(*result.open_seconds);
  if (result.status.ok()) object_seconds_.push_back(result.seconds);
  if (result.status.ok() || expected) return;
  ++errors_;
  if (!first_error_.empty()) return;
  first_error_ = absl::StrCat(result.status.error_code(), ": ", result.status.error_message());
}

nlohmann::ordered_json Tally::Json() const {
  MutexLock lock(&mutex_);
  nlohmann::ordered_json json = {{"seconds", stopwatch_.seconds()},
                                 {"bytes", bytes_},
                                 {"cpu_seconds", stopwatch_.cpu_seconds()},
                                 {"errors", errors_},
                                 {"wrong_crc", wrong_},
                                 {"open_seconds", Spread(open_seconds_)},
                                 {"object_seconds", Spread(object_seconds_)}};
  if (!first_error_.empty()) json["first_error"] = first_error_;
  return json;
}

}  // namespace penstock::bench
