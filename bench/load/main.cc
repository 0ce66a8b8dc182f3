// bench_load: a client that costs as little as possible (README.md).

#include <CLI/CLI.hpp>
#include <iostream>

#include "bench/load/modes.h"
#include "bench/support/program.h"
#include "bench/support/report.h"

namespace penstock::bench {
namespace {

nlohmann::ordered_json Run(const LoadOptions& options, const Content& content) {
  if (options.mode == "put") return RunPut(options, content);
  if (options.mode == "resume") return RunResume(options, content);
  const HeldStreams streams = options.mode == "idle"   ? HeldStreams::kIdle
                              : options.mode == "slow" ? HeldStreams::kSlow
                                                       : HeldStreams::kPush;
  const auto tell = [](int open) { PrintJson({{"open", open}}); };
  return RunHeld(options, content, streams, tell, std::cin);
}

int Main(int argc, char** argv) {
  CLI::App app("Puts load on a penstockd, at as little cost as possible.", "bench_load");
  LoadOptions options;
  AddOptions(app, options);
  CLI11_PARSE(app, argc, argv);
  PrepareProcess();
  // Never destroyed: gRPC may hold slices of it until the process ends.
  const auto& content = *new Content(options.chunk);
  PrintJson(Run(options, content));
  return 0;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::Main(argc, argv); }
