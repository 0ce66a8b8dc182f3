#include "client/fake_put_service.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/checksum.h"
#include "base/error.h"

namespace penstock {

v1::SessionOpened FakeStream::Opened(const std::string& prefix, int64_t committed_size) {
  v1::SessionOpened opened;
  opened.mutable_session()->set_session_id("session");
  opened.mutable_session()->set_state(v1::Session::STATE_OPEN);
  opened.mutable_session()->set_epoch(1);
  opened.mutable_session()->set_committed_size(committed_size);
  opened.set_resumed(!prefix.empty());
  opened.set_resume_offset(static_cast<int64_t>(prefix.size()));
  opened.set_resume_crc64_ecma(Crc64(prefix));
  opened.set_max_chunk_bytes(1 << 21);
  opened.mutable_idle_timeout()->set_seconds(600);
  return opened;
}

void FakeStream::Send(const v1::SessionOpened& opened) {
  v1::PutObjectResponse response;
  *response.mutable_opened() = opened;
  stream_.Write(response);
}

void FakeStream::SendProgress(int64_t committed_size) {
  v1::PutObjectResponse response;
  response.mutable_progress()->set_committed_size(committed_size);
  response.mutable_progress()->set_received_size(committed_size);
  stream_.Write(response);
}

void FakeStream::SendDraining(int64_t committed_size) {
  v1::PutObjectResponse response;
  response.mutable_draining()->set_committed_size(committed_size);
  stream_.Write(response);
}

void FakeStream::SendFinished(const std::string& content, bool replayed) {
  v1::PutObjectResponse response;
  v1::StoredObject& object = *response.mutable_finished()->mutable_object();
  object.set_size(static_cast<int64_t>(content.size()));
  object.set_crc64_ecma(Crc64(content));
  object.set_etag("etag");
  response.mutable_finished()->set_replayed(replayed);
  stream_.Write(response);
}

bool FakeStream::ReadBytes(size_t bytes) {
  while (data.size() < bytes) {
    if (!ReadFrame()) return false;
  }
  return true;
}

bool FakeStream::ReadFinish() {
  while (!finish_came) {
    if (!ReadFrame()) return false;
  }
  return true;
}

bool FakeStream::ReadFrame() {
  v1::PutObjectRequest request;
  if (!stream_.Read(&request)) return false;
  if (request.has_open()) open = request.open();
  if (request.has_chunk()) {
    offsets.push_back(request.chunk().offset());
    data += request.chunk().data();
  }
  if (request.has_finish()) {
    finish_came = true;
    finish = request.finish();
  }
  return true;
}

FakePutService::FakePutService(std::vector<Script> scripts)
    : scripts_(scripts.begin(), scripts.end()) {
  char folder[] = "/tmp/penstock-client-XXXXXX";
  folder_ = mkdtemp(folder);
  socket_ = folder_ + "/socket";
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakePutService::~FakePutService() {
  Stop();
  std::filesystem::remove_all(folder_);
}

void FakePutService::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

size_t FakePutService::calls() const {
  MutexLock lock(&mutex_);
  return calls_;
}

grpc::Status FakePutService::PutObject(grpc::ServerContext*, FakeStream::Stream* stream) {
  Script script = [](FakeStream&) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "UNEXPECTED_CALL", "no script is left");
  };
  {
    MutexLock lock(&mutex_);
    ++calls_;
    if (!scripts_.empty()) {
      script = std::move(scripts_.front());
      scripts_.pop_front();
    }
  }
  FakeStream fake(*stream);
  v1::PutObjectRequest request;
  if (stream->Read(&request)) fake.open = request.open();
  const absl::Status status = script(fake);
  if (status.ok()) return grpc::Status::OK;
  const std::string details =
      ErrorReason(status).empty() ? std::string() : EncodeStatusDetails(status);
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message()), details};
}

}  // namespace penstock
