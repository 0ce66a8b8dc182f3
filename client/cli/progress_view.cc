#include "client/cli/progress_view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/byte_size.h"
#include "base/error.h"
#include "client/cli/duration_text.h"

namespace penstock::cli {
namespace {

constexpr absl::Duration kRateWindow = absl::Seconds(10);

// "12.4/19.7 GiB", or with both units where they differ.
std::string FormatFraction(int64_t part, int64_t whole) {
  const std::string part_text = FormatByteSize(part);
  const std::string whole_text = FormatByteSize(whole);
  const size_t unit = part_text.find(' ');
  if (part_text.substr(unit) != whole_text.substr(whole_text.find(' '))) {
    return absl::StrCat(part_text, "/", whole_text);
  }
  return absl::StrCat(part_text.substr(0, unit), "/", whole_text);
}

// Rounded down: 100% means all.
int Percent(int64_t part, int64_t whole) {
  if (whole <= 0) return 100;
  return static_cast<int>(static_cast<double>(std::min(part, whole)) / static_cast<double>(whole) *
                          100);
}

std::string FormatEta(int64_t bytes_left, double rate) {
  if (bytes_left <= 0) return "ETA 0:00";
  if (rate < 1) return "ETA -";
  const absl::Duration left = absl::Seconds(static_cast<double>(bytes_left) / rate);
  return absl::StrCat("ETA ", FormatClock(left + absl::Milliseconds(999)));
}

}  // namespace

void RateMeter::Add(absl::Time now, int64_t committed_size) {
  samples_.emplace_back(now, committed_size);
  // The oldest sample is as old as the window, or a little older.
  while (samples_.size() > 2 && now - samples_[1].first >= kRateWindow) samples_.pop_front();
}

double RateMeter::BytesPerSecond() const {
  if (samples_.size() < 2) return 0;
  const double seconds = absl::ToDoubleSeconds(samples_.back().first - samples_.front().first);
  const auto bytes = static_cast<double>(samples_.back().second - samples_.front().second);
  return seconds > 0 ? std::max(bytes / seconds, 0.0) : 0;
}

std::string FormatProgress(const ProgressLine& line) {
  std::string text = Printable(line.key);
  const std::string rate = absl::StrCat(FormatByteSize(static_cast<int64_t>(line.rate)), "/s");
  if (line.total_size.has_value()) {
    absl::StrAppendFormat(&text, "  %3d%%  ", Percent(line.committed_size, *line.total_size));
    absl::StrAppend(&text, FormatFraction(line.committed_size, *line.total_size), "  ", rate, "  ",
                    FormatEta(*line.total_size - line.committed_size, line.rate));
  } else {
    absl::StrAppend(&text, "  ", FormatByteSize(line.committed_size), "  ", rate, "  ",
                    FormatClock(line.elapsed));
  }
  if (line.part_size > 0) absl::StrAppend(&text, "  parts of ", FormatByteSize(line.part_size));
  if (line.resumed_at > 0) absl::StrAppend(&text, "  resumed at ", FormatByteSize(line.resumed_at));
  return text;
}

std::string DescribeResumption(const UploadOpened& event) {
  if (event.resume_offset == 0 || event.state == v1::Session::STATE_FINISHED) return "";
  return absl::StrCat("resumed at ", FormatByteSize(event.resume_offset), " (", event.resume_offset,
                      " bytes) on ", event.server);
}

std::string DescribeRetry(const TransferRetry& event) {
  const std::string reason = ErrorReason(event.cause);
  return absl::StrCat(Printable(std::string(event.cause.message())),
                      reason.empty() ? "" : absl::StrCat(" [", reason, "]"), "; again in ",
                      absl::FormatDuration(absl::Trunc(event.delay, absl::Milliseconds(10))),
                      " on ", event.next_server);
}

std::string DescribeDraining(const UploadDraining& event) {
  return absl::StrCat("the server is going away; ", FormatByteSize(event.committed_size),
                      " are committed");
}

ProgressView::ProgressView(Terminal& terminal, std::string key, std::optional<int64_t> total_size,
                           const Clock& clock)
    : on_terminal_(terminal.err_is_terminal),
      clock_(clock),
      start_time_(clock.Now()),
      status_line_(terminal, clock) {
  line_.key = std::move(key);
  line_.total_size = total_size;
}

void ProgressView::OnOpened(const UploadOpened& event) {
  line_.part_size = event.part_size;
  line_.committed_size = event.committed_size;
  if (const std::string text = DescribeResumption(event); !text.empty()) {
    line_.resumed_at = event.resume_offset;
    Say(text);
  }
  rate_.Add(clock_.Now(), event.committed_size);
  if (on_terminal_) ShowLine();
}

void ProgressView::OnProgress(const UploadProgress& event) {
  line_.committed_size = event.committed_size;
  rate_.Add(clock_.Now(), event.committed_size);
  if (status_line_.IsDue()) ShowLine();
}

void ProgressView::OnRetry(const TransferRetry& event) { Say(DescribeRetry(event)); }

void ProgressView::OnDraining(const UploadDraining& event) { Say(DescribeDraining(event)); }

void ProgressView::OnFinished(const UploadResult&) { Clear(); }

void ProgressView::ShowLine() {
  line_.rate = rate_.BytesPerSecond();
  line_.elapsed = clock_.Now() - start_time_;
  status_line_.Show(FormatProgress(line_));
}

void ProgressView::Say(const std::string& text) {
  status_line_.Say(absl::StrCat(Printable(line_.key), ": ", text));
}

}  // namespace penstock::cli
