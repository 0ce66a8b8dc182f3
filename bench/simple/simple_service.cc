#include "bench/simple/simple_service.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/simple/blocking_store.h"

namespace penstock::bench {
namespace {

constexpr size_t kPartBytes = size_t{8} << 20;
constexpr int kMaxChunkBytes = 2 << 20;

grpc::Status Failed(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

// Receives the chunks and puts them; answers what was published when `finish` came.
absl::StatusOr<v1::StoredObject> PutAll(SimpleService::Stream& stream, const std::string& url) {
  BlockingUpload upload(url);
  PENSTOCK_RETURN_IF_ERROR(upload.Initiate());
  std::string part;
  int64_t size = 0;
  v1::PutObjectRequest request;
  while (stream.Read(&request) && request.has_chunk()) {
    part += request.chunk().data();
    size += static_cast<int64_t>(request.chunk().data().size());
    if (part.size() < kPartBytes) continue;
    PENSTOCK_RETURN_IF_ERROR(upload.PutPart(part));
    part.clear();
  }
  if (!request.has_finish()) return absl::FailedPreconditionError("the stream was not finished");
  if (!part.empty()) PENSTOCK_RETURN_IF_ERROR(upload.PutPart(part));
  PENSTOCK_ASSIGN_OR_RETURN(const BlockingUpload::Published published, upload.Complete());
  v1::StoredObject object;
  object.set_size(size);
  object.set_crc64_ecma(published.crc64);
  object.set_etag(published.etag);
  return object;
}

}  // namespace

grpc::Status SimpleService::PutObject(grpc::ServerContext*, Stream* stream) {
  v1::PutObjectRequest open;
  if (!stream->Read(&open) || !open.has_open()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "expected `open` first"};
  }
  v1::PutObjectResponse response;
  response.mutable_opened()->set_max_chunk_bytes(kMaxChunkBytes);
  stream->Write(response);
  const v1::ObjectSpec& object = open.open().object();
  const std::string url = absl::StrCat(store_url_, "/", object.bucket(), "/", object.key());
  absl::StatusOr<v1::StoredObject> stored = PutAll(*stream, url);
  if (!stored.ok()) return Failed(stored.status());
  *response.mutable_finished()->mutable_object() = *std::move(stored);
  stream->Write(response);
  return grpc::Status::OK;
}

}  // namespace penstock::bench
