#ifndef PENSTOCK_PLUGIN_LOCAL_LAYOUT_H_
#define PENSTOCK_PLUGIN_LOCAL_LAYOUT_H_

// Where everything lies beneath the root of a local remote. README.md says which files exist at
// each moment.
//
//   <bucket>/<path of the key>                               an object: exactly its bytes
//   .penstock/objects/<bucket>/<hh>/<key hash>.<version>     its record (ObjectRecord)
//   .penstock/uploads/<bucket>/<upload id>/upload            a multipart upload (UploadRecord)
//   .penstock/uploads/<bucket>/<upload id>/<part number>     a part: its bytes and a PartFooter
//   .penstock/tmp/<process>/<anything>                       what is not finished, or is garbage
//
// A key hash is the SHA-256 of the key in hexadecimal digits, hh its first two. The version of an
// object file is "<time of modification in ns>.<size>": this ties an object to its record. Buckets
// cannot begin with a dot, so that nothing of this is in the way of a bucket.

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/object.h"

namespace penstock::local {

inline constexpr char kUploadsDirectory[] = ".penstock/uploads";
inline constexpr char kTemporaryDirectory[] = ".penstock/tmp";
inline constexpr char kUploadRecordName[] = "upload";

std::string ObjectPath(const ObjectName& object);

// The directory of the records of a bucket's objects whose key hash is `key_hash`.
std::string RecordDirectory(const std::string& bucket, const std::string& key_hash);

std::string UploadsOf(const std::string& bucket);
std::string UploadPath(const std::string& bucket, const std::string& upload_id);

std::string KeyHash(const std::string& key);

// Names the record of an object file that was modified then and has that size.
std::string RecordName(const std::string& key_hash, absl::Time modified, int64_t size);
std::string RecordName(const std::string& key_hash, const struct stat& file);

absl::Time ModifiedTime(const struct stat& file);

// A name in the temporary directory for an object's file, new or displaced: it tells whose record
// has to go with it.
struct TemporaryObject {
  std::string bucket;
  std::string key_hash;
};
std::string TemporaryName(const TemporaryObject& object, const std::string& serial);
std::optional<TemporaryObject> ParseTemporaryName(const std::string& name);

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_LAYOUT_H_
