#include "base/http/http_transfer.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/error.h"

namespace penstock {
namespace {

constexpr int64_t kMaxHeaderBytes = 256 * 1024;

// A connection that has been idle for longer may have been closed by the server just now; a new one
// is cheaper than a request that has to be asked for.
constexpr long kMaxIdleSeconds = 45;

// libcurl's for an answer with content: fewer reads from the socket.
constexpr long kContentBufferBytes = 256 * 1024;

// A stall is noticed at most this part of its timeout late.
constexpr int kChecksPerStall = 8;
constexpr std::chrono::milliseconds kShortestCheck(5);

// What stands in reach of everything that is due, whatever the durations of a request.
constexpr absl::Duration kLongest = absl::Hours(24 * 365);

std::chrono::nanoseconds ToChrono(absl::Duration duration) {
  return absl::ToChronoNanoseconds(std::clamp(duration, absl::ZeroDuration(), kLongest));
}

absl::Status TransferError(absl::StatusCode code, const std::string& reason,
                           const std::string& message) {
  return MakeError(code, reason, message);
}

const char* ReasonOf(CURLcode result) {
  switch (result) {
    case CURLE_URL_MALFORMAT:
      return "HTTP_BAD_URL";
    case CURLE_COULDNT_RESOLVE_HOST:
      return "HTTP_UNRESOLVED";
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return "HTTP_PROXY";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return "HTTP_CERTIFICATE";
    case CURLE_SSL_CONNECT_ERROR:
      return "HTTP_TLS";
    default:
      return "HTTP_FAILED";
  }
}

// `proxy_status` is what a proxy answered to CONNECT, 0 when none was asked.
absl::Status StatusOf(CURLcode result, const char* detail, long proxy_status) {
  const std::string message =
      absl::StrCat("HTTP request failed: ", *detail != '\0' ? detail : curl_easy_strerror(result));
  ErrorMetadata metadata = {{"curl_code", absl::StrCat(static_cast<int>(result))}};
  std::string reason = ReasonOf(result);
  if (proxy_status >= 300) {
    reason = "HTTP_PROXY";
    metadata["proxy_status"] = absl::StrCat(proxy_status);
  }
  const auto code = reason == "HTTP_BAD_URL" ? absl::StatusCode::kInvalidArgument
                                             : absl::StatusCode::kUnavailable;
  return MakeError(code, reason, message, metadata);
}

}  // namespace

HttpTransfer::HttpTransfer(HttpRequest request, HttpLoop::Callback done, TimePoint now)
    : request_(std::move(request)), done_(std::move(done)), moved_time_(now) {
  if (request_.total_timeout < kLongest) deadline_ = now + ToChrono(request_.total_timeout);
  // Before it has a connection only the deadline counts.
  next_check_ = deadline_.value_or(TimePoint::max());
}

HttpTransfer::~HttpTransfer() { curl_slist_free_all(headers_); }

absl::Status HttpTransfer::Prepare(CURL* easy, const HttpLoopOptions& options, TimePoint now,
                                   Paused& paused) {
  easy_ = easy;
  paused_ = &paused;
  max_response_bytes_ = options.max_response_bytes;
  if (request_.on_start != nullptr) std::exchange(request_.on_start, nullptr)(request_);
  if (absl::Status status = CheckScheme(); !status.ok()) return status;
  if (absl::Status status = SetHeaders(); !status.ok()) return status;
  SetMethod(options);
  SetRoute(options);
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // keys may have `..` between their slashes
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Who gives up while a name is looked up does not wait for the resolver: it would hold up all.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kMaxIdleSeconds);
  const int64_t connect_ms = absl::ToInt64Milliseconds(options.connect_timeout);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::max<int64_t>(1, connect_ms)));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpTransfer::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpTransfer::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  if (request_.max_content_bytes > 0) {
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kContentBufferBytes);
  }
  moved_time_ = now;
  SetNextCheck(now);
  return absl::OkStatus();
}

// Looked at before: libcurl has one code for a URL of another protocol and for an answer that is no
// HTTP, when the request may have been carried out.
absl::Status HttpTransfer::CheckScheme() const {
  if (absl::StartsWith(request_.url, "http://") || absl::StartsWith(request_.url, "https://")) {
    return absl::OkStatus();
  }
  return TransferError(absl::StatusCode::kInvalidArgument, "HTTP_BAD_URL",
                       "a URL must begin with http:// or https://");
}

absl::Status HttpTransfer::SetHeaders() {
  bool has_content_type = false;
  for (const std::string& header : request_.headers) {
    if (header.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return TransferError(absl::StatusCode::kInvalidArgument, "HTTP_BAD_HEADER",
                           "a header of the request has a line break or NUL in it");
    }
    const size_t colon = header.find(':');
    const std::string name = absl::AsciiStrToLower(header.substr(0, colon));
    has_content_type = has_content_type || name == "content-type";
    const bool empty =
        colon != std::string::npos && header.find_first_not_of(' ', colon + 1) == std::string::npos;
    // libcurl's way to say a header without a value; with the colon it would leave it out.
    headers_ = curl_slist_append(headers_, (empty ? name + ";" : header).c_str());
  }
  headers_ = curl_slist_append(headers_, "Expect:");
  if (!has_content_type) headers_ = curl_slist_append(headers_, "Content-Type:");
  return absl::OkStatus();
}

void HttpTransfer::SetMethod(const HttpLoopOptions& options) {
  const bool sends_length =
      request_.body != nullptr || request_.method == "PUT" || request_.method == "POST";
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (sends_length) {
    // Also for POST: libcurl's own POST would choose a content type and buffer differently.
    const int64_t size = request_.body == nullptr ? 0 : request_.body->size();
    curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &HttpTransfer::OnRead);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    curl_easy_setopt(easy_, CURLOPT_SEEKFUNCTION, &HttpTransfer::OnSeek);
    curl_easy_setopt(easy_, CURLOPT_SEEKDATA, this);
    // A small body in a small buffer: it is allocated anew for every request.
    constexpr int64_t kSmallestBuffer = 16 * 1024;
    const int64_t buffer =
        std::clamp(size, kSmallestBuffer, std::max(kSmallestBuffer, options.upload_buffer_bytes));
    curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(buffer));
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void HttpTransfer::SetRoute(const HttpLoopOptions& options) {
  static const HttpRoute direct;
  const HttpRoute& route = request_.route == nullptr ? direct : *request_.route;
  // A body that must not go twice is not rewound (OnSeek). Without a body nothing would hold
  // libcurl back but a connection that has served no request.
  const bool without_body = request_.body == nullptr || request_.body->size() == 0;
  curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, request_.send_once && without_body ? 1L : 0L);
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy_, CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  const std::string& ca_file = route.ca_file.empty() ? options.ca_file : route.ca_file;
  if (!ca_file.empty()) {
    // Without the folders that the distribution's libcurl looks into by itself.
    curl_easy_setopt(easy_, CURLOPT_CAINFO, ca_file.c_str());
    curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
    curl_easy_setopt(easy_, CURLOPT_PROXY_CAINFO, ca_file.c_str());
    curl_easy_setopt(easy_, CURLOPT_PROXY_CAPATH, nullptr);
  }
  // Said even when there is none: libcurl would ask the environment.
  curl_easy_setopt(easy_, CURLOPT_PROXY, route.proxy.c_str());
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (route.proxy_credentials.empty()) return;
  const size_t colon = route.proxy_credentials.find(':');
  const std::string password =
      colon == std::string::npos ? "" : route.proxy_credentials.substr(colon + 1);
  curl_easy_setopt(easy_, CURLOPT_PROXYAUTH, CURLAUTH_BASIC);
  curl_easy_setopt(easy_, CURLOPT_PROXYUSERNAME, route.proxy_credentials.substr(0, colon).c_str());
  curl_easy_setopt(easy_, CURLOPT_PROXYPASSWORD, password.c_str());
}

int64_t HttpTransfer::Moved() const {
  curl_off_t sent = 0;
  curl_off_t received = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &sent);
  curl_easy_getinfo(easy_, CURLINFO_SIZE_DOWNLOAD_T, &received);
  // What libcurl has sent may still lie in the socket, and on a slow line for longer than the
  // timeout: what leaves the socket is movement too.
  int queued = 0;
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &socket);
  if (socket == CURL_SOCKET_BAD || ioctl(socket, SIOCOUTQ, &queued) != 0) queued = 0;
  return 2 * static_cast<int64_t>(sent) - queued + received + header_bytes_;
}

void HttpTransfer::SetNextCheck(TimePoint now) {
  next_check_ = deadline_.value_or(TimePoint::max());
  if (request_.stall_timeout >= kLongest) return;
  const std::chrono::nanoseconds step = ToChrono(request_.stall_timeout / kChecksPerStall);
  next_check_ =
      std::min(next_check_, now + std::max<std::chrono::nanoseconds>(step, kShortestCheck));
}

absl::Status HttpTransfer::CheckTime(TimePoint now) {
  if (deadline_.has_value() && now >= *deadline_) {
    return TransferError(absl::StatusCode::kDeadlineExceeded, "HTTP_TIMEOUT",
                         absl::StrCat("HTTP request took longer than ",
                                      absl::FormatDuration(request_.total_timeout)));
  }
  if (easy_ == nullptr) return absl::OkStatus();
  // A loop that comes late (after SIGSTOP, in a VM that slept) has moved nothing itself, and told
  // nobody to go on: what it missed counts for nothing.
  moved_time_ += now - next_check_;
  const int64_t moved = Moved();
  if (moved != moved_ || now < resume_time_) {
    moved_ = moved;
    moved_time_ = now;
  } else if (now - moved_time_ >= ToChrono(request_.stall_timeout)) {
    return TransferError(absl::StatusCode::kDeadlineExceeded, "HTTP_STALLED",
                         absl::StrCat("HTTP request stalled: no byte moved for ",
                                      absl::FormatDuration(request_.stall_timeout)));
  }
  SetNextCheck(now);
  return absl::OkStatus();
}

absl::StatusOr<HttpResponse> HttpTransfer::Result(CURLcode result) {
  if (result == CURLE_OK) {
    long code = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &code);
    response_.status = static_cast<int>(code);
    response_.content = std::move(content_);
    return std::move(response_);
  }
  if (too_large_) {
    return TransferError(
        absl::StatusCode::kResourceExhausted, "HTTP_ANSWER_TOO_LARGE",
        absl::StrCat("HTTP answer is larger than ",
                     content_ != nullptr ? request_.max_content_bytes : max_response_bytes_,
                     " bytes, which the server may not send"));
  }
  long proxy_status = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  return StatusOf(result, error_, proxy_status);
}

void HttpTransfer::Finish(absl::StatusOr<HttpResponse> response) {
  request_.throttle.Return(std::exchange(taken_, 0));
  std::move(done_)(std::move(response));
}

bool HttpTransfer::HasAnswer() const {
  pollfd state{};
  state.fd = CURL_SOCKET_BAD;
  state.events = POLLIN;
  curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &state.fd);
  return state.fd != CURL_SOCKET_BAD && poll(&state, 1, 0) == 1;
}

size_t HttpTransfer::Allowed(size_t wanted) {
  const Throttle& throttle = request_.throttle;
  if (throttle.empty()) return wanted;
  const TimePoint now = std::chrono::steady_clock::now();
  if (taken_ == 0) {
    taken_ = std::min(throttle.piece(), request_.body->size() - read_offset_);
    resume_time_ = now + ToChrono(throttle.Take(taken_));
  }
  return now < resume_time_ ? 0 : std::min(wanted, static_cast<size_t>(taken_));
}

size_t HttpTransfer::OnRead(char* target, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<HttpTransfer*>(self);
  if (transfer->request_.body == nullptr) return 0;
  if (transfer->read_offset_ == transfer->request_.body->size()) return 0;
  const size_t allowed = transfer->Allowed(size * count);
  if (allowed == 0) {
    transfer->paused_->later.emplace(transfer->resume_time_, transfer->easy_);
    return CURL_READFUNC_PAUSE;
  }
  const size_t copied = transfer->request_.body->Read(transfer->read_offset_, target, allowed);
  // A server that refuses early and closes resets the connection. To send into that fails, and its
  // answer would be lost; copying takes long enough for it to arrive.
  if (copied > 0 && transfer->HasAnswer()) {
    transfer->paused_->now.push_back(transfer->easy_);
    return CURL_READFUNC_PAUSE;
  }
  transfer->read_offset_ += static_cast<int64_t>(copied);
  transfer->taken_ = std::max<int64_t>(transfer->taken_ - static_cast<int64_t>(copied), 0);
  return copied;
}

int HttpTransfer::OnSeek(void* self, curl_off_t offset, int origin) {
  auto* transfer = static_cast<HttpTransfer*>(self);
  const int64_t size = transfer->request_.body == nullptr ? 0 : transfer->request_.body->size();
  if (origin != SEEK_SET || offset < 0 || offset > size) return CURL_SEEKFUNC_FAIL;
  if (transfer->request_.send_once && transfer->read_offset_ > 0) return CURL_SEEKFUNC_FAIL;
  transfer->read_offset_ = offset;
  return CURL_SEEKFUNC_OK;
}

size_t HttpTransfer::OnHeader(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<HttpTransfer*>(self);
  const size_t bytes = size * count;
  transfer->header_bytes_ += static_cast<int64_t>(bytes);
  if (transfer->header_bytes_ > kMaxHeaderBytes) {
    transfer->too_large_ = true;
    return 0;
  }
  const absl::string_view line = absl::StripAsciiWhitespace(absl::string_view(data, bytes));
  if (absl::string_view(data, bytes).substr(0, 5) == "HTTP/") {
    // An answer that comes early may be the end of sending: libcurl must not wait to notice.
    if (transfer->taken_ > 0) transfer->paused_->now.push_back(transfer->easy_);
    // The head of another answer: an interim one came before, or libcurl sent the request again.
    transfer->response_ = HttpResponse();
    transfer->content_ = nullptr;
    return bytes;
  }
  const size_t colon = line.find(':');
  if (colon != absl::string_view::npos) {
    transfer->response_.headers.emplace(
        absl::AsciiStrToLower(line.substr(0, colon)),
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
  }
  return bytes;
}

Buffer* HttpTransfer::ContentSink() {
  if (content_ == nullptr && request_.max_content_bytes > 0) {
    long code = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &code);
    if (code >= 200 && code <= 299) content_ = std::make_shared<Buffer>();
  }
  return content_.get();
}

size_t HttpTransfer::OnBody(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<HttpTransfer*>(self);
  const size_t bytes = size * count;
  Buffer* const content = transfer->ContentSink();
  const int64_t left =
      content != nullptr
          ? transfer->request_.max_content_bytes - content->size()
          : transfer->max_response_bytes_ - static_cast<int64_t>(transfer->response_.body.size());
  if (static_cast<int64_t>(bytes) > left) {
    transfer->too_large_ = true;
    return 0;
  }
  if (content != nullptr) {
    content->Append({data, bytes});
  } else {
    transfer->response_.body.append(data, bytes);
  }
  return bytes;
}

}  // namespace penstock
