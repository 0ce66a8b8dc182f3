#ifndef PENSTOCK_SERVER_SESSION_FRAMES_H_
#define PENSTOCK_SERVER_SESSION_FRAMES_H_

// What goes over one PutObject stream, as the session core sees it: put.proto's frames without
// their encoding.

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <variant>

#include "absl/time/time.h"
#include "base/payload.h"
#include "server/store/session_record.h"

namespace penstock {

enum class OpenMode { kCreateOrResume, kCreate, kResume };
enum class EndedPolicy { kReplay, kReplayIfCurrent, kStartOver };

// From the client.

struct OpenFrame {
  std::optional<SessionSpec> spec;
  OpenMode mode = OpenMode::kCreateOrResume;
  EndedPolicy ended_policy = EndedPolicy::kReplay;
  std::optional<int64_t> expect_epoch;
  int64_t replay_buffer_bytes = 0;         // 0: any number
  std::optional<absl::Duration> idle_ttl;  // of a session that is created; nullopt: the server's
};

struct ChunkFrame {
  int64_t offset = 0;
  std::optional<uint32_t> crc32c;
  Payload data;
};

struct FlushFrame {};

struct FinishFrame {
  std::optional<int64_t> total_size;
  std::optional<uint64_t> crc64;
};

using ClientFrame = std::variant<OpenFrame, ChunkFrame, FlushFrame, FinishFrame>;

// To the client.

struct OpenedFrame {
  SessionRecord session;
  bool resumed = false;
  int64_t part_size = 0;  // of the next part
  int64_t max_unacked_bytes = 0;
  int32_t max_chunk_bytes = 0;
  absl::Duration idle_timeout;
  absl::Duration progress_interval;
  int64_t resume_offset = 0;
  uint64_t resume_crc64 = 0;
};

struct ProgressFrame {
  int64_t committed_size = 0;
  int64_t received_size = 0;
  int64_t max_unacked_bytes = 0;
};

struct DrainingFrame {
  int64_t committed_size = 0;
  absl::Duration retry_delay;
};

struct FinishedFrame {
  SessionRecord session;  // kFinished, with its result
  bool replayed = false;
};

using ServerFrame = std::variant<OpenedFrame, ProgressFrame, DrainingFrame, FinishedFrame>;

// Their names in the order of the alternatives, for fault points.
inline constexpr const char* kServerFrameNames[] = {"opened", "progress", "draining", "finished"};
static_assert(std::size(kServerFrameNames) == std::variant_size_v<ServerFrame>, "name every frame");

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_FRAMES_H_
