#ifndef PENSTOCK_CLIENT_OBJECT_READER_H_
#define PENSTOCK_CLIENT_OBJECT_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/rate_limit.h"
#include "client/attempts.h"
#include "client/connection.h"
#include "penstock/v1/object.pb.h"

namespace penstock {

// What to read of an object. Progress is bytes that arrive.
struct ReadOptions : RetryPolicy {
  int64_t offset = 0;                // negative: so many bytes before the end
  std::optional<int64_t> length;     // nullopt: up to the end
  std::string if_match;              // only if this is its ETag; empty: whatever it is
  std::shared_ptr<RateLimit> limit;  // of the bytes that come; null: none. Reads may share it
};

// What is being read: `length` bytes from `offset` on.
struct ObjectRange {
  v1::StoredObject object;
  int64_t offset = 0;
  int64_t length = 0;

  bool whole() const { return offset == 0 && length == object.size(); }
};

// A call was answered and its bytes are about to come.
struct ReadOpened {
  std::string server;
  int64_t position = 0;  // in the range, of the first of them
};

// Told about reading, from the thread that reads.
class ReadObserver {
 public:
  virtual ~ReadObserver() = default;
  virtual void OnOpened(const ReadOpened&) {}
  virtual void OnRetry(const TransferRetry&) {}
};

// Reads one object, or a range of it, over as many calls as it takes. All bytes are of the object
// that Open told of: when it is replaced meanwhile, reading fails.
//
//   ObjectReader reader(Connection(servers), name, {}, nullptr);
//   absl::StatusOr<ObjectRange> range = reader.Open();
//   loop: absl::StatusOr<std::string_view> bytes = reader.Read();  // empty: the end
//
// Asks again by itself after every error that carries a retry delay and after every failure of the
// connection. Others are returned as they came, and these of its own:
//   OUT_OF_RANGE / OFFSET_PAST_END, INVALID_ARGUMENT / BAD_LENGTH
//   FAILED_PRECONDITION / OBJECT_CHANGED     also the server's
//   DATA_LOSS / READ_DIFFERS                 the server read the whole, and it is not the object
//   DEADLINE_EXCEEDED / NO_PROGRESS          with a retry delay: given up for now
//   INTERNAL / PROTOCOL_ERROR                the server broke its promises
//   CANCELLED / CANCELLED                    by Cancel
// After an error there is nothing more to read. Cancel may be called from any thread, everything
// else from one.
class ObjectReader {
 public:
  // `observer` may be null, and must outlive the reader.
  ObjectReader(Connection connection, v1::ObjectName name, ReadOptions options,
               ReadObserver* observer);
  ~ObjectReader();

  // Asks for the object. Once, before everything else.
  absl::StatusOr<ObjectRange> Open();

  // The next bytes, which are valid until the next call; none at the end of the range. Nothing
  // compares them with the object's CRC-64 but the server, where one call reads the whole.
  absl::StatusOr<std::string_view> Read();

  // The next Read begins so many bytes after the beginning of the range; at most its length.
  void SeekTo(int64_t position);

  int64_t position() const { return position_; }
  int64_t retry_count() const { return retry_count_; }

  // Ends the call under way and all to come.
  void Cancel() { attempts_.Cancel(); }
  bool cancelled() const { return attempts_.stop() == Attempts::Stop::kCancelled; }

 private:
  struct Call;

  absl::Status Describe();
  absl::Status TakeDescription(const v1::StoredObject& object);
  absl::Status BeginCall();
  absl::StatusOr<std::string_view> ReadFrame();
  absl::Status TakeOpened(const v1::ObjectOpened& opened);
  absl::Status TakeChunk(const v1::ObjectChunk& chunk);
  absl::Status EndOfRange();
  absl::Status EndCall();
  absl::Status WaitToRetry(const absl::Status& cause);

  const v1::ObjectName name_;
  const ReadOptions options_;
  ReadObserver* const observer_;
  Connection connection_;
  Attempts attempts_;
  absl::Duration hold_;  // before more is read
  ObjectRange range_;
  int64_t position_ = 0;
  int64_t retry_count_ = 0;
  std::unique_ptr<Call> call_;  // null: none is under way
  v1::ReadObjectResponse response_;
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_OBJECT_READER_H_
