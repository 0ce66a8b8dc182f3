#include "base/payload.h"

#include <algorithm>

#include "base/checksum.h"

namespace penstock {

Payload::Payload(std::string bytes) : size_(bytes.size()) {
  const auto owned = std::make_shared<const std::string>(std::move(bytes));
  pieces_.emplace_back(*owned);
  owner_ = owned;
}

Payload::Payload(std::vector<std::string_view> pieces, std::shared_ptr<const void> owner)
    : owner_(std::move(owner)), pieces_(std::move(pieces)) {
  for (const std::string_view piece : pieces_) size_ += piece.size();
}

Payload& Payload::operator=(Payload&& other) noexcept {
  owner_ = std::exchange(other.owner_, nullptr);
  pieces_ = std::exchange(other.pieces_, {});
  next_ = std::exchange(other.next_, 0);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

std::string_view Payload::Front() const {
  for (size_t i = next_; i < pieces_.size(); ++i) {
    if (!pieces_[i].empty()) return pieces_[i];
  }
  return {};
}

void Payload::RemovePrefix(size_t count) {
  size_ -= count;
  if (size_ == 0) {
    *this = Payload();
    return;
  }
  while (count >= pieces_[next_].size()) count -= pieces_[next_++].size();
  pieces_[next_].remove_prefix(count);
}

uint32_t Payload::Crc32c() const {
  uint32_t crc = 0;
  for (size_t i = next_; i < pieces_.size(); ++i) crc = ExtendCrc32c(crc, pieces_[i]);
  return crc;
}

std::string Payload::ToString() const {
  std::string bytes;
  bytes.reserve(size_);
  for (size_t i = next_; i < pieces_.size(); ++i) bytes.append(pieces_[i]);
  return bytes;
}

}  // namespace penstock
