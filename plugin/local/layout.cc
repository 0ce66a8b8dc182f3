#include "plugin/local/layout.h"

#include <openssl/sha.h>

#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/random.h"
#include "plugin/local/key_path.h"

namespace penstock::local {
namespace {

constexpr std::string_view kObjectPrefix = "object";

}  // namespace

std::string ObjectPath(const ObjectName& object) {
  return absl::StrCat(object.bucket, "/", KeyToPath(object.key));
}

std::string RecordDirectory(const std::string& bucket, const std::string& key_hash) {
  return absl::StrCat(".penstock/objects/", bucket, "/", key_hash.substr(0, 2));
}

std::string UploadsOf(const std::string& bucket) {
  return absl::StrCat(kUploadsDirectory, "/", bucket);
}

std::string UploadPath(const std::string& bucket, const std::string& upload_id) {
  return absl::StrCat(UploadsOf(bucket), "/", upload_id);
}

std::string KeyHash(const std::string& key) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  return ToHex(std::string_view(reinterpret_cast<const char*>(digest), sizeof(digest)));
}

std::string RecordName(const std::string& key_hash, absl::Time modified, int64_t size) {
  return absl::StrCat(key_hash, ".", absl::ToUnixNanos(modified), ".", size);
}

std::string RecordName(const std::string& key_hash, const struct stat& file) {
  return RecordName(key_hash, ModifiedTime(file), file.st_size);
}

absl::Time ModifiedTime(const struct stat& file) { return absl::TimeFromTimespec(file.st_mtim); }

std::string TemporaryName(const TemporaryObject& object, const std::string& serial) {
  return absl::StrCat(std::string(kObjectPrefix), ".", object.bucket, ".", object.key_hash, ".",
                      serial);
}

std::optional<TemporaryObject> ParseTemporaryName(const std::string& name) {
  const std::vector<std::string> pieces = absl::StrSplit(name, '.');
  if (pieces.size() != 4 || pieces[0] != kObjectPrefix) return std::nullopt;
  return TemporaryObject{pieces[1], pieces[2]};
}

}  // namespace penstock::local
