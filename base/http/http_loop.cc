#include "base/http/http_loop.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/error.h"
#include "base/fair_queue.h"
#include "base/http/http_transfer.h"
#include "base/mutex.h"

namespace penstock {
namespace {

using TimePoint = HttpTransfer::TimePoint;

TimePoint Now() { return std::chrono::steady_clock::now(); }

void InitLibcurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// Signals are for the program's main thread, and a TLS connection that the server has closed would
// raise SIGPIPE here.
void BlockSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

absl::Status Cancelled() {
  return MakeError(absl::StatusCode::kCancelled, "HTTP_CANCELLED",
                   "HTTP request cancelled: this process is going down");
}

}  // namespace

std::string HttpResponse::Header(const std::string& name) const {
  const auto it = headers.find(name);
  return it == headers.end() ? std::string() : it->second;
}

class HttpLoop::Impl {
 public:
  explicit Impl(HttpLoopOptions options);
  ~Impl();

  void Send(HttpRequest request, Callback done);

 private:
  void Run();
  void Wait();
  void TakeRequests();
  void AddWaiting(std::unique_ptr<HttpTransfer> transfer);
  void ResumePaused();
  void StartWaiting();
  void Start(std::unique_ptr<HttpTransfer> transfer);
  void Collect();
  void CheckTimes();
  void CancelAll();

  // Takes a transfer out of libcurl, keeps its handle for the next one and answers its caller.
  void End(CURL* easy, absl::StatusOr<HttpResponse> response);

  static int OnSocket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  const HttpLoopOptions options_;
  const int epoll_;
  const int wakeup_;  // an eventfd
  CURLM* const multi_;

  Mutex mutex_;  // guards what follows
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<HttpTransfer>> incoming_ ABSL_GUARDED_BY(mutex_);

  // Touched by the loop's thread only.
  bool stop_seen_ = false;
  FairQueue<std::unique_ptr<HttpTransfer>> waiting_;  // for a connection
  std::unordered_map<CURL*, std::unique_ptr<HttpTransfer>> active_;
  HttpTransfer::Paused paused_;
  std::vector<CURL*> spare_;
  std::optional<TimePoint> curl_timer_;
  TimePoint next_check_ = TimePoint::max();  // no transfer is due earlier

  std::thread thread_;
};

HttpLoop::Impl::Impl(HttpLoopOptions options)
    : options_(std::move(options)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wakeup_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      multi_((InitLibcurl(), curl_multi_init())) {
  // Without these no request can ever be sent, and only the start of the process gets here.
  if (epoll_ < 0 || wakeup_ < 0 || multi_ == nullptr) std::abort();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wakeup_;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &event) != 0) std::abort();
  const long connections = std::max(1, options_.max_connections);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Impl::OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Impl::OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  thread_ = std::thread([this] { Run(); });
}

HttpLoop::Impl::~Impl() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  eventfd_write(wakeup_, 1);
  thread_.join();
  curl_multi_cleanup(multi_);
  close(wakeup_);
  close(epoll_);
}

void HttpLoop::Impl::Send(HttpRequest request, Callback done) {
  auto transfer = std::make_unique<HttpTransfer>(std::move(request), std::move(done), Now());
  bool wake = false;
  {
    MutexLock lock(&mutex_);
    wake = incoming_.empty();
    incoming_.push_back(std::move(transfer));
  }
  if (wake) eventfd_write(wakeup_, 1);
}

void HttpLoop::Impl::Run() {
  BlockSignals();
  while (!stop_seen_) {
    Wait();
    TakeRequests();
    if (curl_timer_.has_value() && *curl_timer_ <= Now()) {
      curl_timer_.reset();
      int running = 0;
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    Collect();
    CheckTimes();
    ResumePaused();
    StartWaiting();
  }
  CancelAll();
}

// Waits until something can be done, and tells libcurl of the sockets that are ready.
void HttpLoop::Impl::Wait() {
  TimePoint due = next_check_;
  if (curl_timer_.has_value()) due = std::min(due, *curl_timer_);
  if (!paused_.later.empty()) due = std::min(due, paused_.later.begin()->first);
  int timeout_ms = -1;
  if (due != TimePoint::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Now()).count();
    timeout_ms = static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
  }
  constexpr int kMost = 128;
  epoll_event events[kMost];
  const int count = epoll_wait(epoll_, events, kMost, timeout_ms);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.fd == wakeup_) {
      eventfd_t ignored;
      eventfd_read(wakeup_, &ignored);
      continue;
    }
    // An answer that came before the connection broke is read before the break is noticed: hence
    // "readable" wherever the kernel says so, and "broken" only alone.
    int what = 0;
    if (events[i].events & EPOLLIN) what |= CURL_CSELECT_IN;
    if (events[i].events & EPOLLOUT) what |= CURL_CSELECT_OUT;
    if (what == 0) what = CURL_CSELECT_ERR;
    int running = 0;
    curl_multi_socket_action(multi_, events[i].data.fd, what, &running);
  }
}

void HttpLoop::Impl::TakeRequests() {
  std::vector<std::unique_ptr<HttpTransfer>> incoming;
  {
    MutexLock lock(&mutex_);
    incoming.swap(incoming_);
    stop_seen_ = stopping_;
  }
  for (auto& transfer : incoming) {
    next_check_ = std::min(next_check_, transfer->next_check());
    AddWaiting(std::move(transfer));
  }
}

void HttpLoop::Impl::AddWaiting(std::unique_ptr<HttpTransfer> transfer) {
  const std::string flow = transfer->flow();
  waiting_.Push(flow, std::move(transfer));
}

// Lets transfers go on sending; libcurl reads first what is there to be read.
void HttpLoop::Impl::ResumePaused() {
  std::vector<CURL*> paused;
  paused.swap(paused_.now);
  const auto due = paused_.later.upper_bound(Now());
  for (auto it = paused_.later.begin(); it != due; ++it) paused.push_back(it->second);
  paused_.later.erase(paused_.later.begin(), due);
  for (CURL* easy : paused) {
    if (active_.contains(easy)) curl_easy_pause(easy, CURLPAUSE_CONT);
  }
}

void HttpLoop::Impl::StartWaiting() {
  const size_t most = static_cast<size_t>(std::max(1, options_.max_connections));
  while (!waiting_.empty() && active_.size() < most) Start(waiting_.Pop());
}

void HttpLoop::Impl::Start(std::unique_ptr<HttpTransfer> transfer) {
  CURL* easy = nullptr;
  if (spare_.empty()) {
    easy = curl_easy_init();
  } else {
    easy = spare_.back();
    spare_.pop_back();
    curl_easy_reset(easy);
  }
  if (easy == nullptr) {
    transfer->Finish(MakeError(absl::StatusCode::kUnavailable, "HTTP_FAILED",
                               "HTTP request failed: libcurl has no memory"));
    return;
  }
  absl::Status status = transfer->Prepare(easy, options_, Now(), paused_);
  HttpTransfer* const started = transfer.get();
  active_.emplace(easy, std::move(transfer));
  if (status.ok()) {
    next_check_ = std::min(next_check_, started->next_check());
    if (curl_multi_add_handle(multi_, easy) == CURLM_OK) return;
    status = MakeError(absl::StatusCode::kUnavailable, "HTTP_FAILED",
                       "HTTP request failed: libcurl refused it");
  }
  End(easy, std::move(status));
}

void HttpLoop::Impl::Collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode result = message->data.result;
    End(easy, active_.at(easy)->Result(result));
  }
}

void HttpLoop::Impl::CheckTimes() {
  const TimePoint now = Now();
  if (now < next_check_) return;
  std::vector<std::pair<CURL*, absl::Status>> late;
  TimePoint next = TimePoint::max();
  for (const auto& [easy, transfer] : active_) {
    if (transfer->next_check() <= now) {
      if (absl::Status status = transfer->CheckTime(now); !status.ok()) {
        late.emplace_back(easy, std::move(status));
        continue;
      }
    }
    next = std::min(next, transfer->next_check());
  }
  for (auto& [easy, status] : late) End(easy, std::move(status));

  FairQueue<std::unique_ptr<HttpTransfer>> waiting = std::exchange(waiting_, {});
  while (!waiting.empty()) {
    std::unique_ptr<HttpTransfer> transfer = waiting.Pop();
    if (absl::Status status = transfer->CheckTime(now); !status.ok()) {
      transfer->Finish(std::move(status));
      continue;
    }
    next = std::min(next, transfer->next_check());
    AddWaiting(std::move(transfer));
  }
  next_check_ = next;
}

void HttpLoop::Impl::End(CURL* easy, absl::StatusOr<HttpResponse> response) {
  const auto it = active_.find(easy);
  const std::unique_ptr<HttpTransfer> transfer = std::move(it->second);
  active_.erase(it);
  curl_multi_remove_handle(multi_, easy);
  spare_.push_back(easy);
  transfer->Finish(std::move(response));
}

void HttpLoop::Impl::CancelAll() {
  // A callback may send once more while the loop ends: that one is cancelled too.
  while (true) {
    while (!active_.empty()) End(active_.begin()->first, Cancelled());
    TakeRequests();
    if (waiting_.empty()) break;
    FairQueue<std::unique_ptr<HttpTransfer>> waiting = std::exchange(waiting_, {});
    while (!waiting.empty()) waiting.Pop()->Finish(Cancelled());
  }
  for (CURL* easy : spare_) curl_easy_cleanup(easy);
}

int HttpLoop::Impl::OnSocket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
  auto* impl = static_cast<Impl*>(self);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(impl->epoll_, EPOLL_CTL_DEL, socket, nullptr);
    curl_multi_assign(impl->multi_, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  event.data.fd = socket;
  if (what & CURL_POLL_IN) event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  const int operation = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(impl->epoll_, operation, socket, &event) != 0) {
    epoll_ctl(impl->epoll_, operation == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket,
              &event);
  }
  curl_multi_assign(impl->multi_, socket, impl);
  return 0;
}

int HttpLoop::Impl::OnTimer(CURLM*, long timeout_ms, void* self) {
  auto* impl = static_cast<Impl*>(self);
  if (timeout_ms < 0) {
    impl->curl_timer_.reset();
  } else {
    impl->curl_timer_ = Now() + std::chrono::milliseconds(timeout_ms);
  }
  return 0;
}

HttpLoop::HttpLoop(HttpLoopOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

HttpLoop::~HttpLoop() = default;

void HttpLoop::Send(HttpRequest request, Callback done) {
  impl_->Send(std::move(request), std::move(done));
}

}  // namespace penstock
