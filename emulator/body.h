#ifndef PENSTOCK_EMULATOR_BODY_H_
#define PENSTOCK_EMULATOR_BODY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "emulator/errors.h"

namespace penstock::emulator {

// The body of one request, read once from front to end. Not thread-safe.
class Body {
 public:
  virtual ~Body() = default;
  // The announced length in bytes; nullopt for a chunked body or a request without one.
  virtual std::optional<int64_t> length() const = 0;
  virtual bool chunked() const = 0;
  // Reads up to `size` bytes; 0 at the end. Errors: IncompleteBody when the connection ended
  // early, RequestTimeout when nothing came for too long.
  virtual Result<size_t> Read(char* data, size_t size) = 0;
};

// The whole body; EntityTooLarge beyond `max_bytes`.
Result<std::string> ReadAll(Body& body, size_t max_bytes);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_BODY_H_
