#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_HTTP_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_HTTP_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "base/executor.h"
#include "base/http/http_loop.h"
#include "base/mutex.h"

namespace penstock::oss {

// The HTTP of one remote's credentials: a loop of its own, started with the first request. On the
// loop of the parts it would wait behind them for a connection, for minutes on a slow line, while
// they wait for it. Thread-safe.
class CredentialHttp {
 public:
  // `executor` must outlive this.
  explicit CredentialHttp(Executor& executor) : executor_(executor) {}

  // As HttpLoop::Send; `done` never runs from within this call.
  void Send(HttpRequest request, HttpLoop::Callback done);

  // Fails what is under way, and all that comes later, with CANCELLED.
  void Close();

 private:
  Executor& executor_;
  Mutex mutex_;  // guards what follows
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<HttpLoop> loop_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_CREDENTIAL_HTTP_H_
