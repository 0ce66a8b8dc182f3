#ifndef PENSTOCK_SERVER_OBJECTS_READER_TEST_UTIL_H_
#define PENSTOCK_SERVER_OBJECTS_READER_TEST_UTIL_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "base/checksum.h"
#include "base/mutex.h"
#include "server/objects/object_reader.h"

namespace penstock {

// The client's side of a read: takes what comes at once, or when it is told to. Checks that chunks
// have no gaps and are what their CRC-32C says. Thread-safe.
class FakeSink final : public ReadSink {
 public:
  explicit FakeSink(bool takes_at_once = true) : takes_at_once_(takes_at_once) {}

  // The reader learns from it what was taken.
  void Serve(std::shared_ptr<ObjectReader> reader) {
    MutexLock lock(&mutex_);
    reader_ = std::move(reader);
  }

  // Takes what was sent last, of one that does not take by itself.
  void Take() {
    std::shared_ptr<ObjectReader> reader;
    {
      MutexLock lock(&mutex_);
      untaken_ = false;
      reader = reader_;
    }
    reader->OnTaken();
  }
  // Blocks until there is something to take, or nothing more comes.
  void AwaitMessage() {
    const auto arrived = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return untaken_ || end_.has_value();
    };
    MutexLock lock(&mutex_);
    mutex_.Await(arrived);
  }

  // Takes all by itself from now on.
  void TakeAll() {
    bool take = false;
    {
      MutexLock lock(&mutex_);
      takes_at_once_ = true;
      take = untaken_;
    }
    if (take) Take();
  }

  // Waits for the end, and lets the reader go.
  absl::Status Await() {
    const auto ended = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return end_.has_value(); };
    MutexLock lock(&mutex_);
    mutex_.Await(ended);
    reader_ = nullptr;
    return *end_;
  }

  OpenedObject opened() {
    MutexLock lock(&mutex_);
    return opened_.value();
  }
  bool is_open() {
    MutexLock lock(&mutex_);
    return opened_.has_value();
  }
  std::string bytes() {
    MutexLock lock(&mutex_);
    return bytes_;
  }
  bool broken() {
    MutexLock lock(&mutex_);
    return broken_;
  }

  void SendOpened(const OpenedObject& opened) override {
    {
      MutexLock lock(&mutex_);
      EXPECT_FALSE(opened_.has_value());
      opened_ = opened;
    }
    OnMessage();
  }
  void SendChunk(const ReadChunk& chunk) override {
    {
      MutexLock lock(&mutex_);
      EXPECT_EQ(chunk.offset, opened_->offset + std::ssize(bytes_));
      EXPECT_EQ(chunk.crc32c, Crc32c(chunk.data));
      bytes_ += chunk.data;
    }
    OnMessage();
  }
  void End(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(untaken_) << "a message was not taken";
    EXPECT_FALSE(end_.has_value());
    end_ = status;
  }
  void Break(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(end_.has_value());
    broken_ = true;
    end_ = status;
  }

 private:
  void OnMessage() {
    {
      MutexLock lock(&mutex_);
      EXPECT_FALSE(untaken_) << "two messages at once";
      EXPECT_FALSE(end_.has_value()) << "a message after the end";
      untaken_ = true;
      if (!takes_at_once_) return;
    }
    Take();
  }

  Mutex mutex_;  // guards what follows
  bool takes_at_once_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<ObjectReader> reader_ ABSL_GUARDED_BY(mutex_);
  std::optional<OpenedObject> opened_ ABSL_GUARDED_BY(mutex_);
  std::string bytes_ ABSL_GUARDED_BY(mutex_);
  bool untaken_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_OBJECTS_READER_TEST_UTIL_H_
