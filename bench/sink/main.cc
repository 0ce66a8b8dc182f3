// bench_sink: the store that costs nothing (README.md).

#include <CLI/CLI.hpp>

#include "bench/sink/sink_server.h"
#include "bench/support/program.h"
#include "bench/support/report.h"

namespace penstock::bench {
namespace {

int Main(int argc, char** argv) {
  CLI::App app(
      "A store that forgets what it is given: as much of OSS as Penstock puts objects with.",
      "bench_sink");
  std::string listen = "127.0.0.1:0";
  int64_t latency_ms = 0;
  bool stall = false;
  int threads = 1;
  app.add_option("--listen", listen, "Where to listen; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--latency-ms", latency_ms, "Answer a PUT so long after its last byte")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--stall", stall, "Read no body of a PUT");
  app.add_option("--threads", threads, "Threads that serve connections")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  CLI11_PARSE(app, argc, argv);
  PrepareProcess();
  const sigset_t signals = BlockStopSignals();
  SinkSettings settings;
  settings.latency_ms = latency_ms;
  settings.stall = stall;
  const auto server = SinkServer::Start(listen, threads, settings);
  if (!server.ok()) return Fail(app, server.status());
  PrintListening((*server)->address());
  AwaitStop(signals);
  return 0;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::Main(argc, argv); }
