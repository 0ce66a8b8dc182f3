#include "plugin/oss/credentials/credential_http.h"

#include <utility>

namespace penstock::oss {
namespace {

HttpLoopOptions LoopOptions() {
  HttpLoopOptions options;
  options.max_connections = 2;
  options.max_response_bytes = 256 * 1024;
  return options;
}

}  // namespace

void CredentialHttp::Send(HttpRequest request, HttpLoop::Callback done) {
  MutexLock lock(&mutex_);
  if (closed_) {
    executor_.Post([done = std::move(done)]() mutable {
      std::move(done)(absl::CancelledError("this process is going down"));
    });
    return;
  }
  if (loop_ == nullptr) loop_ = std::make_unique<HttpLoop>(LoopOptions());
  loop_->Send(std::move(request), std::move(done));
}

void CredentialHttp::Close() {
  std::unique_ptr<HttpLoop> loop;  // ends without the lock: its callbacks may send
  MutexLock lock(&mutex_);
  closed_ = true;
  loop.swap(loop_);
}

}  // namespace penstock::oss
