#ifndef PENSTOCK_BASE_BUFFER_H_
#define PENSTOCK_BASE_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer_budget.h"
#include "base/slab_pool.h"

namespace penstock {

// An append-only run of bytes, kept in slabs, whose CRC-64 is computed while they are copied in:
// the bytes of one part between their arrival and their commit.
//
//   auto buffer = std::make_shared<Buffer>();
//   buffer->Append(chunk);
//   std::shared_ptr<const Buffer> body = buffer;   // immutable from here on: for the backend
//
// Not synchronized while it is filled; read from any thread once it is shared as const.
class Buffer {
 public:
  // Bytes per slab.
  static constexpr size_t kSlabSize = SlabPool::kSlabSize;

  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void Append(std::string_view data);

  // Keeps what the slabs take of the memory budget, as long as the bytes themselves.
  void Hold(MemoryLease lease) { lease_.Merge(std::move(lease)); }

  int64_t size() const { return size_; }
  uint64_t crc64() const { return crc64_; }

  // Copies up to `count` bytes that begin at `offset` (0 to size()) to `target`; returns how many.
  size_t Read(int64_t offset, char* target, size_t count) const;

  // The bytes that begin at `offset` and lie contiguous in memory; empty at the end.
  std::string_view Contiguous(int64_t offset) const;

  // A copy of all bytes. For tests and small bodies.
  std::string ToString() const;

 private:
  MemoryLease lease_;                  // before slabs_: given back after they are freed
  std::vector<SlabPool::Slab> slabs_;  // every one but the last is full
  int64_t size_ = 0;
  uint64_t crc64_ = 0;  // of the first size_ bytes
};

// A buffer that holds a copy of `data`.
std::shared_ptr<const Buffer> MakeBuffer(std::string_view data);

}  // namespace penstock

#endif  // PENSTOCK_BASE_BUFFER_H_
