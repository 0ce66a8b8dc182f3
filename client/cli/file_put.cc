#include "client/cli/file_put.h"

#include <unistd.h>

#include "base/status_macros.h"

namespace penstock::cli {

absl::StatusOr<FilePut> FilePut::Prepare(const PutOptions& options, const std::string& file,
                                         const UploadOptions& upload) {
  FilePut put;
  put.file_ = file;
  put.upload_ = upload;
  PENSTOCK_ASSIGN_OR_RETURN(put.destination_, ParseDestination(options.destination, file));
  PENSTOCK_ASSIGN_OR_RETURN(put.spec_, MakeObjectSpec(options, put.destination_));
  PENSTOCK_ASSIGN_OR_RETURN(const int64_t replay_buffer, ReplayBufferOf(options));
  if (file == "-") {
    put.source_ = MakePipeSource(STDIN_FILENO, replay_buffer);
  } else {
    PENSTOCK_ASSIGN_OR_RETURN(put.source_, OpenFileSource(file));
  }
  PENSTOCK_ASSIGN_OR_RETURN(put.token_, ChooseToken(options.token, file, put.destination_));
  put.upload_.session_token = put.token_.token;
  // A derived token comes back with the next put of the same file, whatever became of this one.
  if (put.token_.origin == TokenOrigin::kDerived) {
    put.upload_.ended_policy = v1::ENDED_POLICY_START_OVER;
  }
  return put;
}

nlohmann::json FilePut::StartEvent() const {
  nlohmann::json event = {{"event", "start"},
                          {"file", file_},
                          {"remote", destination_.remote},
                          {"bucket", destination_.bucket},
                          {"key", destination_.key}};
  if (total_size().has_value()) event["total_size"] = *total_size();
  if (token_.origin == TokenOrigin::kRandom) event["session_token"] = token_.token;
  return event;
}

}  // namespace penstock::cli
