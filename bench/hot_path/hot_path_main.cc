// One stream through the hot path, without gRPC and on one thread: the bytes of messages as slices,
// parser, session, store in memory, backend that keeps CRCs, progress. What callgrind counts of it
// is the same in each run; `check` beside this compares it with bounds.json.

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/checksum.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "bench/in_process/digest_backend.h"
#include "bench/in_process/loop_executor.h"
#include "bench/in_process/stream_client.h"
#include "server/rpc/convert.h"
#include "server/rpc/frame_parser.h"
#include "tests/support/memory_store.h"

// Calls `work`, which callgrind counts: --toggle-collect=PenstockHotPath.
extern "C" [[gnu::noinline]] void PenstockHotPath(const std::function<void()>& work) { work(); }

namespace penstock::bench {
namespace {

// gRPC hands a message out in pieces as large as HTTP/2's frames.
constexpr size_t kSliceBytes = 16 * 1024;

struct Options {
  int64_t bytes = 32 << 20;
  int64_t chunk = 1 << 20;
  int64_t part_size = 8 << 20;
};

// The same names each time.
class CountingSource final : public RandomSource {
 public:
  std::string Bytes(size_t count) override { return std::string(count, ++last_); }

 private:
  char last_ = 0;
};

// It is always now: what the clock costs depends on the machine.
class StoppedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1'800'000'000); }
};

// The message of the chunk at `offset`, in slices.
MessageBytes MakeMessage(int64_t offset, const std::string& data) {
  v1::PutObjectRequest request;
  request.mutable_chunk()->set_offset(offset);
  request.mutable_chunk()->set_data(data);
  const auto bytes = std::make_shared<const std::string>(request.SerializeAsString());
  MessageBytes message;
  message.owner = bytes;
  for (std::string_view left = *bytes; !left.empty();) {
    message.pieces.push_back(left.substr(0, kSliceBytes));
    left.remove_prefix(message.pieces.back().size());
  }
  return message;
}

// The server below gRPC.
class Machine {
 public:
  Machine() {
    SessionEnvironment environment;
    environment.backends["digest"] = &backend_;
    environment.store = &store_;
    environment.executor = &loop_;
    environment.clock = &clock_;
    service_ = std::make_unique<SessionService>(std::move(environment), random_);
  }

  LoopExecutor& loop() { return loop_; }
  SessionService& service() { return *service_; }

 private:
  LoopExecutor loop_;
  CountingSource random_;
  StoppedClock clock_;
  DigestBackend backend_{loop_};
  MemoryStore store_{loop_};
  std::unique_ptr<SessionService> service_;  // goes first
};

absl::Status Run(const Options& options) {
  const std::string data(static_cast<size_t>(options.chunk), 'x');
  std::vector<MessageBytes> messages;
  uint64_t crc64 = 0;
  for (int64_t offset = 0; offset < options.bytes; offset += options.chunk) {
    messages.push_back(MakeMessage(offset, data));
    crc64 = ExtendCrc64(crc64, data);
  }
  Machine machine;
  const auto client = std::make_shared<StreamClient>(
      [&](int64_t index) -> absl::StatusOr<ClientFrame> {
        if (index < std::ssize(messages)) return ParseFrame(messages[static_cast<size_t>(index)]);
        return FinishFrame{options.bytes, crc64};
      },
      [](const ServerFrame& frame) { ToProto(frame, "token").SerializeAsString(); });
  OpenFrame open;
  open.spec.emplace();
  open.spec->remote = "digest";
  open.spec->object = {"bucket", "key"};
  open.spec->part_size = options.part_size;
  PENSTOCK_RETURN_IF_ERROR(client->Open(machine.service(), "token-of-the-hot-path", open));
  machine.loop().RunUntilIdle();
  PenstockHotPath([&] {
    client->Allow(std::ssize(messages));
    machine.loop().RunUntilIdle();
  });
  if (client->committed_size() != options.bytes) {
    return absl::InternalError("not every byte was committed");
  }
  client->Allow(1);
  machine.loop().RunUntilIdle();
  const std::optional<PublishedObject> result = client->result();
  if (!result.has_value() || result->crc64 != crc64) {
    return absl::InternalError("the object is not what was sent");
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  CLI::App app("Puts one object through the hot path, for callgrind");
  Options options;
  app.add_option("--bytes", options.bytes, "Size of the object: a multiple of both others")
      ->capture_default_str();
  app.add_option("--chunk", options.chunk, "Bytes of a chunk")->capture_default_str();
  app.add_option("--part-size", options.part_size, "Bytes of a part")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  log::Configure(log::Level::kWarning, false);
  const absl::Status status = Run(options);
  if (!status.ok()) std::cerr << "bench_hot_path: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::Main(argc, argv); }
