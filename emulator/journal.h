#ifndef PENSTOCK_EMULATOR_JOURNAL_H_
#define PENSTOCK_EMULATOR_JOURNAL_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace penstock::emulator {

// One request and what it did. Holds no secret: no header and no query but these.
struct JournalEntry {
  int64_t seq = 0;  // 1, 2, 3 ...; given by Journal::Append
  absl::Time time;
  std::string method;
  std::string operation;
  std::string bucket;
  std::string key;
  std::string upload_id;
  int part_number = 0;  // 0: none
  int status = 0;       // of the reply, whether it was sent or not; 0: none was made
  std::string code;     // of the error; empty on success
  std::string request_id;
  int64_t bytes = 0;   // of the request's body that were read
  uint64_t crc64 = 0;  // CRC-64/XZ of these bytes
  std::string effect;  // "none", or what changed
  std::string fault;   // kind of the fault that fired; empty without
};

void to_json(nlohmann::json& json, const JournalEntry& entry);

// Every request, in the order in which their outcome was decided: an entry is there before its
// reply is sent. Keeps the last 200,000. Thread-safe.
class Journal {
 public:
  void Append(JournalEntry entry);

  // The entries with seq > since.
  std::vector<JournalEntry> Since(int64_t since) const;

  // Waits until `count` entries with seq > since have this operation ("" or "*": any), or until
  // the timeout or Stop; returns those there are then.
  std::vector<JournalEntry> Wait(int64_t since, const std::string& operation, size_t count,
                                 absl::Duration timeout) const;
  // The seq of the last entry; 0 without one.
  int64_t Last() const;
  // Ends every Wait.
  void Stop();

 private:
  std::vector<JournalEntry> Matching(int64_t since, const std::string& operation) const;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<JournalEntry> entries_;  // guarded by mutex_
  int64_t last_ = 0;                  // guarded by mutex_
  bool stopped_ = false;              // guarded by mutex_
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_JOURNAL_H_
