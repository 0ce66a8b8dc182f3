#ifndef PENSTOCK_EMULATOR_SERVICE_H_
#define PENSTOCK_EMULATOR_SERVICE_H_

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "emulator/authentication.h"
#include "emulator/body.h"
#include "emulator/bucket.h"
#include "emulator/faults.h"
#include "emulator/journal.h"
#include "emulator/operation.h"
#include "emulator/reply.h"
#include "emulator/request.h"

namespace penstock::emulator {

struct ServiceOptions {
  Credential credential;
  RoutingTable routing;
  ReplyOptions reply;
  std::filesystem::path data;
  std::vector<std::string> buckets;  // valid names
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
};

// The API without its transport: one request in, one reply out. Thread-safe.
class Service {
 public:
  // Loads the buckets; throws std::exception if that fails.
  explicit Service(ServiceOptions options);

  // Serves one request, with faults, and enters it in the journal. May block for a fault.
  Outcome Serve(Request& request, Body& body);

  // Ends every wait of a fault or of the journal; requests go on being served.
  void Stop();

  const ServiceOptions& options() const { return options_; }
  FaultTable& faults() { return faults_; }
  Journal& journal() { return journal_; }
  // nullptr when there is none of this name.
  Bucket* FindBucket(const std::string& name);
  const std::map<std::string, std::unique_ptr<Bucket>>& buckets() const { return buckets_; }

 private:
  const ServiceOptions options_;
  FaultTable faults_;
  Journal journal_;
  std::map<std::string, std::unique_ptr<Bucket>> buckets_;  // constant after construction
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_SERVICE_H_
