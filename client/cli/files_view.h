#ifndef PENSTOCK_CLIENT_CLI_FILES_VIEW_H_
#define PENSTOCK_CLIENT_CLI_FILES_VIEW_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "client/cli/file_put.h"
#include "client/cli/progress_view.h"
#include "client/cli/status_line.h"
#include "client/cli/terminal.h"
#include "client/upload_events.h"

namespace penstock::cli {

// Tells people and programs about the puts of several files: one line for all of them and, for each
// that ends, another; with --json, the events of each. Thread-safe.
class FilesView {
 public:
  // What is put in all.
  struct Total {
    int64_t files = 0;
    int64_t bytes = 0;
  };

  // References must outlive this.
  FilesView(Terminal& terminal, bool quiet, bool json, const Total& total, const Clock& clock);

  // The put of `file` begins. It is to tell the observer, which must not outlive this.
  std::unique_ptr<UploadObserver> Begin(const std::string& file, const FilePut& put);

  // How it ended.
  void Succeeded(const FilePut& put, const UploadResult& result);
  void Failed(const std::string& file, const absl::Status& status);

  // Everything has ended. `resumable`: the same command goes on.
  void TellSum(bool resumable);

 private:
  class Observer;

  void OnCommitted(int64_t bytes, bool by_this_run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Say(const std::string& text) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const bool quiet_;
  const bool json_;
  const Total total_;
  const Clock& clock_;

  Mutex mutex_;  // guards what follows
  Terminal& terminal_ ABSL_GUARDED_BY(mutex_);
  StatusLine status_line_ ABSL_GUARDED_BY(mutex_);
  RateMeter rate_ ABSL_GUARDED_BY(mutex_);
  int64_t committed_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t committed_by_this_run_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t succeeded_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t failed_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_FILES_VIEW_H_
