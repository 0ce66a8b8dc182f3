#ifndef PENSTOCK_EMULATOR_RECORDS_H_
#define PENSTOCK_EMULATOR_RECORDS_H_

// What a bucket remembers of objects, uploads and parts, and its form on disk (JSON).

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace penstock::emulator {

struct Tag {
  std::string key;
  std::string value;
};

// What PutObject and InitiateMultipartUpload fix.
struct Attributes {
  std::map<std::string, std::string> headers;  // lower-case; content headers and x-oss-meta-*
  std::string storage_class = "Standard";
  std::string encryption;         // x-oss-server-side-encryption; empty without
  std::string encryption_key_id;  // of KMS; empty: the account's default key
  std::string data_encryption;    // x-oss-server-side-data-encryption; empty without
  std::vector<Tag> tags;
};

// A piece of an object's content: one blob.
struct Piece {
  std::string blob;
  int64_t size = 0;
};

struct Object {
  std::string key;
  std::string version_id;      // empty in a bucket without versioning
  bool delete_marker = false;  // then only key, version and time have a meaning
  std::string etag;            // without quotes
  std::string type;            // Normal, Multipart or Appendable
  int64_t size = 0;
  std::optional<uint64_t> crc64;  // of a copy only if the source has one
  std::string content_md5;        // base64; empty when there is none
  absl::Time modified;
  std::string acl = "default";
  Attributes attributes;
  std::vector<Piece> pieces;
};

struct Part {
  int number = 0;
  std::string blob;
  int64_t size = 0;
  std::string etag;  // without quotes
  std::optional<uint64_t> crc64;
  absl::Time modified;
};

struct Upload {
  std::string id;
  std::string key;
  absl::Time initiated;
  Attributes attributes;
  std::map<int, Part> parts;
  int in_flight = 0;     // UploadParts that are being received; not on disk
  bool aborted = false;  // aborted while some were in flight: only they live on; not on disk
};

void to_json(nlohmann::json& json, const Object& object);
void from_json(const nlohmann::json& json, Object& object);
void to_json(nlohmann::json& json, const Part& part);
void from_json(const nlohmann::json& json, Part& part);
// Without the parts: those are appended to a file of their own.
void to_json(nlohmann::json& json, const Upload& upload);
void from_json(const nlohmann::json& json, Upload& upload);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_RECORDS_H_
