#include "bench/direct/put_transfer.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace penstock::bench {
namespace {

constexpr absl::string_view kCrc64Header = "x-oss-hash-crc64ecma:";

}  // namespace

PutTransfer::PutTransfer(const Content& content, int64_t upload_buffer)
    : content_(content),
      easy_(curl_easy_init(), curl_easy_cleanup),
      headers_(curl_slist_append(nullptr, "Expect:"), curl_slist_free_all) {
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(upload_buffer));
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &PutTransfer::OnRead);
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &PutTransfer::OnSeek);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &PutTransfer::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &PutTransfer::OnBody);
}

PutTransfer& PutTransfer::Of(CURL* easy) {
  PutTransfer* transfer = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
  return *transfer;
}

void PutTransfer::Prepare(const std::string& url, int64_t size) {
  size_ = size;
  offset_ = 0;
  told_crc64_ = std::nullopt;
  curl_easy_setopt(easy_.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy_.get(), CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
}

std::string PutTransfer::Problem(CURLcode result) const {
  if (result != CURLE_OK) return curl_easy_strerror(result);
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status == 200 ? "" : absl::StrCat("HTTP ", status);
}

size_t PutTransfer::OnRead(char* target, size_t size, size_t count, void* self) {
  auto* const transfer = static_cast<PutTransfer*>(self);
  const size_t room = size * count;
  size_t filled = 0;
  while (filled < room && transfer->offset_ < transfer->size_) {
    const std::string_view bytes = transfer->content_.At(transfer->offset_, transfer->size_,
                                                         static_cast<int64_t>(room - filled));
    std::memcpy(target + filled, bytes.data(), bytes.size());
    filled += bytes.size();
    transfer->offset_ += static_cast<int64_t>(bytes.size());
  }
  return filled;
}

int PutTransfer::OnSeek(void* self, curl_off_t offset, int origin) {
  auto* const transfer = static_cast<PutTransfer*>(self);
  if (origin != SEEK_SET || offset < 0 || offset > transfer->size_) return CURL_SEEKFUNC_FAIL;
  transfer->offset_ = offset;
  return CURL_SEEKFUNC_OK;
}

size_t PutTransfer::OnHeader(char* line, size_t size, size_t count, void* self) {
  const absl::string_view text(line, size * count);
  const std::string name = absl::AsciiStrToLower(text.substr(0, kCrc64Header.size()));
  if (uint64_t crc64 = 0;
      name == kCrc64Header && absl::SimpleAtoi(text.substr(kCrc64Header.size()), &crc64)) {
    static_cast<PutTransfer*>(self)->told_crc64_ = crc64;
  }
  return text.size();
}

size_t PutTransfer::OnBody(char*, size_t size, size_t count, void*) { return size * count; }

}  // namespace penstock::bench
