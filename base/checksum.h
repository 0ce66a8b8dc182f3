#ifndef PENSTOCK_BASE_CHECKSUM_H_
#define PENSTOCK_BASE_CHECKSUM_H_

#include <cstdint>
#include <string_view>

namespace penstock {

// CRC-64/XZ: polynomial 0x42F0E1EBA9EA3693, reflected, initial value and final xor all ones. Of
// "123456789" it is 0x995dc9bbdf1939fa, of nothing 0. OSS calls it crc64ecma.

// The CRC-64 of bytes whose CRC-64 is `crc` followed by `data`.
uint64_t ExtendCrc64(uint64_t crc, std::string_view data);

inline uint64_t Crc64(std::string_view data) { return ExtendCrc64(0, data); }

// The CRC-64 of a followed by b, from theirs and the length of b in bytes.
uint64_t CombineCrc64(uint64_t crc_a, uint64_t crc_b, int64_t size_b);

// CRC-32C (Castagnoli), as in ObjectChunk.crc32c: initial value and final xor all ones; of
// "123456789" 0xe3069283.
uint32_t ExtendCrc32c(uint32_t crc, std::string_view data);  // as ExtendCrc64

inline uint32_t Crc32c(std::string_view data) { return ExtendCrc32c(0, data); }

}  // namespace penstock

#endif  // PENSTOCK_BASE_CHECKSUM_H_
