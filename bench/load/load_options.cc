#include "bench/load/load_options.h"

#include <grpcpp/grpcpp.h>

#include "base/random.h"
#include "bench/support/program.h"

namespace penstock::bench {
namespace {

constexpr int kMaxMessageBytes = 4 * 1024 * 1024;

// What a server takes before it has told its own limit.
constexpr int64_t kMaxChunk = 1 << 20;

}  // namespace

void AddOptions(CLI::App& app, LoadOptions& options) {
  app.add_option("--target", options.target, "Address of a penstockd: HOST:PORT or unix:PATH")
      ->required();
  app.add_option("--mode", options.mode, "What to do (README.md)")
      ->capture_default_str()
      ->check(CLI::IsMember({"put", "idle", "slow", "push", "resume"}));
  app.add_option("--remote", options.remote, "The remote to put to")->required();
  app.add_option("--bucket", options.bucket, "The bucket to put to")->required();
  AddBytes(app, "--bytes", options.bytes, "Size of each object");
  app.add_option("--streams", options.streams, "Streams at a time")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--channels", options.channels, "Connections that the streams share")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--objects", options.objects, "Objects in all; one for each stream without it")
      ->check(CLI::NonNegativeNumber);
  AddBytes(app, "--chunk", options.chunk, "Bytes of each message, at most 2MiB");
  AddBytes(app, "--part-size", options.part_size, "Size of parts; 0 lets the server choose");
  app.add_option("--parallel-parts", options.parallel_parts,
                 "Parts of a stream stored at a time; 0 lets the server choose")
      ->check(CLI::NonNegativeNumber);
  AddBytes(app, "--rate", options.rate, "Bytes a second of each stream; 0 is as fast as it can");
  app.add_flag("--unknown-length", options.unknown_length, "Do not tell the size at the start");
  app.add_option("--parts", options.parts, "Mode resume: parts recorded before the break")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--phase", options.phase, "Mode resume: only what comes before or after the break")
      ->check(CLI::IsMember({"make", "back"}));
  app.add_option("--token", options.token, "Mode resume: of the session that `make` told");
}

LoadChannels::LoadChannels(const LoadOptions& options) {
  for (int i = 0; i < options.channels; ++i) {
    stubs_.push_back(std::make_unique<grpc::GenericStub>(MakeOwnChannel(options.target)));
  }
}

std::shared_ptr<grpc::Channel> MakeOwnChannel(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Otherwise channels to the same address are one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

StreamPlan PlanObject(const LoadOptions& options) {
  StreamPlan plan;
  const std::string token = ToHex(SecureRandom().Bytes(16));
  plan.open.set_session_token(token);
  v1::ObjectSpec& object = *plan.open.mutable_object();
  object.set_remote(options.remote);
  object.set_bucket(options.bucket);
  object.set_key("bench/" + ToHex(SecureRandom().Bytes(8)));
  object.set_part_size(options.part_size);
  object.set_max_parallel_parts(options.parallel_parts);
  plan.rate = options.rate;
  plan.sends_at_once = options.chunk <= kMaxChunk;
  return plan;
}

}  // namespace penstock::bench
