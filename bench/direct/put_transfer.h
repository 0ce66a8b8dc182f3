#ifndef PENSTOCK_BENCH_DIRECT_PUT_TRANSFER_H_
#define PENSTOCK_BENCH_DIRECT_PUT_TRANSFER_H_

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bench/support/content.h"

namespace penstock::bench {

// A libcurl handle that puts the first bytes of a content, again and again.
class PutTransfer {
 public:
  // `upload_buffer` in bytes, as libcurl allows (16 KiB to 2 MiB).
  PutTransfer(const Content& content, int64_t upload_buffer);
  PutTransfer(const PutTransfer&) = delete;
  PutTransfer& operator=(const PutTransfer&) = delete;

  CURL* easy() { return easy_.get(); }
  static PutTransfer& Of(CURL* easy);

  // Says what to put next.
  void Prepare(const std::string& url, int64_t size);

  int64_t size() const { return size_; }

  // What is wrong with how it ended, after libcurl's `result`: empty, or for people.
  std::string Problem(CURLcode result) const;

  // Whether the answer told the CRC-64 of what was put.
  bool HasRightCrc() const { return told_crc64_ == content_.Crc64(size_); }

 private:
  static size_t OnRead(char* target, size_t size, size_t count, void* self);
  static int OnSeek(void* self, curl_off_t offset, int origin);
  static size_t OnHeader(char* line, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);

  const Content& content_;
  const std::unique_ptr<CURL, void (*)(CURL*)> easy_;
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers_;
  int64_t size_ = 0;
  int64_t offset_ = 0;  // of the next byte to send
  std::optional<uint64_t> told_crc64_;
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_DIRECT_PUT_TRANSFER_H_
