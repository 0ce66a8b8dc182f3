#ifndef PENSTOCK_SERVER_OBJECTS_OBJECT_READER_H_
#define PENSTOCK_SERVER_OBJECTS_OBJECT_READER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/buffer_budget.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/object.h"
#include "base/strand.h"
#include "plugin/object_access.h"

namespace penstock {

// What all reads of a server share.
struct ReadLimits {
  int64_t memory = int64_t{256} << 20;  // bytes of all reads together
  absl::Duration idle_timeout = absl::Minutes(10);
  int64_t max_waiting = 1000;  // reads that wait for memory; one more is refused
};

// What is going to be read.
struct OpenedObject {
  ObjectStat stat;
  int64_t offset = 0;  // where the first chunk begins
  int64_t length = 0;  // how many bytes will come
};

// Some of the bytes.
struct ReadChunk {
  int64_t offset = 0;
  std::string_view data;  // not longer than the call that it is passed to
  uint32_t crc32c = 0;
};

// Where a read goes. Called on a thread of the executor, one call at a time.
class ReadSink {
 public:
  virtual ~ReadSink() = default;

  // Sends a message: `opened` first. The next comes when ObjectReader::OnTaken told that this one
  // was taken.
  virtual void SendOpened(const OpenedObject& opened) = 0;
  virtual void SendChunk(const ReadChunk& chunk) = 0;

  // Ends the stream; everything sent was taken. OK: all bytes of the range were.
  virtual void End(const absl::Status& status) = 0;

  // Ends the stream though what was sent last was not taken, and perhaps never will be.
  virtual void Break(const absl::Status& status) = 0;
};

// Serves one read by asking for ranges of the object, one after the other and one ahead:
//
//   where from the end, or no byte is wanted: Stat tells what is there
//   while bytes are missing:
//     memory for a range; Read(range, ETag of the first answer)
//   send `opened`, then the ranges in order, slab by slab, each when the one before was taken
//   of a whole object: compare the CRC-64
//
// Memory is leased for each range from before it is asked for until its last byte was taken, and
// for what the transport makes of a chunk. Whoever has nothing to send waits for memory in one
// queue with the others; ahead is only read with what nobody waits for, and only once the client
// has taken something: one that stalls from the start holds no more than its first range.
//
// States: opening (the object is not known yet, or `opened` was not sent) -> reading -> over.
// Thread-safe; everything happens on a strand. It lives as long as somebody holds it or a call of
// the backend is under way.
class ObjectReader : public std::enable_shared_from_this<ObjectReader> {
 public:
  // Everything given must outlive the reader, but for `memory`. `busy` is held as long as it lives.
  struct Environment {
    ObjectAccess* backend = nullptr;
    BufferBudget* memory = nullptr;
    Executor* executor = nullptr;
    const Clock* clock = nullptr;
    ReadLimits limits;
    std::shared_ptr<void> busy;
  };

  // `offset` and `length` as in ReadQuery; `if_match` may be empty.
  ObjectReader(Environment environment, ObjectName object, int64_t offset,
               std::optional<int64_t> length, std::string if_match, std::shared_ptr<ReadSink> sink);

  void Begin();

  // What was sent last was taken.
  void OnTaken();

  // Nobody takes any more: asks for nothing more, and gives back what it holds, for ranges under
  // way when they are answered. The sink is not called after that.
  void Cancel();

  // The server is draining: ends with DRAINING after the ranges that were asked for, unless they
  // were the last.
  void Stop();

  // Breaks the stream when the client has taken nothing for idle_timeout.
  void CheckIdle();

  static constexpr int64_t kFirstRange = int64_t{1} << 20;
  static constexpr int64_t kMaxRange = int64_t{4} << 20;
  static constexpr size_t kRangesAhead = 2;  // held at most, with the one that is being sent

 private:
  enum class State { kOpening, kReading, kOver };

  struct Range {
    int64_t offset = 0;
    int64_t length = 0;
    MemoryLease lease;  // before the bytes: given back after they are freed
    std::optional<absl::StatusOr<std::shared_ptr<const Buffer>>> answer;
  };

  // All of these on the strand.
  template <typename Step>
  void Post(Step step);
  void AskForStat();
  void OnStat(const absl::StatusOr<ObjectStat>& stat);
  absl::Status Locate(const ObjectStat& stat);
  int64_t NextLength() const;
  void ReadAhead();
  void Request(int64_t length, MemoryLease lease);
  void OnMemory(MemoryLease lease);
  void OnRange(int64_t offset, absl::StatusOr<ObjectBytes> answer);
  absl::Status TakeFirst(Range& range, const ObjectBytes& answer);
  void Advance();
  void SendOpened();
  void SendChunk(const Range& range);
  void DropTakenRange();
  absl::Status Compare() const;
  void End(const absl::Status& status);
  std::shared_ptr<ReadSink> Close();

  const Environment environment_;
  const ObjectName object_;
  const int64_t asked_offset_;
  const std::optional<int64_t> asked_length_;
  const std::string if_match_;
  Strand strand_;

  State state_ = State::kOpening;
  std::shared_ptr<ReadSink> sink_;           // null when over
  std::optional<ObjectStat> stat_;           // of the object that is read, once it is known
  int64_t begin_ = 0;                        // of the bytes to send
  int64_t end_ = 0;                          // likewise; valid with stat_
  int64_t next_ = 0;                         // where the next range to ask for begins
  int64_t sent_ = 0;                         // up to where bytes were sent
  int64_t taken_ = 0;                        // up to where the client took them
  uint64_t crc64_ = 0;                       // of the ranges that were taken
  std::deque<Range> ranges_;                 // in order; asked for and not taken whole
  bool waiting_ = false;                     // for memory
  bool stopping_ = false;                    // asks for nothing more
  std::optional<absl::Time> untaken_since_;  // when what was sent last was sent
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_OBJECTS_OBJECT_READER_H_
