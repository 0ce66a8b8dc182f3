#include "emulator/stored_body.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace penstock::emulator {

StoredBody::StoredBody(const StoredObject& source, int64_t first, int64_t size)
    : source_(source), size_(size), left_(size), in_piece_(first) {
  while (piece_ < source_.object.pieces.size() && in_piece_ >= source_.object.pieces[piece_].size) {
    in_piece_ -= source_.object.pieces[piece_++].size;
  }
}

StoredBody::~StoredBody() {
  if (file_ >= 0) ::close(file_);
}

Result<size_t> StoredBody::Read(char* data, size_t size) {
  if (left_ == 0) return size_t{0};
  const Piece& piece = source_.object.pieces[piece_];
  if (file_ < 0) {
    file_ = ::open(source_.content->blobs->Path(piece.blob).c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ < 0) return InternalError("The emulator cannot open a blob.");
  }
  const int64_t wanted = std::min({static_cast<int64_t>(size), left_, piece.size - in_piece_});
  const ssize_t read = ::pread(file_, data, static_cast<size_t>(wanted), in_piece_);
  if (read <= 0) return InternalError("The emulator cannot read a blob.");
  left_ -= read;
  in_piece_ += read;
  if (in_piece_ == piece.size) {
    ::close(file_);
    file_ = -1;
    in_piece_ = 0;
    do {
      ++piece_;
    } while (piece_ < source_.object.pieces.size() && source_.object.pieces[piece_].size == 0);
  }
  return static_cast<size_t>(read);
}

}  // namespace penstock::emulator
