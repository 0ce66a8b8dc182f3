#ifndef PENSTOCK_EMULATOR_OPERATION_H_
#define PENSTOCK_EMULATOR_OPERATION_H_

// The operations of the API that the emulator implements (reference/oss-api.md, sections 3 and 5).

#include <string>
#include <vector>

#include "emulator/call.h"
#include "emulator/errors.h"
#include "emulator/reply.h"
#include "emulator/request.h"

namespace penstock::emulator {

// An operation has one of the two functions.
struct Operation {
  const char* name;
  Result<Reply> (*run)(Call& call);
  Result<Reply> (*run_of_service)(ServiceCall& call);
  // Query parameters and x-oss-* or conditional headers that it understands, besides those of the
  // signature. A name that ends with * stands for all that begin so.
  std::vector<std::string> parameters;
  std::vector<std::string> headers;
};

// The operation that a routed request means, whatever else it asks for; NotImplemented, with the
// operation's name, for others.
Result<const Operation*> Identify(const Request& request);

// NotImplemented when the request has a query parameter or header that the operation does not
// understand: the emulator never guesses what it might mean. InvalidArgument for a traffic limit
// out of range, or given twice.
Failure CheckSupported(const Operation& operation, const Request& request);

Result<Reply> AppendObject(Call& call);
Result<Reply> PutObject(Call& call);
Result<Reply> GetObject(Call& call);
Result<Reply> HeadObject(Call& call);
Result<Reply> GetObjectMeta(Call& call);
Result<Reply> DeleteObject(Call& call);
Result<Reply> DeleteMultipleObjects(Call& call);
Result<Reply> CopyObject(Call& call);
Result<Reply> PutObjectTagging(Call& call);
Result<Reply> GetObjectTagging(Call& call);
Result<Reply> DeleteObjectTagging(Call& call);
Result<Reply> PutObjectAcl(Call& call);
Result<Reply> GetObjectAcl(Call& call);
Result<Reply> InitiateMultipartUpload(Call& call);
Result<Reply> UploadPart(Call& call);
Result<Reply> UploadPartCopy(Call& call);
Result<Reply> CompleteMultipartUpload(Call& call);
Result<Reply> AbortMultipartUpload(Call& call);
Result<Reply> ListParts(Call& call);
Result<Reply> ListMultipartUploads(Call& call);
Result<Reply> ListObjects(Call& call);
Result<Reply> ListObjectsV2(Call& call);
Result<Reply> ListObjectVersions(Call& call);
Result<Reply> GetBucketInfo(Call& call);
Result<Reply> GetBucketLocation(Call& call);
Result<Reply> GetBucketAcl(Call& call);
Result<Reply> GetBucketVersioning(Call& call);
Result<Reply> ListBuckets(ServiceCall& call);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_OPERATION_H_
