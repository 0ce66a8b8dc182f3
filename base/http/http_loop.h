#ifndef PENSTOCK_BASE_HTTP_HTTP_LOOP_H_
#define PENSTOCK_BASE_HTTP_HTTP_LOOP_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/buffer.h"
#include "base/rate_limit.h"

namespace penstock {

// How requests reach their server.
struct HttpRoute {
  std::string ca_file;            // PEM; trusted alone. Empty: HttpLoopOptions::ca_file
  std::string proxy;              // "http://host:port" or https; empty: none
  std::string proxy_credentials;  // "user:password"; empty: none
};

// One HTTP request. Redirects are not followed, no proxy is taken from the environment, only http
// and https are spoken, and `Expect: 100-continue` is never sent.
struct HttpRequest {
  std::string method;                // "PUT"
  std::string url;                   // already encoded
  std::vector<std::string> headers;  // "name: value", as signed
  std::shared_ptr<const Buffer>
      body;  // null: no body. Read from the start again when libcurl rewinds
  std::shared_ptr<const HttpRoute> route;  // null: as HttpRoute's defaults

  // True: sent once at most. A connection that served a request before may just have been closed by
  // the server, and libcurl then sends the request once more by itself: with `send_once` that is
  // UNAVAILABLE, as on a new connection. It still repeats a head of whose body nothing has gone:
  // that can have had no effect.
  bool send_once = false;

  // Who asks. Requests that wait for a connection take turns by this, and have it in their order
  // where it is the same.
  std::string flow;

  // Limits on the bytes of the body, those that libcurl sends again included. Headers and answers
  // are not counted. A request that waits for its turn is not stalled.
  Throttle throttle;

  // Above 0: the body of a success (2xx) is collected in HttpResponse::content, and may be so
  // large. 0: it goes to HttpResponse::body, as all other bodies do.
  int64_t max_content_bytes = 0;

  // Runs on the loop's thread when it is the request's turn for a connection, however long it
  // waited for it: what ages, such as a signature, is added to the request here. Must not block.
  // Null: none.
  absl::AnyInvocable<void(HttpRequest&) &&> on_start;

  absl::Duration stall_timeout = absl::Seconds(30);  // fails when no byte moves for this long
  absl::Duration total_timeout = absl::InfiniteDuration();  // from Send on, also while it waits for
                                                            // a connection; progress or not
};

struct HttpResponse {
  int status = 0;
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;                                 // at most HttpLoopOptions::max_response_bytes
  std::shared_ptr<const Buffer> content;  // see HttpRequest::max_content_bytes; may be null

  // The first value of a header (name in lower case); empty when there is none.
  std::string Header(const std::string& name) const;
};

struct HttpLoopOptions {
  int max_connections = 128;  // open at the same time, in use or idle; more requests wait
  absl::Duration connect_timeout = absl::Seconds(5);
  int64_t upload_buffer_bytes = 512 * 1024;  // libcurl's, per request that sends a body
  int64_t max_response_bytes = 4 * 1024 * 1024;
  std::string ca_file;  // empty: the system's
};

// Runs HTTP requests over one thread: epoll over libcurl's multi interface, with connections
// reused. Thread-safe. The destructor fails what is under way with CANCELLED and waits for the
// thread.
class HttpLoop {
 public:
  using Callback = absl::AnyInvocable<void(absl::StatusOr<HttpResponse>) &&>;

  explicit HttpLoop(HttpLoopOptions options = {});
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  // Sends a request. `done` runs on the loop's thread and must not block. Any complete answer is
  // OK, whatever its status code. Otherwise UNAVAILABLE (connection refused, lost, reset;
  // HTTP_UNRESOLVED for a name, HTTP_CERTIFICATE and HTTP_TLS for a server that is not trusted or
  // not understood, HTTP_PROXY for what a proxy refused), DEADLINE_EXCEEDED (stalled, took too
  // long), RESOURCE_EXHAUSTED (the answer is too large), INVALID_ARGUMENT (the URL), CANCELLED (the
  // loop ends): whether the request had its effect is then unknown.
  void Send(HttpRequest request, Callback done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_HTTP_HTTP_LOOP_H_
