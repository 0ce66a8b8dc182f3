#include "tests/simulation/sim_client.h"

#include <algorithm>
#include <utility>

#include "base/checksum.h"
#include "base/error.h"

namespace penstock::simulation {

// The server's end of a stream: what passes here takes time, and keeps its order.
class SimClient::Stream final : public PutStream, public std::enable_shared_from_this<Stream> {
 public:
  Stream(World& world, std::weak_ptr<SimClient> client)
      : world_(world), client_(std::move(client)) {}

  void Send(ServerFrame frame) override {
    Deliver([frame = std::move(frame)](SimClient& client, Stream* stream) {
      client.OnServerFrame(stream, frame);
    });
  }
  void Read() override {
    Deliver([](SimClient& client, Stream* stream) { client.OnServerRead(stream); });
  }
  void Close(const absl::Status& status) override {
    Deliver([status](SimClient& client, Stream* stream) { client.OnClosed(stream, status); });
  }

  std::shared_ptr<SessionDriver> driver;

 private:
  void Deliver(std::function<void(SimClient&, Stream*)> event) {
    if (world_.over) return;
    arrival_ = std::max(arrival_ + absl::Nanoseconds(1), world_.Now() + world_.SomeDelay());
    world_.After(arrival_ - world_.Now(), [self = shared_from_this(), event = std::move(event)] {
      const auto client = self->client_.lock();
      if (client != nullptr && client->stream_ == self) event(*client, self.get());
    });
  }

  World& world_;
  const std::weak_ptr<SimClient> client_;
  absl::Time arrival_ = absl::InfinitePast();
};

SimClient::SimClient(World& world, Plan plan, FindServer find_server, ClientObserver observer)
    : world_(world),
      plan_(std::move(plan)),
      find_server_(std::move(find_server)),
      observer_(std::move(observer)) {}

SimClient::~SimClient() { LetGo(); }

// A driver holds its stream, and must not be held in turn any longer.
void SimClient::LetGo() {
  if (stream_ != nullptr) stream_->driver = nullptr;
  stream_ = nullptr;
}

void SimClient::Open() {
  if (done_) return;
  SessionService* server = find_server_();
  if (server == nullptr) {
    OpenAgain(absl::Milliseconds(100));
    return;
  }
  stream_ = std::make_shared<Stream>(world_, weak_from_this());
  opened_ = false;
  server_wants_ = true;
  sent_open_ = false;
  sent_finish_ = false;
  next_offset_ = 0;
  finished_ = false;
  absl::StatusOr<std::shared_ptr<SessionDriver>> driver = server->Start("", plan_.token, stream_);
  if (!driver.ok()) {
    OpenAgain(*RetryDelay(driver.status()));
    return;
  }
  world_.Trace(plan_.name + " opens");
  stream_->driver = *std::move(driver);
  Offer();
}

void SimClient::OpenAgain(absl::Duration delay) {
  stream_ = nullptr;
  world_.After(delay + world_.SomeDelay(), [self = shared_from_this()] { self->Open(); });
}

void SimClient::BreakConnection() {
  if (stream_ == nullptr || done_) return;
  world_.Trace(plan_.name + " loses the connection");
  const auto stream = std::exchange(stream_, nullptr);
  world_.After(world_.SomeDelay(),
               [stream] { std::exchange(stream->driver, nullptr)->OnStreamLost(); });
  OpenAgain(world_.SomeDelay());
}

void SimClient::OnServerRead(Stream*) {
  server_wants_ = true;
  Offer();
}

// Sends the next frame when the server asked for one and the client has one.
void SimClient::Offer() {
  if (!server_wants_) return;
  std::optional<ClientFrame> frame = NextFrame();
  if (!frame.has_value()) return;
  server_wants_ = false;
  world_.After(world_.SomeDelay(), [stream = stream_, frame = *std::move(frame)]() mutable {
    if (stream->driver != nullptr) stream->driver->OnFrame(std::move(frame));
  });
}

std::optional<ClientFrame> SimClient::NextFrame() {
  if (!sent_open_) {
    sent_open_ = true;
    OpenFrame open;
    open.spec = plan_.spec;
    if (plan_.creates && !opened_before_) open.mode = OpenMode::kCreate;
    opened_before_ = true;
    open.replay_buffer_bytes = plan_.replay_buffer_bytes;
    if (plan_.sends_epoch && epoch_ > 0) open.expect_epoch = epoch_;
    return open;
  }
  if (plan_.reads_first && !opened_) return std::nullopt;
  const int64_t size = static_cast<int64_t>(plan_.content.size());
  if (next_offset_ < size) {
    ChunkFrame chunk;
    chunk.offset = next_offset_;
    chunk.data = plan_.content.substr(static_cast<size_t>(next_offset_), 1 + world_.Below(12));
    if (world_.Chance(0.5)) chunk.crc32c = Crc32c(chunk.data);
    next_offset_ += static_cast<int64_t>(chunk.data.size());
    return chunk;
  }
  if (sent_finish_) return std::nullopt;
  sent_finish_ = true;
  FinishFrame finish;
  finish.total_size = size;
  if (plan_.declares_crc) finish.crc64 = Crc64(plan_.content);
  return finish;
}

void SimClient::Acknowledge(int64_t committed_size) {
  if (committed_size < committed_) {
    world_.Violate(plan_.name + ": the committed size went from " + std::to_string(committed_) +
                   " to " + std::to_string(committed_size));
  }
  committed_ = committed_size;
  observer_.acknowledged(committed_size);
}

void SimClient::OnServerFrame(Stream*, const ServerFrame& frame) {
  if (const auto* opened = std::get_if<OpenedFrame>(&frame)) {
    opened_ = true;
    epoch_ = opened->session.fence.epoch;
    session_id_ = opened->session.session_id;
    Acknowledge(opened->session.committed_size);
    if (plan_.reads_first) next_offset_ = opened->resume_offset;
    Offer();
  } else if (const auto* progress = std::get_if<ProgressFrame>(&frame)) {
    Acknowledge(progress->committed_size);
  } else if (const auto* draining = std::get_if<DrainingFrame>(&frame)) {
    Acknowledge(draining->committed_size);
  } else if (const auto* finished = std::get_if<FinishedFrame>(&frame)) {
    finished_ = true;
    observer_.finished(*finished);
  }
}

void SimClient::OnClosed(Stream*, const absl::Status& status) {
  world_.Trace(plan_.name + " is told: " + status.ToString());
  LetGo();
  if (status.ok() != finished_) world_.Violate("OK and `finished` do not go together");
  const std::optional<absl::Duration> retry = RetryDelay(status);
  status_ = status;
  if (retry.has_value()) {
    OpenAgain(*retry);
  } else if (status.code() == absl::StatusCode::kAborted && plan_.comes_back) {
    epoch_ = 0;
    OpenAgain(absl::Seconds(2));
  } else {
    done_ = true;
  }
}

}  // namespace penstock::simulation
