#ifndef PENSTOCK_EMULATOR_ATTRIBUTES_H_
#define PENSTOCK_EMULATOR_ATTRIBUTES_H_

// Headers of writes: what they may say, and how they come back.

#include <optional>
#include <string>
#include <vector>

#include "emulator/errors.h"
#include "emulator/records.h"
#include "emulator/reply.h"
#include "emulator/request.h"
#include "emulator/xml.h"

namespace penstock::emulator {

// The attributes that PutObject and InitiateMultipartUpload fix. Errors: InvalidArgument,
// InvalidEncryptionAlgorithmError.
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

// Adds what a write tells of the object it made: ETag, CRC-64, encryption, version.
void AddStoredHeaders(const Object& object, Reply& reply);
void AddEncryptionHeaders(const Attributes& attributes, Reply& reply);
// Nothing without versioning.
void AddVersionHeader(const Object& object, Reply& reply);

// The account that owns every bucket and object.
void AddOwner(XmlWriter& xml);
void AddCommonPrefixes(const std::vector<std::string>& prefixes, bool url_encoded, XmlWriter& xml);

// The document that tells an ACL.
std::string AclXml(const std::string& acl);

// 200 with this document.
Reply XmlReply(std::string xml);

// A key, prefix or marker as it stands in XML: percent-encoded if encoding-type=url was asked for.
std::string Named(const std::string& name, bool url_encoded);

std::string Quoted(const std::string& etag);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_ATTRIBUTES_H_
