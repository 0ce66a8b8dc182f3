#ifndef PENSTOCK_PLUGIN_OBJECT_RULES_H_
#define PENSTOCK_PLUGIN_OBJECT_RULES_H_

// What may be put, checked before any URL, header or path is built from it. Backends call these
// from CheckObject and add what only they know. All errors are INVALID_ARGUMENT unless said
// otherwise, and name what was expected and what came.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/object.h"
#include "plugin/registry.h"

namespace penstock {

// The metadata name that carries the mark. Reserved: clients cannot set it, and do not see it.
inline constexpr char kMarkMetadataName[] = "penstock-mark";

// The metadata name that says how a backend encoded the values. Reserved and hidden too.
inline constexpr char kMetadataEncodingName[] = "penstock-encoding";

// Bytes of all metadata names and values together (OSS's limit, the same everywhere).
inline constexpr size_t kMaxMetadataBytes = 8 * 1024;

// BAD_BUCKET: 3 to 63 characters of [a-z0-9-] that begin and end with a letter or digit (OSS's
// rule).
absl::Status CheckBucketName(const std::string& bucket);

// BAD_KEY: 1 to 1023 bytes of UTF-8 without NUL.
absl::Status CheckKey(const std::string& key);

// Bytes of one header value, and of all tags' names and values together.
inline constexpr size_t kMaxHeaderValueBytes = 8 * 1024;
inline constexpr size_t kMaxTagBytes = 16 * 1024;

// BAD_HEADER_VALUE: header values (content type, cache control, ...) without control characters, of
// at most kMaxHeaderValueBytes; BAD_TAGS: at most kMaxTagBytes together;
// BAD_METADATA: names of [a-z0-9-] but the two reserved ones, values of UTF-8, at most
// kMaxMetadataBytes together; BAD_BACKEND_OPTION: options that `object_options` does not list.
absl::Status CheckAttributes(const ObjectAttributes& attributes,
                             const std::vector<OptionInfo>& object_options);

// The part of a remote's configuration that restricts what may be put through it: options that
// every kind of backend has.
class RemoteRestriction {
 public:
  // The options `buckets` and `prefix`, for BackendInfo::options.
  static std::vector<OptionInfo> Options();

  explicit RemoteRestriction(const OptionValues& values);

  // PERMISSION_DENIED: BUCKET_NOT_ALLOWED, KEY_NOT_ALLOWED.
  absl::Status Check(const ObjectName& object) const;

  // The buckets that are meant by `bucket`: itself, or all that are allowed when it is empty.
  // BAD_BUCKET; BUCKET_NOT_ALLOWED; INVALID_ARGUMENT / BUCKET_REQUIRED when it is empty and the
  // configuration names none.
  absl::StatusOr<std::vector<std::string>> BucketsMeantBy(const std::string& bucket) const;

  // The prefix of all allowed keys that begin with `prefix`. KEY_NOT_ALLOWED when there are none.
  absl::StatusOr<std::string> Narrow(const std::string& prefix) const;

  // What every key begins with.
  const std::string& prefix() const { return prefix_; }

  // The allowed buckets; empty: all.
  const std::vector<std::string>& buckets() const { return buckets_; }

 private:
  absl::Status CheckBucket(const std::string& bucket) const;
  absl::Status KeyNotAllowed() const;

  std::vector<std::string> buckets_;
  std::string prefix_;
};

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_OBJECT_RULES_H_
