#include "client/fake_object_service.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/error.h"

namespace penstock {
namespace {

constexpr int64_t kChunk = 100;
constexpr int kPage = 2;

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string details =
      ErrorReason(status).empty() ? std::string() : EncodeStatusDetails(status);
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message()), details};
}

// What a list tells of a key: itself, or the prefix that it falls under.
std::string EntryOf(const std::string& key, const v1::ListObjectsRequest& request) {
  if (request.delimiter().empty()) return key;
  const size_t end = key.find(request.delimiter(), request.prefix().size());
  return end == std::string::npos ? key : key.substr(0, end + 1);
}

}  // namespace

FakeRead::FakeRead(grpc::ServerContext& context, const v1::ReadObjectRequest& asked,
                   v1::StoredObject stored, std::string bytes,
                   grpc::ServerWriter<v1::ReadObjectResponse>& writer)
    : request(asked),
      object(std::move(stored)),
      content(std::move(bytes)),
      context_(context),
      writer_(writer),
      offset_(asked.offset()),
      end_(static_cast<int64_t>(content.size())) {
  if (asked.has_length()) end_ = std::min(end_, offset_ + asked.length());
}

void FakeRead::Open() {
  v1::ReadObjectResponse response;
  *response.mutable_opened()->mutable_object() = object;
  response.mutable_opened()->set_offset(offset_);
  response.mutable_opened()->set_length(end_ - offset_);
  writer_.Write(response);
}

void FakeRead::SendChunk(int64_t size) {
  v1::ReadObjectResponse response;
  v1::ObjectChunk& chunk = *response.mutable_chunk();
  chunk.set_offset(offset_);
  chunk.set_data(content.substr(static_cast<size_t>(offset_), static_cast<size_t>(size)));
  chunk.set_crc32c(Crc32c(chunk.data()));
  offset_ += size;
  writer_.Write(response);
}

absl::Status FakeRead::ReadAll() {
  if (!request.if_match().empty() && request.if_match() != object.etag()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "OBJECT_CHANGED", "it is another one");
  }
  Open();
  while (offset_ < end_) SendChunk(std::min(kChunk, end_ - offset_));
  return absl::OkStatus();
}

// A synchronous server is not told: it has to look.
void FakeRead::AwaitCancellation() {
  Mutex mutex;
  MutexLock lock(&mutex);
  while (!context_.IsCancelled()) {
    mutex.AwaitWithTimeout([] { return false; }, absl::Milliseconds(1));
  }
}

FakeObjectService::FakeObjectService() {
  char folder[] = "/tmp/penstock-client-XXXXXX";
  folder_ = mkdtemp(folder);
  socket_ = folder_ + "/socket";
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeObjectService::~FakeObjectService() {
  Stop();
  std::filesystem::remove_all(folder_);
}

void FakeObjectService::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

v1::StoredObject& FakeObjectService::Put(const std::string& bucket, const std::string& key,
                                         const std::string& content) {
  MutexLock lock(&mutex_);
  Object& object = objects_[{bucket, key}];
  object.content = content;
  v1::StoredObject& description = object.description;
  description.set_remote("hangzhou");
  description.set_bucket(bucket);
  description.set_key(key);
  description.set_size(static_cast<int64_t>(content.size()));
  description.set_crc64_ecma(Crc64(content));
  description.set_etag(absl::StrCat("etag-", absl::Hex(Crc64(content))));
  description.mutable_update_time()->set_seconds(1'700'000'000);
  return description;
}

bool FakeObjectService::Has(const std::string& bucket, const std::string& key) const {
  MutexLock lock(&mutex_);
  return objects_.count({bucket, key}) > 0;
}

void FakeObjectService::FailNext(const absl::Status& status) {
  MutexLock lock(&mutex_);
  next_statuses_.push_back(status);
}

absl::Status FakeObjectService::TakeStatus() {
  MutexLock lock(&mutex_);
  if (next_statuses_.empty()) return absl::OkStatus();
  const absl::Status status = next_statuses_.front();
  next_statuses_.pop_front();
  return status;
}

void FakeObjectService::OnRead(ReadScript script) {
  MutexLock lock(&mutex_);
  read_scripts_.push_back(std::move(script));
}

void FakeObjectService::FailDelete(const std::string& key, const absl::Status& status) {
  MutexLock lock(&mutex_);
  delete_errors_[key] = status;
}

std::vector<int64_t> FakeObjectService::read_offsets() const {
  MutexLock lock(&mutex_);
  return read_offsets_;
}

std::vector<v1::ListObjectsRequest> FakeObjectService::list_requests() const {
  MutexLock lock(&mutex_);
  return list_requests_;
}

std::vector<size_t> FakeObjectService::delete_sizes() const {
  MutexLock lock(&mutex_);
  return delete_sizes_;
}

std::vector<v1::CopyObjectRequest> FakeObjectService::copy_requests() const {
  MutexLock lock(&mutex_);
  return copy_requests_;
}

absl::Status FakeObjectService::Find(const v1::ObjectName& name, Object& found) const {
  MutexLock lock(&mutex_);
  const auto object = objects_.find({name.bucket(), name.key()});
  if (object == objects_.end()) {
    return MakeError(absl::StatusCode::kNotFound, "NO_SUCH_OBJECT", "there is no such object");
  }
  found = object->second;
  return absl::OkStatus();
}

grpc::Status FakeObjectService::StatObject(grpc::ServerContext*,
                                           const v1::StatObjectRequest* request,
                                           v1::StatObjectResponse* response) {
  if (const absl::Status status = TakeStatus(); !status.ok()) return ToGrpc(status);
  Object object;
  const absl::Status status = Find(request->object(), object);
  *response->mutable_object() = object.description;
  return ToGrpc(status);
}

grpc::Status FakeObjectService::ReadObject(grpc::ServerContext* context,
                                           const v1::ReadObjectRequest* request,
                                           grpc::ServerWriter<v1::ReadObjectResponse>* writer) {
  ReadScript script = [](FakeRead& read) { return read.ReadAll(); };
  {
    MutexLock lock(&mutex_);
    read_offsets_.push_back(request->offset());
    if (!read_scripts_.empty()) {
      script = std::move(read_scripts_.front());
      read_scripts_.pop_front();
    }
  }
  Object object;
  if (const absl::Status status = Find(request->object(), object); !status.ok()) {
    return ToGrpc(status);
  }
  FakeRead read(*context, *request, object.description, object.content, *writer);
  return ToGrpc(script(read));
}

grpc::Status FakeObjectService::ListObjects(grpc::ServerContext*,
                                            const v1::ListObjectsRequest* request,
                                            v1::ListObjectsResponse* response) {
  if (const absl::Status status = TakeStatus(); !status.ok()) return ToGrpc(status);
  MutexLock lock(&mutex_);
  list_requests_.push_back(*request);
  std::string last = request->page_token();
  for (const auto& [name, object] : objects_) {
    const auto& [bucket, key] = name;
    if (bucket != request->bucket() || !absl::StartsWith(key, request->prefix())) continue;
    const std::string entry = EntryOf(key, *request);
    if (entry <= last) continue;
    if (response->objects_size() + response->prefixes_size() == kPage) {
      response->set_next_page_token(last);
      break;
    }
    last = entry;
    if (entry != key) {
      response->add_prefixes(entry);
      continue;
    }
    v1::ListedObject& listed = *response->add_objects();
    *listed.mutable_object() = object.description;
    listed.set_complete(request->view() == v1::OBJECT_VIEW_FULL);
    if (listed.complete()) continue;
    listed.mutable_object()->clear_crc64_ecma();
    listed.mutable_object()->clear_metadata();
  }
  return grpc::Status::OK;
}

grpc::Status FakeObjectService::DeleteObjects(grpc::ServerContext*,
                                              const v1::DeleteObjectsRequest* request,
                                              v1::DeleteObjectsResponse* response) {
  if (const absl::Status status = TakeStatus(); !status.ok()) return ToGrpc(status);
  MutexLock lock(&mutex_);
  delete_sizes_.push_back(static_cast<size_t>(request->keys_size()));
  for (const std::string& key : request->keys()) {
    const auto error = delete_errors_.find(key);
    if (error == delete_errors_.end()) {
      objects_.erase({request->bucket(), key});
      continue;
    }
    v1::DeleteFailure& failure = *response->add_failures();
    failure.set_key(key);
    failure.set_code(static_cast<int>(error->second.code()));
    failure.set_reason(ErrorReason(error->second));
    failure.set_message(std::string(error->second.message()));
  }
  return grpc::Status::OK;
}

grpc::Status FakeObjectService::CopyObject(grpc::ServerContext*,
                                           const v1::CopyObjectRequest* request,
                                           v1::CopyObjectResponse* response) {
  if (const absl::Status status = TakeStatus(); !status.ok()) return ToGrpc(status);
  Object object;
  if (const absl::Status status = Find(request->source(), object); !status.ok()) {
    return ToGrpc(status);
  }
  MutexLock lock(&mutex_);
  copy_requests_.push_back(*request);
  object.description.set_bucket(request->target().bucket());
  object.description.set_key(request->target().key());
  *response->mutable_object() = object.description;
  objects_[{request->target().bucket(), request->target().key()}] = std::move(object);
  return grpc::Status::OK;
}

grpc::Status FakeObjectService::ListBuckets(grpc::ServerContext*, const v1::ListBucketsRequest*,
                                            v1::ListBucketsResponse* response) {
  if (const absl::Status status = TakeStatus(); !status.ok()) return ToGrpc(status);
  MutexLock lock(&mutex_);
  std::string last;
  for (const auto& [name, object] : objects_) {
    if (name.first == last) continue;
    last = name.first;
    response->add_buckets()->set_name(last);
  }
  return grpc::Status::OK;
}

}  // namespace penstock
