// One object of unknown length that is as large as the part plan allows, through parser, session,
// slabs and part plan, in this process and on one thread; the store and the backend are simulated.
// What leaks, overflows or grows with the object would show.

#include <google/protobuf/io/coded_stream.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "bench/in_process/digest_backend.h"
#include "bench/in_process/loop_executor.h"
#include "bench/in_process/stream_client.h"
#include "bench/support/content.h"
#include "bench/support/program.h"
#include "bench/support/report.h"
#include "server/rpc/frame_parser.h"
#include "server/session/part_plan.h"
#include "tests/support/memory_store.h"

namespace penstock::bench {
namespace {

constexpr int64_t kChunk = 1 << 20;
constexpr int kSamples = 1000;  // of memory, over the whole run

// Bytes that this process has in memory.
int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0;
  file >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

// What stands before the payload in a message: the tags are those of PutObjectRequest.chunk,
// ObjectChunk.offset and ObjectChunk.data.
std::string Header(int64_t offset, size_t size) {
  using Coded = google::protobuf::io::CodedOutputStream;
  constexpr int kDelimited = 2;
  const auto tag = [](int field, int wire_type) {
    return static_cast<uint32_t>(field << 3 | wire_type);
  };
  const auto length = static_cast<uint32_t>(size);
  const auto position = static_cast<uint64_t>(offset);
  std::string header;
  google::protobuf::io::StringOutputStream stream(&header);
  Coded coded(&stream);
  coded.WriteTag(tag(v1::PutObjectRequest::kChunkFieldNumber, kDelimited));
  coded.WriteVarint32(static_cast<uint32_t>(1 + Coded::VarintSize64(position) + 1 +
                                            Coded::VarintSize32(length) + size));
  coded.WriteTag(tag(v1::ObjectChunk::kOffsetFieldNumber, 0));
  coded.WriteVarint64(position);
  coded.WriteTag(tag(v1::ObjectChunk::kDataFieldNumber, kDelimited));
  coded.WriteVarint32(length);
  coded.Trim();
  return header;
}

// The message of the chunk at `offset`. `data` must outlive it.
MessageBytes ChunkMessage(int64_t offset, std::string_view data) {
  const auto header = std::make_shared<const std::string>(Header(offset, data.size()));
  return {{*header, data}, header};
}

// The highest value of a while.
struct Peak {
  int64_t value = 0;
  void Take(int64_t sample) { value = std::max(value, sample); }
};

class LongRun {
 public:
  // A budget of 0: the smallest power of two that carries the object. Parts are as large as it
  // allows early in the run then, so memory has no reason to grow after that.
  LongRun(int64_t bytes, int64_t memory_budget) : bytes_(bytes) {
    if (memory_budget == 0) memory_budget = SmallestBudget();
    SessionEnvironment environment;
    environment.config.memory_budget = memory_budget;
    environment.backends["digest"] = &backend_;
    environment.store = &store_;
    environment.executor = &loop_;
    environment.clock = &SystemClock();
    service_ = std::make_unique<SessionService>(std::move(environment), SecureRandom());
  }

  absl::Status Run() {
    const auto client = std::make_shared<StreamClient>(
        [this](int64_t index) { return Frame(index); }, [](const ServerFrame&) {});
    OpenFrame open;
    open.spec.emplace();
    open.spec->remote = "digest";
    open.spec->object = {"bucket", "key"};
    PENSTOCK_RETURN_IF_ERROR(client->Open(*service_, "token-of-the-long-run", open));
    loop_.RunUntilIdle();
    rss_start_ = ResidentBytes();
    client->Allow(chunk_count() + 1);
    loop_.RunUntilIdle();
    result_ = client->result();
    return client->status();
  }

  nlohmann::ordered_json Report(const Stopwatch& stopwatch, const absl::Status& status) const {
    const bool wrong = result_.has_value() &&
                       (result_->crc64 != content_.Crc64(bytes_) || result_->size != bytes_);
    return {{"bytes", result_.has_value() ? result_->size : 0},
            {"seconds", stopwatch.seconds()},
            {"cpu_seconds", stopwatch.cpu_seconds()},
            {"errors", status.ok() ? 0 : 1},
            {"wrong_crc", wrong ? 1 : 0},
            {"parts", backend_.part_count()},
            {"memory_budget", service_->memory().total},
            {"rss_start", rss_start_},
            {"rss_peak", std::max(first_half_.value, second_half_.value)},
            {"rss_first_half", first_half_.value},
            {"rss_second_half", second_half_.value}};
  }

 private:
  int64_t SmallestBudget() const {
    for (int64_t budget = int64_t{64} << 20;; budget *= 2) {
      const PartLimits limits = MakePartLimits(backend_.capabilities(), 0, 0, budget);
      if (MaxUnknownLength(limits) >= bytes_ || budget >= int64_t{2} << 30) return budget;
    }
  }

  int64_t chunk_count() const { return (bytes_ + kChunk - 1) / kChunk; }

  absl::StatusOr<ClientFrame> Frame(int64_t index) {
    if (index % std::max<int64_t>(1, chunk_count() / kSamples) == 0) {
      (index < chunk_count() / 2 ? first_half_ : second_half_).Take(ResidentBytes());
    }
    if (index == chunk_count()) return FinishFrame{bytes_, content_.Crc64(bytes_)};
    const int64_t offset = index * kChunk;
    return ParseFrame(ChunkMessage(offset, content_.Piece(offset, bytes_)));
  }

  const int64_t bytes_;
  const Content content_{kChunk};
  Peak first_half_;
  Peak second_half_;
  int64_t rss_start_ = 0;
  std::optional<PublishedObject> result_;

  LoopExecutor loop_;
  DigestBackend backend_{loop_};
  MemoryStore store_{loop_};
  std::unique_ptr<SessionService> service_;  // goes first
};

int Main(int argc, char** argv) {
  CLI::App app("Puts one object of unknown length through the server below gRPC");
  int64_t bytes = int64_t{1} << 40;
  AddBytes(app, "--bytes", bytes, "Size of the object");
  int64_t budget = 0;
  AddBytes(app, "--memory-budget", budget,
           "The server's, for parts; 0: the smallest power of two that carries the object");
  CLI11_PARSE(app, argc, argv);
  TuneAllocator();
  log::Configure(log::Level::kWarning, false);
  const Stopwatch stopwatch;
  LongRun run(bytes, budget);
  const absl::Status status = run.Run();
  PrintJson(run.Report(stopwatch, status));
  return status.ok() ? 0 : Fail(app, status);
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::Main(argc, argv); }
