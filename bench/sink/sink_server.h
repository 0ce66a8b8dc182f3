#ifndef PENSTOCK_BENCH_SINK_SINK_SERVER_H_
#define PENSTOCK_BENCH_SINK_SINK_SERVER_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/sink/sink_loop.h"

namespace penstock::bench {

// The sink: accepts connections and spreads them over its threads in turn.
class SinkServer {
 public:
  // `address` as Listen takes it; `settings` must outlive the server.
  static absl::StatusOr<std::unique_ptr<SinkServer>> Start(const std::string& address, int threads,
                                                           SinkSettings& settings);

  // Stops all threads and closes all connections.
  ~SinkServer();

  std::string address() const { return AddressOf(listener_); }

 private:
  SinkServer(Descriptor listener, int threads, SinkSettings& settings);

  void AcceptAll();

  const Descriptor listener_;
  const Descriptor stop_;  // an eventfd
  SinkStore store_;
  std::vector<std::unique_ptr<SinkLoop>> loops_;
  std::thread acceptor_;
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SINK_SINK_SERVER_H_
