#ifndef PENSTOCK_CLIENT_CLI_PROGRESS_VIEW_H_
#define PENSTOCK_CLIENT_CLI_PROGRESS_VIEW_H_

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "client/cli/status_line.h"
#include "client/upload_events.h"

namespace penstock::cli {

// Bytes a second over the last ten seconds or so, never negative. Offsets before the first one
// given do not count: what was committed by an earlier run is not this run's speed.
class RateMeter {
 public:
  void Add(absl::Time now, int64_t committed_size);
  double BytesPerSecond() const;

 private:
  std::deque<std::pair<absl::Time, int64_t>> samples_;  // oldest first
};

// All that one line of progress says.
struct ProgressLine {
  std::string key;
  int64_t committed_size = 0;
  std::optional<int64_t> total_size;
  double rate = 0;  // bytes a second
  absl::Duration elapsed;
  int64_t part_size = 0;  // 0: not known
  int64_t resumed_at = 0;
};

// "key  63%  12.4/19.7 GiB  312.0 MiB/s  ETA 0:24  parts of 8.0 MiB  resumed at 9.1 GiB". Percent
// is of committed bytes. Without a total: bytes, rate and elapsed time, no percent.
std::string FormatProgress(const ProgressLine& line);

// What is said of a put that goes on where an earlier stream ended (empty: it does not), of a
// retry, and of a server that goes away.
std::string DescribeResumption(const UploadOpened& event);
std::string DescribeRetry(const TransferRetry& event);
std::string DescribeDraining(const UploadDraining& event);

// Shows a put to people; retries and resumptions get lines of their own. Not thread-safe, as
// observers are called one at a time.
class ProgressView final : public UploadObserver {
 public:
  // Both references must outlive the view.
  ProgressView(Terminal& terminal, std::string key, std::optional<int64_t> total_size,
               const Clock& clock);

  void OnOpened(const UploadOpened& event) override;
  void OnProgress(const UploadProgress& event) override;
  void OnRetry(const TransferRetry& event) override;
  void OnDraining(const UploadDraining& event) override;
  void OnFinished(const UploadResult& event) override;

  // Makes room for other text on the terminal.
  void Clear() { status_line_.Clear(); }

 private:
  void ShowLine();
  void Say(const std::string& text);

  const bool on_terminal_;
  const Clock& clock_;
  const absl::Time start_time_;
  StatusLine status_line_;
  ProgressLine line_;
  RateMeter rate_;
};

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_PROGRESS_VIEW_H_
