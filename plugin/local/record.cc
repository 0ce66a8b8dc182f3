#include "plugin/local/record.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace penstock::local {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kFooterMagic = "penpart1";
constexpr int kFormat = 1;

Json AttributesToJson(const ObjectAttributes& attributes) {
  return {{"content_type", attributes.content_type},
          {"cache_control", attributes.cache_control},
          {"content_disposition", attributes.content_disposition},
          {"content_encoding", attributes.content_encoding},
          {"metadata", attributes.metadata},
          {"tags", attributes.tags},
          {"storage_class", attributes.storage_class}};
}

// Reads fields of a JSON object; a field that is missing or of another type is an error of all.
class Reader {
 public:
  explicit Reader(const std::string& text)
      : json_(Json::parse(text, nullptr, /*allow_exceptions=*/false)) {
    Check(json_.is_object() && json_.value("format", Json()) == kFormat);
  }

  bool Has(const char* name) const { return json_.is_object() && json_.contains(name); }

  std::string String(const char* name) {
    const Json& field = Field(json_, name);
    return Check(field.is_string()) ? field.get<std::string>() : "";
  }

  int64_t Integer(const char* name) {
    const Json& field = Field(json_, name);
    return Check(field.is_number_integer()) ? field.get<int64_t>() : 0;
  }

  // 16 hexadecimal digits: JSON numbers are not good for 64 bits everywhere.
  uint64_t Hexadecimal(const char* name) {
    uint64_t value = 0;
    return Check(absl::SimpleHexAtoi(String(name), &value)) ? value : 0;
  }

  ObjectAttributes Attributes() {
    ObjectAttributes attributes;
    const Json outer = std::exchange(json_, Json(Field(json_, "attributes")));
    attributes.content_type = String("content_type");
    attributes.cache_control = String("cache_control");
    attributes.content_disposition = String("content_disposition");
    attributes.content_encoding = String("content_encoding");
    attributes.metadata = Map("metadata");
    attributes.tags = Map("tags");
    attributes.storage_class = String("storage_class");
    json_ = outer;
    return attributes;
  }

  bool ok() const { return ok_; }

 private:
  bool Check(bool good) { return good ? true : (ok_ = false); }

  const Json& Field(const Json& json, const char* name) {
    static const Json* const kNothing = new Json;
    const bool there = Check(json.is_object() && json.contains(name));
    return there ? json[name] : *kNothing;
  }

  std::map<std::string, std::string> Map(const char* name) {
    std::map<std::string, std::string> values;
    const Json& field = Field(json_, name);
    if (!Check(field.is_object())) return values;
    for (const auto& [key, value] : field.items()) {
      if (Check(value.is_string())) values[key] = value.get<std::string>();
    }
    return values;
  }

  Json json_;
  bool ok_ = true;
};

// Texts are UTF-8 (CheckObject); should one not be, it is replaced rather than thrown over.
std::string Dump(const Json& json) {
  return json.dump(1, '\t', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

void AppendUint64(std::string& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(value >> shift);
}

uint64_t ReadUint64(std::string_view bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

ObjectAttributes LastingAttributes(ObjectAttributes attributes) {
  attributes.options.clear();
  attributes.forbid_overwrite = false;
  return attributes;
}

std::string Encode(const ObjectRecord& record) {
  Json json = {{"format", kFormat},
               {"bucket", record.object.bucket},
               {"key", record.object.key},
               {"size", record.size},
               {"crc64", absl::StrFormat("%016x", record.crc64)},
               {"mark", record.mark},
               {"attributes", AttributesToJson(record.attributes)}};
  if (record.update_time.has_value()) {
    json["update_time_ns"] = absl::ToUnixNanos(*record.update_time);
  }
  return Dump(json);
}

std::string Encode(const UploadRecord& record) {
  return Dump({{"format", kFormat},
               {"bucket", record.object.bucket},
               {"key", record.object.key},
               {"mark", record.mark},
               {"initiate_time_ns", absl::ToUnixNanos(record.initiate_time)},
               {"attributes", AttributesToJson(record.attributes)}});
}

std::optional<ObjectRecord> DecodeObjectRecord(const std::string& text) {
  Reader reader(text);
  ObjectRecord record;
  record.object = {reader.String("bucket"), reader.String("key")};
  record.size = reader.Integer("size");
  record.crc64 = reader.Hexadecimal("crc64");
  record.mark = reader.String("mark");
  record.attributes = reader.Attributes();
  if (reader.Has("update_time_ns")) {
    record.update_time = absl::FromUnixNanos(reader.Integer("update_time_ns"));
  }
  if (!reader.ok()) return std::nullopt;
  return record;
}

std::optional<UploadRecord> DecodeUploadRecord(const std::string& text) {
  Reader reader(text);
  UploadRecord record;
  record.object = {reader.String("bucket"), reader.String("key")};
  record.mark = reader.String("mark");
  record.initiate_time = absl::FromUnixNanos(reader.Integer("initiate_time_ns"));
  record.attributes = reader.Attributes();
  if (!reader.ok()) return std::nullopt;
  return record;
}

std::string Encode(const PartFooter& footer) {
  std::string bytes(kFooterMagic);
  AppendUint64(bytes, static_cast<uint64_t>(footer.size));
  AppendUint64(bytes, footer.crc64);
  return bytes;
}

std::optional<PartFooter> DecodePartFooter(const std::string& bytes) {
  const std::string_view view = bytes;
  if (view.size() != PartFooter::kBytes || !view.starts_with(kFooterMagic)) return std::nullopt;
  PartFooter footer;
  footer.size = static_cast<int64_t>(ReadUint64(view.substr(8)));
  footer.crc64 = ReadUint64(view.substr(16));
  if (footer.size < 0) return std::nullopt;
  return footer;
}

std::string ContentEtag(uint64_t crc64, int64_t size) {
  return absl::StrFormat("\"%016x-%d\"", crc64, size);
}

ObjectStat StatOf(const ObjectRecord& record, absl::Time modified) {
  ObjectStat stat;
  stat.size = record.size;
  stat.etag = ContentEtag(record.crc64, record.size);
  stat.crc64 = record.crc64;
  stat.update_time = record.update_time.value_or(modified);
  stat.content_type = record.attributes.content_type;
  stat.cache_control = record.attributes.cache_control;
  stat.content_disposition = record.attributes.content_disposition;
  stat.content_encoding = record.attributes.content_encoding;
  stat.metadata = record.attributes.metadata;
  stat.storage_class = record.attributes.storage_class;
  stat.mark = record.mark;
  return stat;
}

ObjectStat StatOfForeign(int64_t size, absl::Time modified) {
  ObjectStat stat;
  stat.size = size;
  stat.etag = absl::StrFormat("\"foreign-%d-%d\"", absl::ToUnixNanos(modified), size);
  stat.update_time = modified;
  return stat;
}

}  // namespace penstock::local
