#include "emulator/call.h"

#include "emulator/attributes.h"
#include "emulator/encoding.h"
#include "emulator/multipart.h"

namespace penstock::emulator {

Result<std::string> ReadCheckedBody(Call& call, size_t max_bytes) {
  EMULATOR_ASSIGN_OR_RETURN(const std::optional<std::string> md5, ReadContentMd5(call.request));
  EMULATOR_ASSIGN_OR_RETURN(std::string body, ReadAll(call.body, max_bytes));
  if (md5 && *md5 != Md5Digest(body)) return BadDigest();
  return body;
}

Result<Blob> ReceiveChecked(Call& call, int64_t max_bytes, const OssError& too_large) {
  EMULATOR_ASSIGN_OR_RETURN(const std::optional<std::string> md5, ReadContentMd5(call.request));
  BlobStore& blobs = call.bucket.blobs();
  EMULATOR_ASSIGN_OR_RETURN(
      Blob blob, blobs.Receive(call.body, max_bytes, too_large,
                               {call.options.md5 || md5.has_value(), call.options.crc64}));
  if (md5 && *md5 != *blob.md5) {
    blobs.Remove(blob.id);
    return BadDigest();
  }
  return blob;
}

std::string ETagOf(const Call& call, const Blob& blob) {
  return call.options.md5 ? UpperHex(*blob.md5) : RandomUpperHex(16);
}

Result<int> ReadPartNumber(const Request& request) {
  const std::string text = request.QueryOr("partNumber", "");
  const auto number = ParseNumber(text, kMaxPartNumber);
  if (number && *number >= 1) return static_cast<int>(*number);
  return InvalidArgument("Part number must be an integer between 1 and 10000, inclusive.",
                         "PartNumber", text, "0017-00000220");
}

}  // namespace penstock::emulator
