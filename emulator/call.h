#ifndef PENSTOCK_EMULATOR_CALL_H_
#define PENSTOCK_EMULATOR_CALL_H_

// What an operation is given, and how it reads bodies.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "emulator/body.h"
#include "emulator/bucket.h"
#include "emulator/errors.h"
#include "emulator/reply.h"
#include "emulator/request.h"

namespace penstock::emulator {

using BucketMap = std::map<std::string, std::unique_ptr<Bucket>>;

// What replies are made of besides the object.
struct ReplyOptions {
  std::string region;
  bool md5 = true;    // otherwise an ETag is an id without meaning, and there is no Content-MD5
  bool crc64 = true;  // otherwise no CRC-64 is kept or told
  int64_t max_copy_bytes = int64_t{1} << 30;  // of CopyObject
};

// One request to an existing bucket, allowed to its sender.
struct Call {
  const Request& request;
  Bucket& bucket;
  const BucketMap& buckets;  // all of them
  Body& body;
  const ReplyOptions& options;
  absl::Time now;
};

// One request to the service itself.
struct ServiceCall {
  const Request& request;
  const BucketMap& buckets;
  const ReplyOptions& options;
};

// The whole body; InvalidDigest when it is not that of its Content-MD5, EntityTooLarge beyond
// `max_bytes`.
Result<std::string> ReadCheckedBody(Call& call, size_t max_bytes);

// Receives the body into a blob. InvalidDigest as above, and nothing is left of it; errors of
// BlobStore::Receive. The blob has its MD5 and CRC-64 as the options say.
Result<Blob> ReceiveChecked(Call& call, int64_t max_bytes, const OssError& too_large);

// The ETag of bytes received: their MD5, or an id.
std::string ETagOf(const Call& call, const Blob& blob);

// partNumber: InvalidArgument unless it is 1 to 10000.
Result<int> ReadPartNumber(const Request& request);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_CALL_H_
