#ifndef PENSTOCK_BASE_HTTP_HTTP_TRANSFER_H_
#define PENSTOCK_BASE_HTTP_HTTP_TRANSFER_H_

// One HTTP request on its way through libcurl. Part of HttpLoop; lives on the loop's thread.

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/http/http_loop.h"

namespace penstock {

class HttpTransfer {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Transfers that have stopped sending, and when they are to go on: some may have ended since, or
  // stand here twice, and going on too early does no harm.
  struct Paused {
    std::vector<CURL*> now;                 // once the answer that is there was read
    std::multimap<TimePoint, CURL*> later;  // when their bytes are free to be sent
  };

  // Times count from `now`, also while the transfer waits for a connection.
  HttpTransfer(HttpRequest request, HttpLoop::Callback done, TimePoint now);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // Sets `easy`, which is as good as new, up for this request. INVALID_ARGUMENT for a header with a
  // line break. Whenever the transfer stops sending, it adds `easy` to `paused`.
  absl::Status Prepare(CURL* easy, const HttpLoopOptions& options, TimePoint now, Paused& paused);

  CURL* easy() const { return easy_; }
  const std::string& flow() const { return request_.flow; }

  // When to call CheckTime next.
  TimePoint next_check() const { return next_check_; }

  // DEADLINE_EXCEEDED when the request took too long or no byte has moved for too long, the time by
  // which the call is late not counted. REQUIRES: now >= next_check(), once prepared.
  absl::Status CheckTime(TimePoint now);

  // What came of a request that libcurl ended with `result`.
  absl::StatusOr<HttpResponse> Result(CURLcode result);

  // Gives the answer to the caller. REQUIRES: called once.
  void Finish(absl::StatusOr<HttpResponse> response);

 private:
  static size_t OnRead(char* target, size_t size, size_t count, void* self);
  static int OnSeek(void* self, curl_off_t offset, int origin);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);

  absl::Status CheckScheme() const;
  absl::Status SetHeaders();
  void SetMethod(const HttpLoopOptions& options);
  void SetRoute(const HttpLoopOptions& options);
  void SetNextCheck(TimePoint now);

  // Where the body of the answer that has begun goes: null for HttpResponse::body.
  Buffer* ContentSink();

  // True when the server has said something already, or has gone.
  bool HasAnswer() const;

  // How much of the body may be sent now; 0: it has to wait, and is to go on at resume_time_.
  size_t Allowed(size_t wanted);

  // A number that changes when a byte moves in either direction.
  int64_t Moved() const;

  HttpRequest request_;
  HttpLoop::Callback done_;
  std::optional<TimePoint> deadline_;
  CURL* easy_ = nullptr;      // null until Prepare
  Paused* paused_ = nullptr;  // likewise
  curl_slist* headers_ = nullptr;
  int64_t max_response_bytes_ = 0;
  char error_[CURL_ERROR_SIZE] = {};

  int64_t read_offset_ = 0;  // of the body, where libcurl reads next
  int64_t taken_ = 0;        // from the throttle, and not sent yet
  TimePoint resume_time_;    // what is taken may be sent from then on
  int64_t header_bytes_ = 0;
  bool too_large_ = false;
  HttpResponse response_;
  std::shared_ptr<Buffer> content_;  // of response_, from its first byte on

  int64_t moved_ = 0;     // Moved() as last seen to change, at moved_time_
  TimePoint moved_time_;  // later by what the loop has missed since
  TimePoint next_check_;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_HTTP_HTTP_TRANSFER_H_
