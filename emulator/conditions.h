#ifndef PENSTOCK_EMULATOR_CONDITIONS_H_
#define PENSTOCK_EMULATOR_CONDITIONS_H_

// Which bytes of an object a request may have: ranges and preconditions of GetObject, HeadObject
// and copies (reference/oss-api.md, section 5).

#include <cstdint>
#include <string>

#include "emulator/errors.h"
#include "emulator/records.h"
#include "emulator/request.h"

namespace penstock::emulator {

// The bytes to send of an object: all of it with 200, or a part with 206.
struct ByteRange {
  bool partial = false;
  int64_t first = 0;
  int64_t size = 0;
};

// What the Range header (nullptr: none) selects of `total` bytes. A range that is not valid, or
// that leaves the object, selects all of it; with `standard` it is clipped, and InvalidRange (416)
// when nothing is left.
Result<ByteRange> ResolveRange(const std::string* header, bool standard, int64_t total);

// The value of Content-Range for a part of `total` bytes.
std::string ContentRange(const ByteRange& range, int64_t total);

// Checks If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since. Errors:
// PreconditionFailed (412), NotModified (304).
Failure CheckConditions(const Request& request, const Object& object);

// InvalidObjectState (403) when the object is archived: nothing here restores one, so its bytes can
// be neither read nor copied.
Failure CheckRestored(const Object& object);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_CONDITIONS_H_
