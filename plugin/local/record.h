#ifndef PENSTOCK_PLUGIN_LOCAL_RECORD_H_
#define PENSTOCK_PLUGIN_LOCAL_RECORD_H_

// What the local backend writes beside the bytes of objects and parts.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/object.h"
#include "plugin/backend.h"

namespace penstock::local {

// `attributes` without what is of one call only: options and forbid_overwrite.
ObjectAttributes LastingAttributes(ObjectAttributes attributes);

// What is known of an object besides its bytes. JSON in a file of its own.
struct ObjectRecord {
  ObjectName object;
  ObjectAttributes attributes;  // without options and forbid_overwrite
  std::string mark;
  int64_t size = 0;
  uint64_t crc64 = 0;
  // Of the attributes, when they are younger than the bytes.
  std::optional<absl::Time> update_time = {};

  bool operator==(const ObjectRecord&) const = default;
};

// A multipart upload. JSON in its directory.
struct UploadRecord {
  ObjectName object;
  ObjectAttributes attributes;  // without options and forbid_overwrite
  std::string mark;
  absl::Time initiate_time;

  bool operator==(const UploadRecord&) const = default;
};

// More than any record has.
inline constexpr size_t kMaxRecordBytes = 1 << 20;

std::string Encode(const ObjectRecord& record);
std::string Encode(const UploadRecord& record);

// Nullopt for what is none.
std::optional<ObjectRecord> DecodeObjectRecord(const std::string& text);
std::optional<UploadRecord> DecodeUploadRecord(const std::string& text);

// What stands behind the bytes of a part, in the same file: the two are replaced by one rename.
struct PartFooter {
  static constexpr int64_t kBytes = 24;  // magic, size, CRC-64; little-endian

  int64_t size = 0;
  uint64_t crc64 = 0;

  bool operator==(const PartFooter&) const = default;
};

std::string Encode(const PartFooter& footer);
std::optional<PartFooter> DecodePartFooter(const std::string& bytes);

// The ETag of content: equal for equal bytes. "<CRC-64 in hexadecimal digits>-<size>"
std::string ContentEtag(uint64_t crc64, int64_t size);

// What an object file is known as: by its record, or, where it has none, by itself.
ObjectStat StatOf(const ObjectRecord& record, absl::Time modified);
ObjectStat StatOfForeign(int64_t size, absl::Time modified);

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_RECORD_H_
