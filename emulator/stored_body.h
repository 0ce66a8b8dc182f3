#ifndef PENSTOCK_EMULATOR_STORED_BODY_H_
#define PENSTOCK_EMULATOR_STORED_BODY_H_

#include "emulator/body.h"
#include "emulator/bucket.h"

namespace penstock::emulator {

// A range of an object's bytes as a body. One thread; the object outlives it.
class StoredBody : public Body {
 public:
  StoredBody(const StoredObject& source, int64_t first, int64_t size);
  ~StoredBody() override;
  StoredBody(const StoredBody&) = delete;
  StoredBody& operator=(const StoredBody&) = delete;

  std::optional<int64_t> length() const override { return size_; }
  bool chunked() const override { return false; }
  // InternalError when a blob cannot be read.
  Result<size_t> Read(char* data, size_t size) override;

 private:
  const StoredObject& source_;
  const int64_t size_;
  int64_t left_;
  size_t piece_ = 0;  // the one to read from
  int64_t in_piece_;  // where in it
  int file_ = -1;     // it, once it is open
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_STORED_BODY_H_
