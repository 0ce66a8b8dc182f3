// bench_put_files: many files through the client library, in one process. What `penstock put` does
// for one.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "bench/support/program.h"
#include "bench/support/report.h"
#include "client/connection.h"
#include "client/derived_token.h"
#include "client/uploader.h"

namespace penstock::bench {
namespace {

struct Options {
  std::string server;
  std::string remote;
  std::string bucket;
  int parallel = 1;
  std::vector<std::string> files;
};

// Takes one file after the other, in several threads, until all are put or one has failed.
class Files {
 public:
  explicit Files(const Options& options)
      : options_(options), uploader_(MakeChannel(options.server)) {}

  absl::Status PutAll() {
    std::vector<std::thread> workers;
    for (int i = 0; i < options_.parallel; ++i) workers.emplace_back([this] { Work(); });
    for (std::thread& worker : workers) worker.join();
    const MutexLock lock(&mutex_);
    return status_;
  }

  int64_t bytes() const { return bytes_; }

 private:
  void Work() {
    for (size_t at = next_++; at < options_.files.size(); at = next_++) {
      const absl::Status status = Put(options_.files[at]);
      if (status.ok()) continue;
      next_ = options_.files.size();
      const MutexLock lock(&mutex_);
      status_.Update(status);
    }
  }

  absl::Status Put(const std::string& path) {
    PENSTOCK_ASSIGN_OR_RETURN(const auto source, OpenFileSource(path));
    v1::ObjectSpec spec;
    spec.set_remote(options_.remote);
    spec.set_bucket(options_.bucket);
    spec.set_key(std::filesystem::path(path).filename());
    UploadOptions upload;
    upload.session_token = RandomToken(SecureRandom());
    PENSTOCK_ASSIGN_OR_RETURN(const UploadResult result,
                              uploader_.Put(*source, spec, std::move(upload)));
    bytes_ += result.size;
    return absl::OkStatus();
  }

  const Options& options_;
  Uploader uploader_;
  std::atomic<size_t> next_ = 0;
  std::atomic<int64_t> bytes_ = 0;

  Mutex mutex_;  // guards what follows
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

int Main(int argc, char** argv) {
  CLI::App app("Puts files through penstockd with the client library.", "bench_put_files");
  Options options;
  app.add_option("--server", options.server, "HOST:PORT")->required();
  app.add_option("--remote", options.remote, "A remote of the server")->required();
  app.add_option("--bucket", options.bucket, "A bucket of the remote")->required();
  app.add_option("--parallel", options.parallel, "Files at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("files", options.files, "Put under their names")->required();
  CLI11_PARSE(app, argc, argv);
  PrepareProcess();
  const Stopwatch stopwatch;
  Files files(options);
  if (const absl::Status status = files.PutAll(); !status.ok()) return Fail(app, status);
  PrintJson({{"seconds", stopwatch.seconds()},
             {"bytes", files.bytes()},
             {"cpu_seconds", stopwatch.cpu_seconds()}});
  return 0;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::Main(argc, argv); }
