#include "client/cli/put_files.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/file_put.h"
#include "client/cli/files_view.h"
#include "client/cli/interrupt_watch.h"
#include "client/derived_token.h"

namespace penstock::cli {
namespace {

absl::Status TokenOfOneFile() {
  return MakeError(absl::StatusCode::kInvalidArgument, "TOKEN_OF_ONE_FILE",
                   "a session token names the put of one file, and there are several: put them "
                   "without --token, --token-file and PENSTOCK_TOKEN");
}

absl::Status NotADirectory(const std::string& destination) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_DESTINATION",
                   absl::StrCat("expected a destination that ends in '/', such as "
                                "remote:bucket/some/, for several files, got \"",
                                destination, "\""),
                   {{"got", destination}});
}

absl::Status StandardInputAmongFiles() {
  return MakeError(
      absl::StatusCode::kInvalidArgument, "NOT_A_FILE",
      "expected files, got \"-\" among them: standard input has no name; put it alone");
}

absl::Status SameKey(const std::string& file, const Destination& destination) {
  return MakeError(absl::StatusCode::kInvalidArgument, "SAME_KEY",
                   absl::StrCat("expected files with different names, got another one for ",
                                FormatDestination(destination), ": \"", file, "\""),
                   {{"got", file}});
}

// What is wrong with the command and not with a file is told once.
absl::Status CheckOptions(const PutOptions& options) {
  PENSTOCK_ASSIGN_OR_RETURN(const auto token, GivenToken(options.token));
  if (token.has_value()) return TokenOfOneFile();
  if (!absl::EndsWith(options.destination, "/")) return NotADirectory(options.destination);
  PENSTOCK_RETURN_IF_ERROR(MakeObjectSpec(options, Destination()).status());
  PENSTOCK_RETURN_IF_ERROR(ReplayBufferOf(options).status());
  return LoadTokenSecret(SecureRandom()).status();
}

absl::StatusOr<FilesView::Total> CheckFiles(const PutOptions& options) {
  FilesView::Total total;
  std::set<std::string> keys;
  for (const std::string& file : options.files) {
    if (file == "-") return StandardInputAmongFiles();
    PENSTOCK_ASSIGN_OR_RETURN(const FileIdentity identity, IdentifyFile(file));
    PENSTOCK_ASSIGN_OR_RETURN(const Destination destination,
                              ParseDestination(options.destination, file));
    if (!keys.insert(destination.key).second) return SameKey(file, destination);
    ++total.files;
    total.bytes += identity.size;
  }
  return total;
}

// Several threads take one file after the other.
class PutFilesCommand {
 public:
  PutFilesCommand(const PutOptions& options, UploadOptions upload, FilesView& view)
      : options_(options), upload_(std::move(upload)), view_(view) {}

  int Run() {
    PutAll();
    const MutexLock lock(&mutex_);
    view_.TellSum(/*resumable=*/stopped_);
    return exit_code_;
  }

 private:
  void PutAll() {
    // gRPC's threads must inherit that the signals are blocked: first the watch, then the channel.
    Uploader uploader(options_.common.servers);
    const InterruptWatch watch([&uploader] { uploader.Cancel(); });
    const size_t transfers =
        std::min(static_cast<size_t>(options_.transfers), options_.files.size());
    std::vector<std::thread> workers;
    for (size_t i = 0; i < transfers; ++i) {
      workers.emplace_back([this, &uploader] {
        for (const std::string* file = Next(); file != nullptr; file = Next()) {
          if (absl::Status status = Put(*file, uploader); !status.ok()) OnFailed(*file, status);
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
  }

  // Null: no more are to be put.
  const std::string* Next() {
    const MutexLock lock(&mutex_);
    return stopped_ || next_ == options_.files.size() ? nullptr : &options_.files[next_++];
  }

  absl::Status Put(const std::string& file, Uploader& uploader) {
    PENSTOCK_ASSIGN_OR_RETURN(const FilePut put, FilePut::Prepare(options_, file, upload_));
    const std::unique_ptr<UploadObserver> observer = view_.Begin(file, put);
    PENSTOCK_ASSIGN_OR_RETURN(const UploadResult result, put.Run(uploader, observer.get()));
    view_.Succeeded(put, result);
    return absl::OkStatus();
  }

  void OnFailed(const std::string& file, const absl::Status& status) {
    view_.Failed(file, status);
    const MutexLock lock(&mutex_);
    exit_code_ = CombineExitCodes(exit_code_, ExitCodeOf(status));
    stopped_ = stopped_ || IsResumable(status);
  }

  const PutOptions& options_;
  const UploadOptions upload_;
  FilesView& view_;

  Mutex mutex_;  // guards what follows
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;  // interrupted, or the server could not go on
  int exit_code_ ABSL_GUARDED_BY(mutex_) = kExitOk;
};

absl::StatusOr<int> CheckAndPut(const PutOptions& options, Terminal& terminal) {
  PENSTOCK_RETURN_IF_ERROR(CheckOptions(options));
  PENSTOCK_ASSIGN_OR_RETURN(const FilesView::Total total, CheckFiles(options));
  PENSTOCK_ASSIGN_OR_RETURN(UploadOptions upload, MakeUploadOptions(options));
  FilesView view(terminal, options.quiet, options.common.json, total, SystemClock());
  return PutFilesCommand(options, std::move(upload), view).Run();
}

}  // namespace

int PutFiles(const PutOptions& options, Terminal& terminal) {
  const absl::StatusOr<int> exit_code = CheckAndPut(options, terminal);
  if (exit_code.ok()) return *exit_code;
  return ReportError(exit_code.status(), options.common.json, terminal);
}

}  // namespace penstock::cli
