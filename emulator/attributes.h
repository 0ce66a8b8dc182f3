#ifndef PENSTOCK_EMULATOR_ATTRIBUTES_H_
#define PENSTOCK_EMULATOR_ATTRIBUTES_H_

// Headers of writes: what they may say, and how they come back.

#include <string>

#include "emulator/errors.h"
#include "emulator/records.h"
#include "emulator/reply.h"
#include "emulator/request.h"

namespace penstock::emulator {

// The attributes that PutObject and InitiateMultipartUpload fix. Errors: InvalidArgument,
// InvalidEncryptionAlgorithmError; NotImplemented for encryption by KMS.
Result<Attributes> ReadAttributes(const Request& request);

// x-oss-forbid-overwrite; false when absent.
Result<bool> ReadForbidOverwrite(const Request& request);

// x-oss-object-acl; "default" when absent.
Result<std::string> ReadAcl(const Request& request);

// Whether the query asks for encoding-type=url; InvalidArgument for any other encoding.
Result<bool> ReadUrlEncoding(const Request& request);

// The 16 bytes of Content-MD5; nullopt when absent. InvalidDigest when it is none.
Result<std::optional<std::string>> ReadContentMd5(const Request& request);

// Adds the headers that describe an object on HEAD and GET.
void AddObjectHeaders(const Object& object, Reply& reply);

std::string Quoted(const std::string& etag);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_ATTRIBUTES_H_
