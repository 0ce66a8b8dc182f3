#include "emulator/blob_store.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "base/checksum.h"
#include "emulator/encoding.h"
#include "emulator/files.h"

namespace penstock::emulator {
namespace {

constexpr size_t kPieceBytes = 512 << 10;

class Md5 {
 public:
  Md5() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_md5(), nullptr);
  }
  void Update(std::string_view data) { EVP_DigestUpdate(context_.get(), data.data(), data.size()); }
  std::string Finish() {
    std::string digest(16, '\0');
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

// Kept for the life of a connection's thread: a fresh one would be faulted in for every part.
std::vector<char>& PieceOfThread() {
  thread_local std::vector<char> piece(kPieceBytes);
  return piece;
}

Result<Blob> Copy(Body& body, int fd, int64_t max_bytes, const OssError& too_large,
                  BlobStore::Digests digests) {
  std::vector<char>& piece = PieceOfThread();
  std::optional<Md5> md5;
  if (digests.md5) md5.emplace();
  Blob blob;
  uint64_t crc64 = 0;
  while (true) {
    EMULATOR_ASSIGN_OR_RETURN(const size_t size, body.Read(piece.data(), piece.size()));
    if (size == 0) break;
    const std::string_view data(piece.data(), size);
    blob.size += static_cast<int64_t>(size);
    if (blob.size > max_bytes) return too_large;
    EMULATOR_RETURN_IF_ERROR(WriteFully(fd, data));
    if (md5) md5->Update(data);
    if (digests.crc64) crc64 = ExtendCrc64(crc64, data);
  }
  if (md5) blob.md5 = md5->Finish();
  if (digests.crc64) blob.crc64 = crc64;
  return blob;
}

}  // namespace

BlobStore::BlobStore(std::filesystem::path directory) : directory_(std::move(directory)) {
  std::filesystem::create_directories(directory_);
}

Result<Blob> BlobStore::Receive(Body& body, int64_t max_bytes, const OssError& too_large,
                                Digests digests) {
  if (body.length() && *body.length() > max_bytes) return too_large;
  const std::string id = RandomUpperHex(16);
  const int fd = ::open(Path(id).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return InternalError("The emulator cannot create " + Path(id).string() + ".");
  Result<Blob> blob = Copy(body, fd, max_bytes, too_large, digests);
  ::close(fd);
  if (blob.ok()) {
    blob.value().id = id;
  } else {
    Remove(id);
  }
  return blob;
}

Result<std::string> BlobStore::Link(const std::filesystem::path& blob) {
  const std::string id = RandomUpperHex(16);
  std::error_code error;
  std::filesystem::create_hard_link(blob, Path(id), error);
  if (error) return InternalError("The emulator cannot link a blob: " + error.message());
  return id;
}

void BlobStore::Remove(const std::string& id) {
  std::error_code ignored;
  std::filesystem::remove(Path(id), ignored);
}

void BlobStore::RemoveAllBut(const std::set<std::string>& used) {
  std::vector<std::filesystem::path> unused;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    if (!used.contains(entry.path().filename().string())) unused.push_back(entry.path());
  }
  for (const std::filesystem::path& path : unused) std::filesystem::remove(path);
}

}  // namespace penstock::emulator
