#include "emulator/multipart.h"

#include "base/checksum.h"
#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

Failure CheckSizes(const std::vector<Part>& parts) {
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i].size < kMinPartBytes) {
      return EntityTooSmall(parts[i].size, parts[i].number, parts[i].etag);
    }
  }
  return std::nullopt;
}

// 32 upper-case hex digits and the number of parts: an id, whatever it is made of.
std::string MultipartETag(const std::vector<Part>& parts) {
  std::string etags;
  for (const Part& part : parts) etags += part.etag;
  return UpperHex(Md5Digest(etags)) + "-" + std::to_string(parts.size());
}

std::optional<uint64_t> CombinedCrc64(const std::vector<Part>& parts) {
  uint64_t crc64 = 0;
  for (const Part& part : parts) {
    if (!part.crc64) return std::nullopt;
    crc64 = CombineCrc64(crc64, *part.crc64, part.size);
  }
  return crc64;
}

}  // namespace

Result<std::vector<Part>> CheckCompletion(const Upload& upload,
                                          const std::vector<ListedPart>& listed) {
  for (size_t i = 1; i < listed.size(); ++i) {
    if (listed[i].number <= listed[i - 1].number) return InvalidPartOrder(upload.id);
  }
  std::vector<Part> parts;
  for (const ListedPart& wanted : listed) {
    const auto found = upload.parts.find(wanted.number);
    if (found == upload.parts.end() || AsciiLower(found->second.etag) != AsciiLower(wanted.etag)) {
      return InvalidPart(wanted.etag, wanted.number, upload.id);
    }
    parts.push_back(found->second);
  }
  EMULATOR_RETURN_IF_ERROR(CheckSizes(parts));
  return parts;
}

Result<std::vector<Part>> AllParts(const Upload& upload) {
  // What OSS answers here is not known: better to say so than to guess.
  if (upload.parts.empty()) return NotImplemented("x-oss-complete-all for an upload without parts");
  std::vector<Part> parts;
  for (const auto& [number, part] : upload.parts) parts.push_back(part);
  EMULATOR_RETURN_IF_ERROR(CheckSizes(parts));
  return parts;
}

Object Assemble(const Upload& upload, const std::vector<Part>& parts) {
  Object object;
  object.key = upload.key;
  object.type = "Multipart";
  object.etag = MultipartETag(parts);
  object.crc64 = CombinedCrc64(parts);
  object.attributes = upload.attributes;
  for (const Part& part : parts) {
    object.size += part.size;
    object.pieces.push_back({part.blob, part.size});
  }
  return object;
}

}  // namespace penstock::emulator
