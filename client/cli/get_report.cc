#include "client/cli/get_report.h"

#include <utility>

#include "client/cli/json_events.h"

namespace penstock::cli {
namespace {

constexpr absl::Duration kProgressInterval = absl::Seconds(1);

}  // namespace

nlohmann::json ToJson(const std::string& file, const DownloadResult& result) {
  return {{"event", "done"},
          {"object", ToJson(result.range.object)},
          {"file", file},
          {"offset", result.range.offset},
          {"size", result.range.length},
          {"crc64", FormatCrc64(result.crc64)},
          {"verified", result.verified},
          {"bytes_received", result.bytes_received},
          {"resumed_from", result.resumed_from},
          {"retry_count", result.retry_count},
          {"seconds", absl::ToDoubleSeconds(result.elapsed)}};
}

GetReport::GetReport(Terminal& terminal, std::string key, bool quiet, bool json, const Clock& clock)
    : terminal_(terminal), key_(std::move(key)), quiet_(quiet), json_(json), clock_(clock) {
  if (!quiet_) view_.emplace(terminal_, key_, std::nullopt, clock_);
}

void GetReport::OnBegin(const ObjectRange& range, int64_t) {
  if (!quiet_) view_.emplace(terminal_, key_, range.length, clock_);
}

void GetReport::OnOpened(const ReadOpened& event) {
  if (view_.has_value()) {
    UploadOpened opened;
    opened.server = event.server;
    opened.committed_size = event.position;
    opened.resume_offset = event.position;
    view_->OnOpened(opened);
  }
  if (!json_ || event.position == 0) return;
  WriteJson(terminal_.out,
            {{"event", "resume"}, {"server", event.server}, {"received_size", event.position}});
}

void GetReport::OnProgress(const DownloadProgress& event) {
  if (view_.has_value()) {
    UploadProgress progress;
    progress.committed_size = event.received;
    view_->OnProgress(progress);
  }
  const absl::Time now = clock_.Now();
  if (!json_ || (now - last_progress_ < kProgressInterval && event.received != event.length)) {
    return;
  }
  last_progress_ = now;
  WriteJson(
      terminal_.out,
      {{"event", "progress"}, {"received_size", event.received}, {"total_size", event.length}});
}

void GetReport::OnRetry(const TransferRetry& event) {
  if (view_.has_value()) view_->OnRetry(event);
  if (json_) WriteJson(terminal_.out, RetryToJson(event));
}

void GetReport::Clear() {
  if (view_.has_value()) view_->Clear();
}

}  // namespace penstock::cli
