#include "bench/simple/blocking_store.h"

#include <algorithm>
#include <cstring>
#include <pugixml.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace penstock::bench {

BlockingUpload::BlockingUpload(std::string object_url)
    : object_url_(std::move(object_url)),
      easy_(curl_easy_init(), curl_easy_cleanup),
      headers_(curl_slist_append(nullptr, "Expect:"), curl_slist_free_all) {
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &BlockingUpload::OnRead);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &BlockingUpload::OnHeader);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &BlockingUpload::OnBody);
}

absl::Status BlockingUpload::Initiate() {
  PENSTOCK_ASSIGN_OR_RETURN(const Answer answer, Send("POST", "?uploads", ""));
  pugi::xml_document document;
  document.load_buffer(answer.body.data(), answer.body.size());
  upload_id_ = document.child("InitiateMultipartUploadResult").child_value("UploadId");
  return upload_id_.empty() ? absl::UnavailableError("the store gave no upload id")
                            : absl::OkStatus();
}

absl::Status BlockingUpload::PutPart(const std::string& bytes) {
  const std::string query = absl::StrCat("?uploadId=", upload_id_, "&partNumber=", ++parts_);
  PENSTOCK_ASSIGN_OR_RETURN(Answer answer, Send("PUT", query, bytes));
  absl::StrAppend(&list_, "<Part><PartNumber>", parts_, "</PartNumber><ETag>",
                  answer.headers["etag"], "</ETag></Part>");
  return absl::OkStatus();
}

absl::StatusOr<BlockingUpload::Published> BlockingUpload::Complete() {
  const std::string xml =
      absl::StrCat("<CompleteMultipartUpload>", list_, "</CompleteMultipartUpload>");
  PENSTOCK_ASSIGN_OR_RETURN(Answer answer,
                            Send("POST", absl::StrCat("?uploadId=", upload_id_), xml));
  Published published;
  published.etag = answer.headers["etag"];
  if (!absl::SimpleAtoi(answer.headers["x-oss-hash-crc64ecma"], &published.crc64)) {
    return absl::UnavailableError("the store told no CRC-64");
  }
  return published;
}

absl::StatusOr<BlockingUpload::Answer> BlockingUpload::Send(const std::string& method,
                                                            const std::string& query,
                                                            std::string_view body) {
  Answer answer;
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, absl::StrCat(object_url_, query).c_str());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_READDATA, &body);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
  const CURLcode result = curl_easy_perform(easy);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (result != CURLE_OK) return absl::UnavailableError(curl_easy_strerror(result));
  if (status != 200) return absl::UnavailableError(absl::StrCat("the store answered ", status));
  return answer;
}

size_t BlockingUpload::OnRead(char* target, size_t size, size_t count, void* unsent) {
  auto* const bytes = static_cast<std::string_view*>(unsent);
  const size_t copied = std::min(size * count, bytes->size());
  std::memcpy(target, bytes->data(), copied);
  bytes->remove_prefix(copied);
  return copied;
}

size_t BlockingUpload::OnHeader(char* line, size_t size, size_t count, void* answer) {
  const absl::string_view text(line, size * count);
  const size_t colon = text.find(':');
  if (colon != absl::string_view::npos) {
    static_cast<Answer*>(answer)->headers[absl::AsciiStrToLower(text.substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(text.substr(colon + 1)));
  }
  return text.size();
}

size_t BlockingUpload::OnBody(char* data, size_t size, size_t count, void* answer) {
  static_cast<Answer*>(answer)->body.append(data, size * count);
  return size * count;
}

}  // namespace penstock::bench
