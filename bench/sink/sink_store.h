#ifndef PENSTOCK_BENCH_SINK_SINK_STORE_H_
#define PENSTOCK_BENCH_SINK_SINK_STORE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "bench/sink/http_head.h"

namespace penstock::bench {

// What came after a head. Only of a POST the bytes themselves are kept.
struct SinkBody {
  int64_t size = 0;
  uint64_t crc64 = 0;
  std::string text;
};

struct SinkReply {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body;
};

// The answer as it goes over the wire; without the body to HEAD, which tells of its length all the
// same.
std::string Serialize(const SinkReply& reply, bool to_head);

// How the sink behaves; may change while requests are under way.
struct SinkSettings {
  std::atomic<int64_t> latency_ms = 0;  // between the last byte of a PUT and its answer
  std::atomic<bool> stall = false;      // bodies of PUTs are not read
};

// An OSS that forgets the bytes: it knows size and CRC-64 of every part and object, and the
// metadata of objects. Every bucket exists. Thread-safe.
class SinkStore {
 public:
  explicit SinkStore(SinkSettings& settings) : settings_(settings) {}

  // The answer to a whole request: the operations of OSS that plugin/oss uses to put objects, plain
  // PUT, and the sink's own below /-/ (README.md). Others are 501 NotImplemented.
  SinkReply Handle(const HttpHead& head, const SinkBody& body);

 private:
  struct Piece {
    int64_t size = 0;
    uint64_t crc64 = 0;
  };
  struct Object {
    Piece content;
    std::string etag;
    std::map<std::string, std::string> metadata;  // headers x-oss-meta-*
  };
  struct Upload {
    std::pair<std::string, std::string> name;  // bucket and key
    std::map<std::string, std::string> metadata;
    std::map<int, Piece> parts;
  };

  SinkReply HandleObject(const HttpHead& head, const SinkBody& body);
  SinkReply HandleOwn(const HttpHead& head);
  SinkReply Control(const HttpHead& head);
  SinkReply Stats() const;
  SinkReply Describe(const std::string& bucket, const std::string& key);
  SinkReply PutPart(const HttpHead& head, const SinkBody& body);
  SinkReply PutObject(const HttpHead& head, const SinkBody& body);
  SinkReply Initiate(const HttpHead& head);
  SinkReply Complete(const HttpHead& head, const SinkBody& body);
  SinkReply Abort(const HttpHead& head);
  SinkReply Head(const HttpHead& head);
  SinkReply Delete(const HttpHead& head);

  SinkSettings& settings_;
  std::atomic<int64_t> requests_ = 0;
  std::atomic<int64_t> bytes_ = 0;
  std::atomic<int64_t> parts_ = 0;
  std::atomic<int64_t> put_objects_ = 0;  // those that were published, replaced ones too
  std::atomic<int64_t> errors_ = 0;

  Mutex mutex_;  // guards what follows
  int64_t upload_count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Upload> uploads_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::string>, Object> objects_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SINK_SINK_STORE_H_
