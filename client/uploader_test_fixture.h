#ifndef PENSTOCK_CLIENT_UPLOADER_TEST_FIXTURE_H_
#define PENSTOCK_CLIENT_UPLOADER_TEST_FIXTURE_H_

// What the tests of the uploader share.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "client/fake_put_service.h"
#include "client/uploader.h"

namespace penstock {

inline constexpr int64_t kChunk = 100;

inline std::string MakeContent(size_t size) {
  std::string content(size, '\0');
  for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 131 + i / 251);
  return content;
}

// A source over a string. Counts what is read.
struct Memory {
  std::string content;
  int64_t bytes_read = 0;

  std::unique_ptr<Source> MakeSource() {
    return MakeCallbackSource(
        [this](int64_t offset) -> absl::StatusOr<SourceReader> {
          return [this, at = static_cast<size_t>(offset)](
                     char* buffer, size_t capacity) mutable -> absl::StatusOr<size_t> {
            const size_t count = content.copy(buffer, capacity, at);
            at += count;
            bytes_read += static_cast<int64_t>(count);
            return count;
          };
        },
        static_cast<int64_t>(content.size()));
  }
};

inline UploadOptions QuickOptions() {
  UploadOptions options;
  options.session_token = "token-of-the-uploader-test";
  options.chunk_bytes = kChunk;
  options.first_retry_delay = absl::Milliseconds(1);
  options.max_retry_delay = absl::Milliseconds(5);
  options.give_up_after = absl::Seconds(60);
  return options;
}

inline absl::Status Resumable() {
  return MakeError(absl::StatusCode::kUnavailable, "DRAINING", "going away", {},
                   absl::Milliseconds(1));
}

inline v1::ObjectSpec Spec() {
  v1::ObjectSpec spec;
  spec.set_remote("hangzhou");
  spec.set_bucket("bucket");
  spec.set_key("key");
  return spec;
}

// Takes everything from `prefix` on and finishes.
inline absl::Status TakeTheRest(FakeStream& stream, const std::string& prefix,
                                int64_t committed_size) {
  stream.Send(FakeStream::Opened(prefix, committed_size));
  if (!stream.ReadFinish()) return absl::InternalError("no finish");
  stream.SendFinished(prefix + stream.data);
  return absl::OkStatus();
}

// Puts 1,050 bytes, in chunks of 100.
class UploaderTest : public ::testing::Test {
 protected:
  absl::StatusOr<UploadResult> Put(FakePutService& service, Source& source,
                                   UploadObserver* observer = nullptr,
                                   UploadOptions options = QuickOptions()) {
    Uploader uploader({service.address()});
    return uploader.Put(source, Spec(), options, observer);
  }

  const std::string content_ = MakeContent(1050);
  Memory memory_{content_};
};

// Cancels when something happens.
class Canceller final : public UploadObserver {
 public:
  explicit Canceller(bool on_retry) : on_retry_(on_retry) {}
  void OnProgress(const UploadProgress&) override {
    if (!on_retry_) uploader->Cancel();
  }
  void OnRetry(const TransferRetry&) override {
    if (on_retry_) uploader->Cancel();
  }
  Uploader* uploader = nullptr;

 private:
  const bool on_retry_;
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_UPLOADER_TEST_FIXTURE_H_
