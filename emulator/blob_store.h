#ifndef PENSTOCK_EMULATOR_BLOB_STORE_H_
#define PENSTOCK_EMULATOR_BLOB_STORE_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "emulator/body.h"
#include "emulator/errors.h"

namespace penstock::emulator {

// What a body was once it is on disk.
struct Blob {
  std::string id;
  int64_t size = 0;
  std::optional<std::string> md5;  // 16 bytes; only if it was computed
  std::optional<uint64_t> crc64;
};

// The bytes of parts and objects: one file per body received. Thread-safe.
class BlobStore {
 public:
  struct Digests {
    bool md5 = true;
    bool crc64 = true;
  };

  // `directory` is made if need be.
  explicit BlobStore(std::filesystem::path directory);

  // Streams `body` into a new blob. Errors: those of Body::Read; `too_large` when it exceeds
  // `max_bytes`. Nothing is left of a body that failed.
  Result<Blob> Receive(Body& body, int64_t max_bytes, const OssError& too_large, Digests digests);

  // A second name, in this store, for the bytes of a blob of any store of the same file system.
  Result<std::string> Link(const std::filesystem::path& blob);

  std::filesystem::path Path(const std::string& id) const { return directory_ / id; }
  void Remove(const std::string& id);
  // Removes every blob that is not in `used`: what a crash left.
  void RemoveAllBut(const std::set<std::string>& used);

 private:
  const std::filesystem::path directory_;
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_BLOB_STORE_H_
