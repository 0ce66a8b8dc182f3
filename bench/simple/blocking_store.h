#ifndef PENSTOCK_BENCH_SIMPLE_BLOCKING_STORE_H_
#define PENSTOCK_BENCH_SIMPLE_BLOCKING_STORE_H_

#include <curl/curl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace penstock::bench {

// A multipart upload to a store of bench_sink's kind, over one connection: every call returns when
// the store has answered. Used by one thread.
class BlockingUpload {
 public:
  // `object_url` as http://HOST:PORT/BUCKET/KEY.
  explicit BlockingUpload(std::string object_url);

  absl::Status Initiate();
  absl::Status PutPart(const std::string& bytes);

  struct Published {
    uint64_t crc64 = 0;
    std::string etag;
  };
  absl::StatusOr<Published> Complete();

 private:
  struct Answer {
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
  };

  absl::StatusOr<Answer> Send(const std::string& method, const std::string& query,
                              std::string_view body);

  static size_t OnRead(char* target, size_t size, size_t count, void* unsent);
  static size_t OnHeader(char* line, size_t size, size_t count, void* answer);
  static size_t OnBody(char* data, size_t size, size_t count, void* answer);

  const std::string object_url_;
  const std::unique_ptr<CURL, void (*)(CURL*)> easy_;
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers_;
  std::string upload_id_;
  std::string list_;  // of the parts, as Complete sends it
  int parts_ = 0;
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SIMPLE_BLOCKING_STORE_H_
