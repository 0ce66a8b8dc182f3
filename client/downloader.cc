#include "client/downloader.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/read_errors.h"

namespace penstock {
namespace {

// No later run can complete what there is.
bool IsBeyondRepair(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason == "READ_DIFFERS" || reason == "OBJECT_CHANGED" || reason == "NO_SUCH_OBJECT";
}

// Pours the rest of the range into the sink, and proves that all of it is the object.
absl::Status Pour(ObjectReader& reader, Sink& sink, DownloadResult& result,
                  DownloadObserver* observer) {
  while (true) {
    PENSTOCK_ASSIGN_OR_RETURN(const std::string_view bytes, reader.Read());
    if (bytes.empty()) break;
    PENSTOCK_RETURN_IF_ERROR(sink.Write(bytes));
    result.crc64 = ExtendCrc64(result.crc64, bytes);
    result.bytes_received += static_cast<int64_t>(bytes.size());
    if (observer != nullptr) observer->OnProgress({reader.position(), result.range.length});
  }
  const v1::StoredObject& object = result.range.object;
  if (!result.range.whole() || !object.has_crc64_ecma()) return absl::OkStatus();
  if (object.crc64_ecma() != result.crc64) return read_errors::ReadDiffers(object, result.crc64);
  result.verified = true;
  return absl::OkStatus();
}

}  // namespace

Downloader::Downloader(std::vector<std::string> servers) : servers_(std::move(servers)) {}

Downloader::Downloader(std::shared_ptr<grpc::ChannelInterface> channel)
    : channel_(std::move(channel)) {}

absl::StatusOr<DownloadResult> Downloader::Get(const v1::ObjectName& name, Sink& sink,
                                               ReadOptions options, DownloadObserver* observer) {
  ObjectReader reader(channel_ != nullptr ? Connection(channel_) : Connection(servers_), name,
                      std::move(options), observer);
  Task task{reader, sink};
  {
    MutexLock lock(&mutex_);
    if (cancelled_) task.Cancel();
    tasks_.insert(&task);
  }
  const auto forget = absl::MakeCleanup([this, &task] {
    MutexLock lock(&mutex_);
    tasks_.erase(&task);
  });
  absl::StatusOr<DownloadResult> result = Run(task, observer);
  if (!result.ok() && ErrorReason(result.status()) == "INTERRUPTED" && reader.cancelled()) {
    return read_errors::Cancelled(reader.position());
  }
  return result;
}

absl::StatusOr<DownloadResult> Downloader::Run(Task& task, DownloadObserver* observer) {
  const absl::Time start_time = absl::Now();
  DownloadResult result;
  PENSTOCK_ASSIGN_OR_RETURN(result.range, task.reader.Open());
  PENSTOCK_ASSIGN_OR_RETURN(const SinkPrefix prefix, task.sink.Begin(result.range));
  result.resumed_from = prefix.size;
  result.crc64 = prefix.crc64;
  task.reader.SeekTo(prefix.size);
  if (observer != nullptr) observer->OnBegin(result.range, prefix.size);
  if (absl::Status status = Pour(task.reader, task.sink, result, observer); !status.ok()) {
    if (IsBeyondRepair(status)) task.sink.Discard();
    return status;
  }
  PENSTOCK_RETURN_IF_ERROR(task.sink.Finish());
  result.retry_count = task.reader.retry_count();
  result.elapsed = absl::Now() - start_time;
  if (observer != nullptr) observer->OnFinished(result);
  return result;
}

void Downloader::Cancel() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  for (Task* task : tasks_) task->Cancel();
}

}  // namespace penstock
