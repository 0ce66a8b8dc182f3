#include "emulator/body.h"

namespace penstock::emulator {

Result<std::string> ReadAll(Body& body, size_t max_bytes) {
  std::string all;
  std::string piece(64 << 10, '\0');
  while (true) {
    EMULATOR_ASSIGN_OR_RETURN(const size_t size, body.Read(piece.data(), piece.size()));
    if (size == 0) return all;
    all.append(piece, 0, size);
    if (all.size() > max_bytes) return EntityTooLarge("The body");
  }
}

}  // namespace penstock::emulator
