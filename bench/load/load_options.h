#ifndef PENSTOCK_BENCH_LOAD_LOAD_OPTIONS_H_
#define PENSTOCK_BENCH_LOAD_LOAD_OPTIONS_H_

#include <grpcpp/generic/generic_stub.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/load_stream.h"

namespace penstock::bench {

// What bench_load is told.
struct LoadOptions {
  std::string target;
  std::string mode = "put";
  std::string remote;
  std::string bucket;
  int64_t bytes = int64_t{1} << 30;  // of each object
  int streams = 1;                   // at a time
  int channels = 1;                  // connections, which the streams share in turn
  int objects = 0;                   // in all; 0: one for each stream
  int64_t chunk = 1 << 20;
  int64_t part_size = 0;   // 0: the server chooses
  int parallel_parts = 0;  // 0: the server chooses
  int64_t rate = 0;        // bytes a second of each stream; 0: as fast as it can
  bool unknown_length = false;
  int parts = 1000;   // of mode resume
  std::string phase;  // of mode resume
  std::string token;  // of mode resume
};

void AddOptions(CLI::App& app, LoadOptions& options);

// The connections of a load: channel i is of every stream whose number is i modulo their count.
class LoadChannels {
 public:
  explicit LoadChannels(const LoadOptions& options);

  grpc::GenericStub& StubOf(int stream) {
    return *stubs_[static_cast<size_t>(stream) % stubs_.size()];
  }

 private:
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
};

// A channel with a connection of its own.
std::shared_ptr<grpc::Channel> MakeOwnChannel(const std::string& target);

// A plan for one object under a name that nobody had before: `end` and what follows are left to the
// caller.
StreamPlan PlanObject(const LoadOptions& options);

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_LOAD_LOAD_OPTIONS_H_
