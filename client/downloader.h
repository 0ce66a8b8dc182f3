#ifndef PENSTOCK_CLIENT_DOWNLOADER_H_
#define PENSTOCK_CLIENT_DOWNLOADER_H_

// Gets objects through Penstock and resumes by itself:
//
//   Downloader downloader({"127.0.0.1:7070"});
//   auto sink = MakeFileSink("big.iso");
//   v1::ObjectName name;  // remote, bucket, key
//   absl::StatusOr<DownloadResult> result = downloader.Get(name, *sink, {});
//
// Running the same code again goes on with what the sink kept. Reading without a sink:
// client/object_reader.h.

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "client/object_reader.h"
#include "client/sink.h"

namespace penstock {

struct DownloadProgress {
  int64_t received = 0;  // bytes of the range that the sink has
  int64_t length = 0;    // of the range
};

// What a Get ends with.
struct DownloadResult {
  ObjectRange range;
  uint64_t crc64 = 0;          // of the bytes of the range, as this client counted it
  bool verified = false;       // it is the object's own: not known of a range, nor where the remote
                               // reports none
  int64_t bytes_received = 0;  // by this Get, over all its calls
  int64_t resumed_from = 0;    // what the sink had from an earlier run
  int64_t retry_count = 0;
  absl::Duration elapsed;
};

// Told about a Get, from the thread that called it; must not block, and may call
// Downloader::Cancel.
class DownloadObserver : public ReadObserver {
 public:
  // The object is known, and the sink has `received` bytes of the range.
  virtual void OnBegin(const ObjectRange&, [[maybe_unused]] int64_t received) {}
  virtual void OnProgress(const DownloadProgress&) {}
  virtual void OnFinished(const DownloadResult&) {}
};

// Thread-safe; several Gets may run at the same time, each with its own sink.
class Downloader {
 public:
  // As for Uploader.
  explicit Downloader(std::vector<std::string> servers);
  explicit Downloader(std::shared_ptr<grpc::ChannelInterface> channel);
  Downloader(const Downloader&) = delete;
  Downloader& operator=(const Downloader&) = delete;

  // Gets the object, or the range of it that `options` tell, and returns when the sink has finished
  // it. A whole object's CRC-64 is compared before that, where the remote reports one. Blocks.
  // `observer` may be null. Errors as ObjectReader has them, DATA_LOSS / READ_DIFFERS also when the
  // CRC-64 differs here, and the sink's own. After READ_DIFFERS, OBJECT_CHANGED and NO_SUCH_OBJECT
  // the sink discards what it has; after any other error it keeps it, if it can.
  absl::StatusOr<DownloadResult> Get(const v1::ObjectName& name, Sink& sink, ReadOptions options,
                                     DownloadObserver* observer = nullptr);

  // Ends every Get, under way or to come, with CANCELLED.
  void Cancel();

 private:
  struct Task {
    ObjectReader& reader;
    Sink& sink;
    void Cancel() {
      reader.Cancel();
      sink.Interrupt();
    }
  };
  absl::StatusOr<DownloadResult> Run(Task& task, DownloadObserver* observer);

  const std::vector<std::string> servers_;  // empty: channel_ is used
  const std::shared_ptr<grpc::ChannelInterface> channel_;

  Mutex mutex_;  // guards what follows
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<Task*> tasks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_DOWNLOADER_H_
