#include "client/uploader.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "client/upload_task.h"

namespace penstock {

Uploader::Uploader(std::vector<std::string> servers) : servers_(std::move(servers)) {}

Uploader::Uploader(std::shared_ptr<grpc::ChannelInterface> channel)
    : channel_(std::move(channel)) {}

absl::StatusOr<UploadResult> Uploader::Put(Source& source, v1::ObjectSpec spec,
                                           UploadOptions options, UploadObserver* observer) {
  UploadTask task(channel_ != nullptr ? Connection(channel_) : Connection(servers_), source,
                  std::move(spec), std::move(options), observer);
  {
    MutexLock lock(&mutex_);
    if (cancelled_) task.Cancel();
    tasks_.insert(&task);
  }
  const auto forget = absl::MakeCleanup([this, &task] {
    MutexLock lock(&mutex_);
    tasks_.erase(&task);
  });
  return task.Run();
}

void Uploader::Cancel() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  for (UploadTask* task : tasks_) task->Cancel();
}

}  // namespace penstock
