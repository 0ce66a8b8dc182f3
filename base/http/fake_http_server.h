#ifndef PENSTOCK_BASE_HTTP_FAKE_HTTP_SERVER_H_
#define PENSTOCK_BASE_HTTP_FAKE_HTTP_SERVER_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/mutex.h"

namespace penstock {

// One request that a FakeHttpServer has read the head of, and the connection it came over. Used by
// the handler only, while it runs.
class FakeExchange {
 public:
  FakeExchange(int socket, int connection, const std::string& head, std::string rest);

  const std::string& method() const { return method_; }
  const std::string& target() const { return target_; }  // as sent: path and query
  int connection() const { return connection_; }         // 1 for the first that was accepted

  // A header of the request (name in lower case); empty when there is none.
  std::string Header(const std::string& name) const;
  const std::multimap<std::string, std::string>& headers() const { return headers_; }

  // Reads the rest of the body (of Content-Length), or of it only `most` bytes.
  std::string ReadBody();
  std::string ReadSome(size_t most);

  // Sends raw bytes; false when the client has gone.
  bool Write(const std::string& bytes);

  // Sends an answer with its Content-Length. `headers` are whole lines without their ends.
  bool Reply(int status, const std::vector<std::string>& headers = {},
             const std::string& body = "");

  // Sends `bytes` one by one, `pause` apart, until the client has gone. The longest time that one
  // was in coming, the first from `since` (a SteadyNow) on: a server that is not let run sends
  // late.
  absl::Duration Drip(const std::string& bytes, absl::Duration pause, absl::Duration since);

  // Ends the connection when the handler returns: in order, or with a reset.
  void Close() { open_ = false; }
  void Reset();

  // Returns when the client has closed the connection or the server is being destroyed.
  void WaitForClientToClose();

  bool open() const { return open_; }
  std::string TakeRest() { return std::move(rest_); }

 private:
  const int socket_;
  const int connection_;
  std::string method_;
  std::string target_;
  std::multimap<std::string, std::string> headers_;
  size_t body_left_ = 0;
  std::string rest_;  // read from the socket, not yet asked for
  bool open_ = true;
};

// An HTTP/1.1 server for tests, on loopback, with one thread per connection: it does what its
// handler says, well or badly. The handler must be thread-safe.
class FakeHttpServer {
 public:
  using Handler = std::function<void(FakeExchange&)>;

  explicit FakeHttpServer(Handler handler);

  // Closes every connection and waits for the handlers.
  ~FakeHttpServer();
  FakeHttpServer(const FakeHttpServer&) = delete;
  FakeHttpServer& operator=(const FakeHttpServer&) = delete;

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connection_count() const { return connection_count_; }

 private:
  void Accept();
  void Serve(int socket, int connection);

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connection_count_ = 0;

  Mutex mutex_;                                       // guards what follows
  std::vector<int> sockets_ ABSL_GUARDED_BY(mutex_);  // open ones
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);

  std::thread acceptor_;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_HTTP_FAKE_HTTP_SERVER_H_
