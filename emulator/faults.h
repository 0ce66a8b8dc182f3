#ifndef PENSTOCK_EMULATOR_FAULTS_H_
#define PENSTOCK_EMULATOR_FAULTS_H_

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace penstock::emulator {

enum class FaultKind {
  kDropReplyAfterEffect,  // the effect happens, the connection is closed without a reply
  kResetBeforeEffect,     // the connection is reset after the body, nothing happens
  kResetMidBody,          // the connection is reset after half of the body, nothing happens
  kError,                 // an error of the given status and code, nothing happens
  kDelay,                 // the request waits for delay_ms before it is carried out
  kWrongCrc,              // the effect happens, the reply names another CRC-64
  kWrongEtag,             // the effect happens, the reply names another ETag
  kTruncatedXml,          // the effect happens, status 200, half of the XML
  kQosDelay,              // delayed by delay_ms, and the reply says so (x-oss-qos-delay-time)
  kSkew,                  // the server's clock is delay_ms ahead for this request (if 0:
                          // RequestTimeTooSkewed with the right time)
  kLoseUpload,            // the upload that the request names is removed first
  kHold,                  // the effect happens, the reply waits until the faults are cleared
  kSlowDrip,              // the reply goes out in pieces of piece_bytes, delay_ms apart
  kSlowRead,              // the body is read in such pieces
  kLate,                  // the body is received, the effect waits until the faults are cleared
};

struct Fault {
  int64_t id = 0;
  FaultKind kind = FaultKind::kError;
  std::string operation = "*";         // or the name of one
  std::optional<std::string> key;      // only requests for this key
  std::optional<int> part_number;      // only requests for this part number
  int status = 500;                    // of kError
  std::string code = "InternalError";  // of kError
  bool xml = true;                     // of kError: whether there is a body
  int64_t delay_ms = 0;                // negative only for kSkew
  int64_t piece_bytes = 64;            // of kSlowDrip and kSlowRead
  int skip = 0;                        // so many matching requests pass first
  int count = 1;                       // so often it fires
  int fired = 0;
};

void to_json(nlohmann::json& json, const Fault& fault);
// Throws nlohmann::json::exception or std::invalid_argument for a fault it does not know: an
// unknown member, kind or value.
void from_json(const nlohmann::json& json, Fault& fault);
std::string FaultName(FaultKind kind);

// The faults that tests asked for. Thread-safe.
class FaultTable {
 public:
  // Of a request, what a fault may ask for.
  struct Subject {
    std::string operation;
    std::string key;
    int part_number = 0;
  };

  int64_t Add(Fault fault);
  // Forgets all faults, and lets go those that Sleep or Hold.
  void Clear();
  std::vector<Fault> List() const;

  // The first fault that fires for this request, and counts it. Faults of the clock (kSkew) and
  // all others are asked for separately: the former act before the signature is checked.
  std::optional<Fault> Take(const Subject& subject, bool of_clock);

  // Waits for `delay`, or until Clear or Stop.
  void Sleep(absl::Duration delay) const;
  // Waits for the fault's delay_ms, or until Clear or Stop; at once if `fault` has been cleared
  // already.
  void Pause(const Fault& fault) const;
  // Waits until Clear or Stop; at once if `fault` has been cleared already.
  void Hold(const Fault& fault);
  // Waits until the fault `id` holds a request, or has held one; false on timeout, Clear and Stop.
  bool AwaitHeld(int64_t id, absl::Duration timeout) const;
  // Ends every wait, now and later.
  void Stop();

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::list<Fault> faults_;    // guarded by mutex_
  std::set<int64_t> held_;     // guarded by mutex_: ids of faults that hold or held a request
  int64_t next_id_ = 1;        // guarded by mutex_
  int64_t cleared_below_ = 1;  // guarded by mutex_: faults with smaller ids are gone
  bool stopped_ = false;       // guarded by mutex_
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_FAULTS_H_
