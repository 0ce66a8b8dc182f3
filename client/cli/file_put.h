#ifndef PENSTOCK_CLIENT_CLI_FILE_PUT_H_
#define PENSTOCK_CLIENT_CLI_FILE_PUT_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/destination.h"
#include "client/cli/put_options.h"
#include "client/cli/token_choice.h"
#include "client/uploader.h"

namespace penstock::cli {

// What `penstock put` does with one file, or with standard input.
class FilePut {
 public:
  // Errors of the options, of the file and of its token. `upload` is MakeUploadOptions, once for
  // all files of a command.
  static absl::StatusOr<FilePut> Prepare(const PutOptions& options, const std::string& file,
                                         const UploadOptions& upload);

  const Destination& destination() const { return destination_; }
  std::optional<int64_t> total_size() const { return source_->size(); }
  const TokenChoice& token() const { return token_; }

  // The event `start` of --json. It has the token only if nobody can know it otherwise.
  nlohmann::json StartEvent() const;

  absl::StatusOr<UploadResult> Run(Uploader& uploader, UploadObserver* observer) const {
    return uploader.Put(*source_, spec_, upload_, observer);
  }

 private:
  FilePut() = default;

  std::string file_;
  Destination destination_;
  v1::ObjectSpec spec_;
  UploadOptions upload_;
  TokenChoice token_;
  std::unique_ptr<Source> source_;
};

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_FILE_PUT_H_
