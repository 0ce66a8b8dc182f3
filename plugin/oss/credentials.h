#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "plugin/registry.h"

namespace penstock::oss {

// What signs a request. Secret, but for the id.
struct Credentials {
  std::string access_key_id;
  std::string access_key_secret;
  std::string security_token;  // empty: not temporary

  bool operator==(const Credentials&) const = default;
};

// Where a remote's credentials come from: files named in its configuration, or else the
// environment. Secrets never stand in the configuration itself. Files can be replaced while the
// program runs; they are read again when OSS refuses what they said. Thread-safe.
class CredentialSource {
 public:
  // The value of an environment variable, empty when it is not set.
  using Environment = std::function<std::string(const std::string& name)>;

  // access_key_id, access_key_id_file, access_key_secret_file, security_token_file.
  static std::vector<OptionInfo> Options();

  // Reads the credentials for the first time. INVALID_ARGUMENT / BAD_REMOTE_OPTION when they are
  // incomplete or a file cannot be read.
  static absl::StatusOr<std::unique_ptr<CredentialSource>> Create(const OptionValues& values,
                                                                  Environment environment);

  std::shared_ptr<const Credentials> Get() const;

  // Reads the credentials again, unless others than `refused` are known already. Blocks on files.
  // An error leaves what is known.
  absl::Status Reload(const std::shared_ptr<const Credentials>& refused);

 private:
  CredentialSource(const OptionValues& values, Environment environment);

  absl::StatusOr<Credentials> Read() const;
  absl::StatusOr<Credentials> ReadFiles() const;

  // Constant after construction.
  const OptionValues values_;
  const Environment environment_;

  Mutex reload_mutex_;  // held while files are read, so that one caller reads for all
  mutable Mutex mutex_;
  std::shared_ptr<const Credentials> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_H_
