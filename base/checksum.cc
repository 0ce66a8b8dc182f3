#include "base/checksum.h"

#include <isa-l/crc.h>
#include <isa-l/crc64.h>

#include <array>

namespace penstock {
namespace {

// The reflected polynomial. Combining works on polynomials over GF(2) modulo it, in reflected bit
// order: the highest bit of a word is the coefficient of x^0.
constexpr uint64_t kPolynomial = 0xC96C5795D7870F42;
constexpr uint64_t kOne = uint64_t{1} << 63;

constexpr uint64_t MultiplyModulo(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  for (uint64_t bit = kOne; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

// x^(8 * 2^n) for n = 0 ... 62: what appending 2^n bytes multiplies a CRC by.
constexpr std::array<uint64_t, 63> MakePowers() {
  std::array<uint64_t, 63> powers{};
  uint64_t power = kOne >> 8;
  for (uint64_t& entry : powers) {
    entry = power;
    power = MultiplyModulo(power, power);
  }
  return powers;
}
constexpr std::array<uint64_t, 63> kPowers = MakePowers();

}  // namespace

uint64_t ExtendCrc64(uint64_t crc, std::string_view data) {
  return crc64_ecma_refl(crc, reinterpret_cast<const unsigned char*>(data.data()), data.size());
}

// Appending b shifts a's CRC by 8 * size_b bits; initial value and final xor cancel out.
uint64_t CombineCrc64(uint64_t crc_a, uint64_t crc_b, int64_t size_b) {
  for (size_t n = 0; size_b != 0; ++n, size_b >>= 1) {
    if ((size_b & 1) != 0) crc_a = MultiplyModulo(kPowers[n], crc_a);
  }
  return crc_a ^ crc_b;
}

uint32_t ExtendCrc32c(uint32_t crc, std::string_view data) {
  // ISA-L takes a non-const pointer but only reads. Its length is an int: feed it in pieces.
  constexpr size_t kPiece = size_t{1} << 30;
  crc ^= 0xFFFFFFFF;
  while (!data.empty()) {
    const std::string_view piece = data.substr(0, kPiece);
    crc = crc32_iscsi(reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data())),
                      static_cast<int>(piece.size()), crc);
    data.remove_prefix(piece.size());
  }
  return crc ^ 0xFFFFFFFF;
}

}  // namespace penstock
