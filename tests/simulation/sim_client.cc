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
    Deliver([frame = std::move(frame)](SimClient& client) { client.OnServerFrame(frame); });
  }
  void Read() override {
    Deliver([](SimClient& client) { client.OnServerRead(); });
  }
  void Close(const absl::Status& status) override {
    Deliver([status](SimClient& client) { client.OnClosed(status); });
  }

  std::shared_ptr<StreamInput> input;

 private:
  void Deliver(std::function<void(SimClient&)> event) {
    if (world_.over) return;
    arrival_ = std::max(arrival_ + absl::Nanoseconds(1), world_.Now() + world_.SomeDelay());
    world_.After(arrival_ - world_.Now(), [self = shared_from_this(), event = std::move(event)] {
      const auto client = self->client_.lock();
      if (client != nullptr && client->stream_ == self) event(*client);
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

// The input holds its stream, and must not be held in turn any longer. A call that is over has lost
// its stream, as gRPC would tell.
void SimClient::LetGo() {
  const auto stream = std::exchange(stream_, nullptr);
  if (stream == nullptr) return;
  const auto input = std::exchange(stream->input, nullptr);
  if (input == nullptr || world_.over) return;
  world_.After(world_.SomeDelay(), [input] { input->OnStreamLost(); });
}

void SimClient::Open() {
  if (done_) return;
  SessionService* server = find_server_();
  if (server == nullptr) {
    OpenAgain(absl::Milliseconds(100));
    return;
  }
  const bool lost = sent_open_ && !opened_;
  open_unanswered_ = open_unanswered_ || lost;
  lost_opens_ = lost_opens_ || lost;
  stream_ = std::make_shared<Stream>(world_, weak_from_this());
  opened_ = sent_open_ = sent_finish_ = finished_ = dawdling_ = flush_due_ = false;
  server_wants_ = true;
  next_offset_ = 0;
  flushed_.reset();
  absl::StatusOr<std::shared_ptr<StreamInput>> input = server->Start("", plan_.token, stream_);
  if (!input.ok()) {
    world_.Trace(plan_.name, " is refused: ", input.status().ToString());
    OpenAgain(*RetryDelay(input.status()));
    return;
  }
  ++opens_;
  world_.Trace(plan_.name, " opens");
  stream_->input = *std::move(input);
  Offer();
}

void SimClient::OpenAgain(absl::Duration delay) {
  LetGo();
  if (!plan_.hurries) delay += world_.SomeDelay();
  if (plan_.absence > absl::ZeroDuration() && world_.Chance(0.3)) {
    delay += absl::Milliseconds(world_.Below(absl::ToInt64Milliseconds(plan_.absence)));
  }
  world_.After(delay, [self = shared_from_this()] { self->Open(); });
}

void SimClient::BreakConnection() {
  if (stream_ == nullptr || done_) return;
  world_.Trace(plan_.name, " loses the connection");
  OpenAgain(plan_.hurries ? absl::ZeroDuration() : world_.SomeDelay());
}

void SimClient::OnServerRead() {
  server_wants_ = true;
  Offer();
}

// Sends the next frame when the server asked for one and the client has one.
void SimClient::Offer() {
  if (!server_wants_ || stream_ == nullptr || dawdling_) return;
  if (sent_open_ && world_.Chance(plan_.dawdles)) {
    dawdling_ = true;
    world_.After(absl::Milliseconds(world_.Below(90'000)), [self = shared_from_this()] {
      if (!std::exchange(self->dawdling_, false)) return;
      self->Offer();
    });
    return;
  }
  std::optional<ClientFrame> frame = NextFrame();
  if (!frame.has_value()) return;
  server_wants_ = false;
  world_.Trace(plan_.name, " sends frame ", frame->index());
  const bool chunk = std::holds_alternative<ChunkFrame>(*frame);
  world_.After((chunk ? plan_.pace : absl::ZeroDuration()) + world_.SomeDelay(),
               [stream = stream_, frame = *std::move(frame)]() mutable {
                 if (stream->input != nullptr) stream->input->OnFrame(std::move(frame));
               });
}

OpenFrame SimClient::MakeOpen() {
  OpenFrame open;
  open.spec = plan_.spec;
  open.ended_policy = plan_.ended_policy;
  open.idle_ttl = plan_.idle_ttl;
  if (plan_.creates && opens_ == 1) open.mode = OpenMode::kCreate;
  // What was promised is not kept any more: only a session that has it can go on.
  if (plan_.replay_buffer_bytes > 0 && committed_ > 0) open.mode = OpenMode::kResume;
  open.replay_buffer_bytes = plan_.replay_buffer_bytes;
  if (plan_.sends_epoch && epoch_ > 0) open.expect_epoch = epoch_;
  return open;
}

std::optional<ClientFrame> SimClient::NextFrame() {
  if (!sent_open_) {
    sent_open_ = true;
    return MakeOpen();
  }
  if (plan_.reads_first && !opened_) return std::nullopt;
  if (std::exchange(flush_due_, false)) {
    if (plan_.waits_for_flush) flushed_ = next_offset_;
    return FlushFrame{};
  }
  if (flushed_.has_value()) return std::nullopt;
  const int64_t size = static_cast<int64_t>(plan_.content.size());
  if (next_offset_ < size) {
    const int64_t room = plan_.replay_buffer_bytes == 0
                             ? size
                             : committed_ + plan_.replay_buffer_bytes - next_offset_;
    if (room <= 0) return std::nullopt;  // until more is committed
    return MakeChunk(room);
  }
  if (sent_finish_) return std::nullopt;
  sent_finish_ = true;
  FinishFrame finish;
  finish.total_size = size;
  if (plan_.declares_crc) finish.crc64 = Crc64(plan_.content);
  return finish;
}

ChunkFrame SimClient::MakeChunk(int64_t room) {
  ChunkFrame chunk;
  chunk.offset = next_offset_;
  const uint64_t size = std::min<uint64_t>(
      1 + world_.Below(static_cast<uint64_t>(plan_.chunk_bytes)), static_cast<uint64_t>(room));
  chunk.data = plan_.content.substr(static_cast<size_t>(next_offset_), size);
  if (world_.Chance(0.5)) chunk.crc32c = chunk.data.Crc32c();
  if (chunk.crc32c.has_value() && world_.stormy() && world_.Chance(0.01)) ++*chunk.crc32c;
  next_offset_ += static_cast<int64_t>(chunk.data.size());
  sent_bytes_ += static_cast<int64_t>(chunk.data.size());
  most_unacked_ = std::max(most_unacked_, next_offset_ - committed_);
  flush_due_ = world_.Chance(plan_.flushes) && flushes_;
  return chunk;
}

void SimClient::Acknowledge(int64_t committed_size) {
  if (committed_size < committed_) {
    world_.Violate(absl::StrCat(plan_.name, ": the committed size went from ", committed_, " to ",
                                committed_size));
  }
  committed_ = committed_size;
  observer_.acknowledged(session_id_, committed_size);
}

void SimClient::OnOpened(const OpenedFrame& opened) {
  opened_ = true;
  open_unanswered_ = false;
  epoch_ = opened.session.fence.epoch;
  if (session_id_ != opened.session.session_id) {  // a new life
    session_id_ = opened.session.session_id;
    if (plan_.replay_buffer_bytes > 0 && committed_ > 0) {
      // Somebody began anew, and the beginning cannot be sent any more.
      done_ = true;
      status_ = absl::AbortedError("another life");
      LetGo();
      return;
    }
    committed_ = 0;
  }
  Acknowledge(opened.session.committed_size);
  const auto resume = static_cast<size_t>(opened.resume_offset);
  const bool known = resume <= plan_.content.size();
  if (plan_.honest && known && Crc64(plan_.content.substr(0, resume)) != opened.resume_crc64) {
    world_.Violate(plan_.name + ": what the server has is not what was sent");
  }
  if (opened.resume_offset < opened.session.committed_size) {
    world_.Violate(plan_.name + " was asked for bytes that it need not have any more");
  }
  if (plan_.reads_first) next_offset_ = opened.resume_offset;
}

void SimClient::OnServerFrame(const ServerFrame& frame) {
  world_.Trace(plan_.name, " gets frame ", frame.index());
  if (const auto* opened = std::get_if<OpenedFrame>(&frame)) {
    OnOpened(*opened);
  } else if (const auto* progress = std::get_if<ProgressFrame>(&frame)) {
    Acknowledge(progress->committed_size);
    if (flushed_.has_value() && committed_ >= *flushed_) flushed_.reset();
  } else if (const auto* draining = std::get_if<DrainingFrame>(&frame)) {
    Acknowledge(draining->committed_size);
  } else if (const auto* finished = std::get_if<FinishedFrame>(&frame)) {
    finished_ = true;
    observer_.finished(*finished);
  }
  Offer();
}

// As docs/clients.md has it: one that was never answered explains one step of the epoch.
bool SimClient::IsOwnLostOpen(const absl::Status& status) {
  if (ErrorReason(status) != "STALE_OPEN" || !std::exchange(open_unanswered_, false)) return false;
  if (ErrorMetadataOf(status).at("epoch") != absl::StrCat(epoch_ + 1)) return false;
  ++epoch_;
  return true;
}

void SimClient::OnClosed(const absl::Status& status) {
  world_.Trace(plan_.name, " is told: ", status.ToString());
  if (opened_ && ErrorReason(status) == "STALE_WRITER") observer_.stale(session_id_, epoch_);
  LetGo();
  if (status.ok() != finished_) world_.Violate("OK and `finished` do not go together");
  const std::optional<absl::Duration> retry = RetryDelay(status);
  status_ = status;
  if (IsOwnLostOpen(status)) {
    OpenAgain(absl::ZeroDuration());
    return;
  }
  if (ErrorReason(status) == "FLUSH_TOO_OFTEN") {  // open again, and flush less
    flushes_ = false;
    OpenAgain(absl::ZeroDuration());
    return;
  }
  if (ErrorReason(status) == "STALE_OPEN" && !lost_opens_) observer_.stale_open();
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
