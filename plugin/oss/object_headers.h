#ifndef PENSTOCK_PLUGIN_OSS_OBJECT_HEADERS_H_
#define PENSTOCK_PLUGIN_OSS_OBJECT_HEADERS_H_

// An object's attributes as the headers of a request, and the rules that OSS has for them. Pure
// functions. Metadata is encoded where it must be (metadata_encoding.h); all else is sent as it is.

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/object.h"
#include "plugin/oss/signature.h"
#include "plugin/registry.h"

namespace penstock::oss {

// acl, server_side_encryption, server_side_encryption_key_id, server_side_data_encryption, and
// those of callback.h.
std::vector<OptionInfo> ObjectOptions();

// What object_rules.h leaves to the backend. INVALID_ARGUMENT: BAD_KEY (OSS takes none that begins
// with `/` or `\`), BAD_METADATA (too much of it once it is encoded), BAD_HEADER_VALUE (a value
// that begins or ends with a space would lose it), BAD_STORAGE_CLASS, BAD_TAGS, BAD_BACKEND_OPTION.
absl::Status CheckOssRules(const ObjectName& object, const ObjectAttributes& attributes);

// Of each request: all that Initiate takes, all that PutObject takes, and what Complete takes of an
// object whose upload was begun with the first.
Headers InitiateHeaders(const ObjectAttributes& attributes, const std::string& mark);
Headers PutHeaders(const ObjectAttributes& attributes, const std::string& mark);
Headers CompleteHeaders(const ObjectAttributes& attributes);

// Of a request that makes an object: its tags.
Headers TagHeaders(const std::map<std::string, std::string>& tags);

// Of backend options the ACL alone; and the ACL as one, nothing where it is OSS's own default.
std::map<std::string, std::string> AclOption(const std::map<std::string, std::string>& options);
std::map<std::string, std::string> AclOption(const std::string& acl);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_OBJECT_HEADERS_H_
