#ifndef PENSTOCK_EMULATOR_MULTIPART_H_
#define PENSTOCK_EMULATOR_MULTIPART_H_

// The rules of CompleteMultipartUpload (reference/oss-api.md, section 3.5). All pure.

#include <string>
#include <vector>

#include "emulator/errors.h"
#include "emulator/records.h"
#include "emulator/xml.h"

namespace penstock::emulator {

inline constexpr int kMaxPartNumber = 10000;
inline constexpr int64_t kMinPartBytes = 102400;            // but for the last part
inline constexpr int64_t kMaxPartBytes = int64_t{5} << 30;  // also of PutObject

// The parts that a completion names, in order. Errors, checked in this order: InvalidPartOrder,
// InvalidPart (an ETag matches without regard to case), EntityTooSmall.
Result<std::vector<Part>> CheckCompletion(const Upload& upload,
                                          const std::vector<ListedPart>& listed);

// All parts of an upload in order, as x-oss-complete-all takes them. Error: EntityTooSmall.
Result<std::vector<Part>> AllParts(const Upload& upload);

// The object that `parts` become, but for its time and ACL. Its CRC-64 exists only if every part
// has one.
Object Assemble(const Upload& upload, const std::vector<Part>& parts);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_MULTIPART_H_
