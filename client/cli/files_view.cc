#include "client/cli/files_view.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/json_events.h"

namespace penstock::cli {

// The observer of one put. What it writes is written under the lock of the view.
class FilesView::Observer final : public UploadObserver {
 public:
  Observer(FilesView& view, std::ostream& out, const std::string& file, const FilePut& put)
      : view_(view), name_(Printable(file)), events_(out, put.total_size(), view.clock_, file) {}

  void OnOpened(const UploadOpened& event) override {
    const MutexLock lock(&view_.mutex_);
    if (view_.json_) events_.OnOpened(event);
    const std::string resumption = DescribeResumption(event);
    if (!resumption.empty()) view_.Say(absl::StrCat(name_, ": ", resumption));
    // The first `opened` tells what earlier runs have committed.
    Count(event.committed_size, /*by_this_run=*/opened_);
    opened_ = true;
  }

  void OnProgress(const UploadProgress& event) override {
    const MutexLock lock(&view_.mutex_);
    if (view_.json_) events_.OnProgress(event);
    Count(event.committed_size, /*by_this_run=*/true);
  }

  void OnRetry(const TransferRetry& event) override {
    const MutexLock lock(&view_.mutex_);
    if (view_.json_) events_.OnRetry(event);
    view_.Say(absl::StrCat(name_, ": ", DescribeRetry(event)));
  }

  void OnDraining(const UploadDraining& event) override {
    const MutexLock lock(&view_.mutex_);
    view_.Say(absl::StrCat(name_, ": ", DescribeDraining(event)));
  }

  void OnFinished(const UploadResult& event) override {
    const MutexLock lock(&view_.mutex_);
    if (view_.json_) events_.OnFinished(event);
    Count(event.size, /*by_this_run=*/event.bytes_sent > 0);
  }

 private:
  void Count(int64_t committed_size, bool by_this_run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(view_.mutex_) {
    view_.OnCommitted(committed_size - std::exchange(committed_size_, committed_size), by_this_run);
  }

  FilesView& view_;
  const std::string name_;
  JsonEvents events_;
  bool opened_ = false;
  int64_t committed_size_ = 0;
};

FilesView::FilesView(Terminal& terminal, bool quiet, bool json, const Total& total,
                     const Clock& clock)
    : quiet_(quiet),
      json_(json),
      total_(total),
      clock_(clock),
      terminal_(terminal),
      status_line_(terminal, clock) {
  rate_.Add(clock.Now(), 0);
}

std::unique_ptr<UploadObserver> FilesView::Begin(const std::string& file, const FilePut& put) {
  const MutexLock lock(&mutex_);
  if (json_) WriteJson(terminal_.out, put.StartEvent());
  return std::make_unique<Observer>(*this, terminal_.out, file, put);
}

void FilesView::Succeeded(const FilePut& put, const UploadResult& result) {
  const MutexLock lock(&mutex_);
  ++succeeded_;
  if (quiet_) return;
  status_line_.Clear();
  (json_ ? terminal_.err : terminal_.out)
      << DescribeResult(FormatDestination(put.destination()), result) << std::endl;
}

void FilesView::Failed(const std::string& file, const absl::Status& status) {
  const MutexLock lock(&mutex_);
  if (json_) {
    nlohmann::json event = ErrorToJson(status);
    event["file"] = file;
    WriteJson(terminal_.out, event);
  }
  if (ExitCodeOf(status) == kExitInterrupted) return;  // it did not fail, and the sum tells it
  ++failed_;
  status_line_.Clear();
  terminal_.err << "not put: " << Printable(file) << "\n"
                << DescribeError(status, terminal_.color) << std::flush;
}

void FilesView::TellSum(bool resumable) {
  const MutexLock lock(&mutex_);
  status_line_.Clear();
  if (json_) {
    WriteJson(terminal_.out, {{"event", "summary"},
                              {"done_count", succeeded_},
                              {"failed_count", failed_},
                              {"not_done_count", total_.files - succeeded_ - failed_},
                              {"resumable", resumable}});
  }
  if (quiet_ && succeeded_ == total_.files) return;
  (json_ || quiet_ ? terminal_.err : terminal_.out)
      << succeeded_ << " of " << total_.files << " files put"
      << (failed_ > 0 ? absl::StrCat(", ", failed_, " failed") : "") << std::endl;
  if (resumable) terminal_.err << "To resume, run the same command again." << std::endl;
}

void FilesView::OnCommitted(int64_t bytes, bool by_this_run) {
  committed_ += bytes;
  if (by_this_run) committed_by_this_run_ += bytes;
  rate_.Add(clock_.Now(), committed_by_this_run_);
  if (quiet_ || !status_line_.IsDue()) return;
  ProgressLine line;
  line.key = absl::StrCat(succeeded_, " of ", total_.files, " files");
  line.committed_size = committed_;
  line.total_size = total_.bytes;
  line.rate = rate_.BytesPerSecond();
  status_line_.Show(FormatProgress(line));
}

void FilesView::Say(const std::string& text) {
  if (!quiet_) status_line_.Say(text);
}

}  // namespace penstock::cli
