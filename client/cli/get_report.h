#ifndef PENSTOCK_CLIENT_CLI_GET_REPORT_H_
#define PENSTOCK_CLIENT_CLI_GET_REPORT_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.h"
#include "client/cli/progress_view.h"
#include "client/cli/terminal.h"
#include "client/downloader.h"

namespace penstock::cli {

// The event `done` of a get.
nlohmann::json ToJson(const std::string& file, const DownloadResult& result);

// Shows a get while it runs: to people as a put is shown, and with `json` to programs as the events
// `resume`, `progress` (at most one a second) and `retry`.
class GetReport final : public DownloadObserver {
 public:
  // Both references must outlive this.
  GetReport(Terminal& terminal, std::string key, bool quiet, bool json, const Clock& clock);

  void OnBegin(const ObjectRange& range, int64_t received) override;
  void OnOpened(const ReadOpened& event) override;
  void OnProgress(const DownloadProgress& event) override;
  void OnRetry(const TransferRetry& event) override;

  // Makes room for other text on the terminal.
  void Clear();

 private:
  Terminal& terminal_;
  const std::string key_;
  const bool quiet_;
  const bool json_;
  const Clock& clock_;
  std::optional<ProgressView> view_;  // none if quiet; begun anew once the length is known
  absl::Time last_progress_ = absl::InfinitePast();
};

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_GET_REPORT_H_
