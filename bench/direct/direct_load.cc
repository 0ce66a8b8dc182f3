#include "bench/direct/direct_load.h"

#include <curl/curl.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "bench/direct/put_transfer.h"
#include "bench/support/report.h"

namespace penstock::bench {
namespace {

class DirectLoad {
 public:
  DirectLoad(const DirectOptions& options, const Content& content)
      : options_(options),
        // No run meets what another one put.
        prefix_(absl::StrCat(options.url, "/bench/", ToHex(SecureRandom().Bytes(8)), "-")),
        multi_(curl_multi_init(), curl_multi_cleanup) {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options.parallel));
    for (int i = 0; i < options.parallel; ++i) {
      transfers_.emplace_back(content, options.upload_buffer);
    }
  }

  nlohmann::ordered_json Run() {
    const Stopwatch stopwatch;
    for (PutTransfer& transfer : transfers_) StartNext(transfer);
    while (running_ > 0) {
      int ignored = 0;
      curl_multi_perform(multi_.get(), &ignored);
      // What has just begun is to be performed before it is waited for.
      if (!FinishEnded()) curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr);
    }
    nlohmann::ordered_json json = {{"seconds", stopwatch.seconds()},
                                   {"bytes", bytes_},
                                   {"cpu_seconds", stopwatch.cpu_seconds()},
                                   {"errors", errors_},
                                   {"wrong_crc", wrong_},
                                   {"objects", options_.objects}};
    if (!first_error_.empty()) json["first_error"] = first_error_;
    return json;
  }

 private:
  static constexpr int kPollMs = 1000;

  void StartNext(PutTransfer& transfer) {
    if (object_ == options_.objects) return;
    const int64_t most = options_.part_size > 0 ? options_.part_size : options_.bytes;
    const int64_t size = std::min(most, options_.bytes - offset_);
    transfer.Prepare(absl::StrCat(prefix_, object_, "-", offset_), size);
    offset_ += size;
    if (offset_ >= options_.bytes) {
      ++object_;
      offset_ = 0;
    }
    curl_multi_add_handle(multi_.get(), transfer.easy());
    ++running_;
  }

  // Whether any has ended. Each goes on with what is to be put next.
  bool FinishEnded() {
    bool any = false;
    int ignored = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &ignored)) {
      CURL* const easy = message->easy_handle;
      const CURLcode result = message->data.result;  // gone with the handle
      curl_multi_remove_handle(multi_.get(), easy);
      --running_;
      any = true;
      Finish(PutTransfer::Of(easy), result);
    }
    return any;
  }

  void Finish(PutTransfer& transfer, CURLcode result) {
    const std::string problem = transfer.Problem(result);
    if (problem.empty()) {
      bytes_ += transfer.size();
      wrong_ += transfer.HasRightCrc() ? 0 : 1;
    } else {
      ++errors_;
      if (first_error_.empty()) first_error_ = problem;
    }
    StartNext(transfer);
  }

  const DirectOptions& options_;
  const std::string prefix_;
  const std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi_;
  std::deque<PutTransfer> transfers_;  // they stay where they are
  int running_ = 0;

  int object_ = 0;      // the next to put something of
  int64_t offset_ = 0;  // from here on
  int64_t bytes_ = 0;
  int64_t errors_ = 0;
  int64_t wrong_ = 0;
  std::string first_error_;
};

}  // namespace

nlohmann::ordered_json RunDirect(const DirectOptions& options, const Content& content) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return DirectLoad(options, content).Run();
}

}  // namespace penstock::bench
