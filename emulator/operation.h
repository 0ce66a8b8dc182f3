#ifndef PENSTOCK_EMULATOR_OPERATION_H_
#define PENSTOCK_EMULATOR_OPERATION_H_

// The operations of the API that the emulator implements (reference/oss-api.md, sections 3 and 5).

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "emulator/body.h"
#include "emulator/bucket.h"
#include "emulator/errors.h"
#include "emulator/reply.h"
#include "emulator/request.h"

namespace penstock::emulator {

// What replies are made of besides the object.
struct ReplyOptions {
  std::string region;
  bool md5 = true;    // otherwise an ETag is an id without meaning, and there is no Content-MD5
  bool crc64 = true;  // otherwise no CRC-64 is kept or told
};

// One request to an existing bucket, allowed to its sender.
struct Call {
  const Request& request;
  Bucket& bucket;
  Body& body;
  const ReplyOptions& options;
  absl::Time now;
};

struct Operation {
  const char* name;
  Result<Reply> (*run)(Call& call);
  // Query parameters and x-oss-* or conditional headers that it understands, besides those of the
  // signature. A name that ends with * stands for all that begin so.
  std::vector<std::string> parameters;
  std::vector<std::string> headers;
};

// The operation that a routed request means, whatever else it asks for; NotImplemented, with the
// operation's name, for others.
Result<const Operation*> Identify(const Request& request);

// NotImplemented when the request has a query parameter or header that the operation does not
// understand: the emulator never guesses what it might mean.
Failure CheckSupported(const Operation& operation, const Request& request);

Result<Reply> PutObject(Call& call);
Result<Reply> GetObject(Call& call);
Result<Reply> HeadObject(Call& call);
Result<Reply> GetObjectMeta(Call& call);
Result<Reply> DeleteObject(Call& call);
Result<Reply> InitiateMultipartUpload(Call& call);
Result<Reply> UploadPart(Call& call);
Result<Reply> CompleteMultipartUpload(Call& call);
Result<Reply> AbortMultipartUpload(Call& call);
Result<Reply> ListParts(Call& call);
Result<Reply> ListMultipartUploads(Call& call);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_OPERATION_H_
