#ifndef PENSTOCK_EMULATOR_SERVICE_H_
#define PENSTOCK_EMULATOR_SERVICE_H_

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "emulator/authentication.h"
#include "emulator/body.h"
#include "emulator/bucket.h"
#include "emulator/call.h"
#include "emulator/data_lock.h"
#include "emulator/faults.h"
#include "emulator/journal.h"
#include "emulator/operation.h"
#include "emulator/reply.h"
#include "emulator/request.h"

namespace penstock::emulator {

struct ServiceOptions {
  Credential credential;  // the first
  RoutingTable routing;
  ReplyOptions reply;
  std::filesystem::path data;
  absl::Duration patience = absl::Seconds(5);     // with another emulator that has `data`
  std::vector<std::string> buckets;               // valid names
  std::map<std::string, BucketOptions> settings;  // of those that have any
};

// What becomes of a connection after a request.
enum class Fate {
  kSend,   // send the reply
  kClose,  // close without a reply
  kReset,  // reset without a reply
};

struct Outcome {
  Fate fate = Fate::kSend;
  Reply reply;
  std::optional<Fault> drip = std::nullopt;  // slows the sending down
};

// The API without its transport: one request in, one reply out. Thread-safe.
class Service {
 public:
  // Locks the data, then loads the buckets; throws std::exception if either fails, and has changed
  // nothing if another emulator has the data.
  explicit Service(ServiceOptions options);

  // Serves one request, with faults, and enters it in the journal. May block for a fault.
  Outcome Serve(Request& request, Body& body);

  // Ends every wait of a fault or of the journal; requests go on being served.
  void Stop();

  const ServiceOptions& options() const { return options_; }
  // The credential that requests must be signed with now.
  std::shared_ptr<const Credential> credential() const;
  // Replaces it; a token it had is expired from now on.
  void SetCredential(const std::string& access_key_id, const std::string& access_key_secret,
                     const std::optional<std::string>& security_token);
  FaultTable& faults() { return faults_; }
  Journal& journal() { return journal_; }
  // nullptr when there is none of this name.
  Bucket* FindBucket(const std::string& name);
  const BucketMap& buckets() const { return buckets_; }

 private:
  const ServiceOptions options_;
  const DataLock lock_;  // before the buckets: loading one removes what looks like a crash's
  mutable std::mutex mutex_;
  std::shared_ptr<const Credential> credential_;  // guarded by mutex_
  FaultTable faults_;
  Journal journal_;
  BucketMap buckets_;  // constant after construction
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_SERVICE_H_
