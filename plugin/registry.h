#ifndef PENSTOCK_PLUGIN_REGISTRY_H_
#define PENSTOCK_PLUGIN_REGISTRY_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "base/rate_limit.h"
#include "plugin/backend.h"
#include "plugin/explanation.h"

namespace penstock {

class HttpLoop;

// One option of a backend's configuration, or one of an object's backend_options. Configuration
// files, ListRemotes and the docs are made from these; an option that is not listed is an error.
struct OptionInfo {
  std::string name;           // as in the configuration file: [a-z0-9_]
  std::string help;           // one or two sentences
  std::string default_value;  // empty: none
  std::vector<std::string> examples;
  bool required = false;
  bool secret = false;  // its value is a secret (or the path of one): never printed
};

// Values of a remote's options, by name.
using OptionValues = std::map<std::string, std::string>;

// What backends need of the process. Everything must outlive the backends.
struct BackendEnvironment {
  HttpLoop* http = nullptr;      // for backends that speak HTTP
  Executor* executor = nullptr;  // for short work
  Executor* blocking = nullptr;  // for calls that block, such as fsync
  const Clock* clock = nullptr;
  RandomSource* random = nullptr;
  Throttle sends = {};  // of the remote that is made: for the bodies of its HttpRequests
};

// A kind of place to put to.
struct BackendInfo {
  std::string name;         // "oss"
  std::string description;  // one line
  std::vector<OptionInfo> options;
  std::vector<OptionInfo> object_options;  // what ObjectSpec.backend_options may name
  std::function<absl::StatusOr<std::unique_ptr<Backend>>(const OptionValues&,
                                                         const BackendEnvironment&)>
      create;
  // What an error of an operation is due to. Null where a request needs neither credentials nor a
  // region: ExplainByReason tells all.
  std::function<Explanation(const std::string& operation, const absl::Status& error)> explain;
};

// The kinds of backend that this program knows, by name.
class Registry {
 public:
  // The option `upload_rate` is added to those of `info`: every remote has it, and the server heeds
  // it. REQUIRES: no backend of this name was added before.
  void Add(BackendInfo info);

  // Null when there is none of that name.
  const BackendInfo* Find(const std::string& name) const;

  std::vector<std::string> names() const;

  // Makes a remote: checks that every value names a listed option and that required ones are there,
  // fills in defaults, and calls the backend's factory. INVALID_ARGUMENT names the option.
  absl::StatusOr<std::unique_ptr<Backend>> Create(const std::string& backend,
                                                  const OptionValues& values,
                                                  const BackendEnvironment& environment) const;

 private:
  std::map<std::string, BackendInfo> backends_;
};

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_REGISTRY_H_
