#include "emulator/records.h"

#include <nlohmann/json.hpp>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

using nlohmann::json;

json CrcToJson(const std::optional<uint64_t>& crc64) {
  return crc64 ? json(*crc64) : json(nullptr);
}

std::optional<uint64_t> CrcFromJson(const json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<uint64_t>();
}

json TimeToJson(absl::Time time) { return absl::ToUnixMillis(time); }

absl::Time TimeFromJson(const json& value) { return absl::FromUnixMillis(value.get<int64_t>()); }

json AttributesToJson(const Attributes& attributes) {
  // Header values may be any bytes, which JSON strings cannot hold.
  json headers = json::object();
  for (const auto& [name, value] : attributes.headers) headers[name] = Base64(value);
  auto tags = json::array();
  for (const Tag& tag : attributes.tags) tags.push_back({tag.key, tag.value});
  return {{"headers", headers},
          {"storage_class", attributes.storage_class},
          {"encryption", attributes.encryption},
          {"encryption_key_id", attributes.encryption_key_id},
          {"data_encryption", attributes.data_encryption},
          {"tags", tags}};
}

Attributes AttributesFromJson(const json& value) {
  Attributes attributes;
  for (const auto& [name, encoded] : value.at("headers").items()) {
    attributes.headers[name] = Base64Decode(encoded.get<std::string>()).value_or("");
  }
  attributes.storage_class = value.at("storage_class");
  attributes.encryption = value.at("encryption");
  attributes.encryption_key_id = value.at("encryption_key_id");
  attributes.data_encryption = value.at("data_encryption");
  for (const auto& tag : value.at("tags")) attributes.tags.push_back({tag.at(0), tag.at(1)});
  return attributes;
}

}  // namespace

void to_json(json& json, const Object& object) {
  auto pieces = json::array();
  for (const Piece& piece : object.pieces) pieces.push_back({piece.blob, piece.size});
  json = {{"key", object.key},
          {"version_id", object.version_id},
          {"delete_marker", object.delete_marker},
          {"etag", object.etag},
          {"type", object.type},
          {"size", object.size},
          {"crc64", CrcToJson(object.crc64)},
          {"content_md5", object.content_md5},
          {"modified", TimeToJson(object.modified)},
          {"acl", object.acl},
          {"attributes", AttributesToJson(object.attributes)},
          {"pieces", pieces}};
}

void from_json(const json& json, Object& object) {
  object.key = json.at("key");
  object.version_id = json.at("version_id");
  object.delete_marker = json.at("delete_marker");
  object.etag = json.at("etag");
  object.type = json.at("type");
  object.size = json.at("size");
  object.crc64 = CrcFromJson(json.at("crc64"));
  object.content_md5 = json.at("content_md5");
  object.modified = TimeFromJson(json.at("modified"));
  object.acl = json.at("acl");
  object.attributes = AttributesFromJson(json.at("attributes"));
  for (const auto& piece : json.at("pieces")) object.pieces.push_back({piece.at(0), piece.at(1)});
}

void to_json(json& json, const Part& part) {
  json = {{"number", part.number},
          {"blob", part.blob},
          {"size", part.size},
          {"etag", part.etag},
          {"crc64", CrcToJson(part.crc64)},
          {"modified", TimeToJson(part.modified)}};
}

void from_json(const json& json, Part& part) {
  part.number = json.at("number");
  part.blob = json.at("blob");
  part.size = json.at("size");
  part.etag = json.at("etag");
  part.crc64 = CrcFromJson(json.at("crc64"));
  part.modified = TimeFromJson(json.at("modified"));
}

void to_json(json& json, const Upload& upload) {
  json = {{"id", upload.id},
          {"key", upload.key},
          {"initiated", TimeToJson(upload.initiated)},
          {"attributes", AttributesToJson(upload.attributes)}};
}

void from_json(const json& json, Upload& upload) {
  upload.id = json.at("id");
  upload.key = json.at("key");
  upload.initiated = TimeFromJson(json.at("initiated"));
  upload.attributes = AttributesFromJson(json.at("attributes"));
}

}  // namespace penstock::emulator
